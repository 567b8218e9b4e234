"""Thousands of damaged associations: the node answers the next sound one, and takes no memory."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from medical.node.node import Node
from tests.medical.node.conftest import storescu
from tests.medical.node.test_receiver import arrived

ROUNDS = int(os.environ.get("STARLUNG_FUZZ_ROUNDS", "2000"))
HANG_SECONDS = 10.0


def recorded(port: int, study: list[Path]) -> list[bytes]:
    """What a sound sender writes, a piece an answer of the node."""
    pieces: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as between:

        def relay() -> None:
            sender, _ = between.accept()
            with sender, socket.create_connection(("127.0.0.1", port)) as node:

                def back() -> None:
                    while answer := node.recv(65536):
                        sender.sendall(answer)

                thread = threading.Thread(target=back, daemon=True)
                thread.start()
                while piece := sender.recv(65536):
                    pieces.append(piece)
                    node.sendall(piece)

        thread = threading.Thread(target=relay, daemon=True)
        thread.start()
        assert storescu(between.getsockname()[1], study[:1]) == 0
        thread.join(10)
    return pieces


def damaged(pieces: list[bytes], chance: random.Random) -> list[bytes]:
    """Flip, cut, repeat, insert or swap something in some piece."""
    result = [bytearray(piece) for piece in pieces]
    for _ in range(chance.randint(1, 4)):
        piece = chance.choice(result)
        at = chance.randrange(len(piece) + 1)
        match chance.randrange(6):
            case 0 if piece:
                piece[at % len(piece)] ^= 1 << chance.randrange(8)
            case 1:
                del piece[at:]
            case 2:
                piece[at:at] = chance.randbytes(chance.randint(1, 40))
            case 3:
                piece[at : at + 4] = chance.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff"])
            case 4:
                chance.shuffle(result)
            case _:
                result.append(bytearray(piece))
    return [bytes(piece) for piece in result]


def play(port: int, pieces: list[bytes]) -> float:
    """Send the pieces and read what comes; returns the seconds until the node let go."""
    started = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS) as peer:
            for piece in pieces:
                peer.sendall(piece)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
    except OSError:
        pass
    return time.monotonic() - started


@pytest.mark.slow
def test_the_node_outlives_damaged_associations(
    make_node: Callable[..., Node], study: list[Path]
) -> None:
    node = make_node(quiet_seconds=1000, timeout_seconds=2)
    pieces = recorded(node.settings.port, study)
    assert len(arrived(node)) == 1
    chance, process = random.Random(0), psutil.Process()
    before = process.memory_info().rss
    longest = 0.0
    with ThreadPoolExecutor(16) as pool:
        rounds = (damaged(pieces, chance) for _ in range(ROUNDS))
        for seconds in pool.map(lambda parts: play(node.settings.port, parts), rounds):
            longest = max(longest, seconds)
    assert longest < HANG_SECONDS
    assert process.memory_info().rss - before < 500e6
    assert storescu(node.settings.port, study) == 0
    sound = {path.name.partition("-")[0] for path in arrived(node)}
    assert len(sound) >= len(study)
