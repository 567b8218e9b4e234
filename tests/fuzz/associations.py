"""``python -m tests.fuzz.associations --rounds 20000``: damaged associations against a real node.

The node is ``starlung receive``, a process of its own. What sound senders write to it is recorded,
damaged and played to it by many connections at once: bytes anywhere, and what DICOM's messages are
made of (types, lengths, contexts, order). A round is its number: the same one is damaged the same
way. A node that ends, lets a peer hang for over ten seconds, takes more than 2 GiB, leaves a trace
or refuses a sound sender afterwards is a problem.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import (
    CTImageStorage,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    Verification,
)

from medical.node.dimse import Entity
from medical.node.settings import Peer
from tests.fuzz.reading import RESIDENT_BYTES
from tests.medical.node.conftest import storescu, write_study
from tests.orthanc import free_port

HANG_SECONDS = 10.0
ANSWER_SECONDS = 0.15
_TYPES = range(256)
Session = list[bytes]
"""What a sender writes, in pieces: it waits for an answer between two."""


@dataclass(slots=True)
class Outcome:
    """What a run gave."""

    problems: list[str] = field(default_factory=list)
    rounds: int = 0
    slowest: float = 0.0
    resident: int = 0
    seconds: float = 0.0


def run(top: Path, *, rounds: int, first: int = 0, connections: int = 16) -> Outcome:
    """Play so many damaged associations.

    Args:
        top: empty folder for the node's work folder, its log, and what is sent.
        rounds: how many.
        first: number of the first.
        connections: at once.
    """
    outcome, study = Outcome(), write_study(top / "ct")
    with _node(top) as (port, process):
        sessions = record_sessions(port, study)
        watched = psutil.Process(process.pid)

        def play_round(number: int) -> float:
            return play(port, damaged(sessions, random.Random(number)))

        started = time.monotonic()
        with ThreadPoolExecutor(connections) as pool:
            numbers = range(first, first + rounds)
            for number, seconds in zip(numbers, pool.map(play_round, numbers), strict=True):
                outcome.rounds += 1
                outcome.slowest = max(outcome.slowest, seconds)
                if seconds > HANG_SECONDS:
                    outcome.problems.append(f"round {number} hung for {seconds:.0f} s")
                if process.poll() is not None:
                    outcome.problems.append(f"the node ended before round {number}")
                    return outcome
                if number % 50 == 0:
                    outcome.resident = max(outcome.resident, watched.memory_info().rss)
        outcome.seconds = time.monotonic() - started
        if outcome.resident > RESIDENT_BYTES:
            outcome.problems.append(f"took {outcome.resident / 2**30:.1f} GiB")
        # on a busy machine a sound sender may be slower than the node's two seconds, but not always
        if all(storescu(port, study) != 0 for _ in range(3)):
            outcome.problems.append("a sound sender is refused afterwards, three times")
    outcome.problems += traces(top / "log")
    return outcome


def traces(log: Path) -> list[str]:
    """Lines of the node's log that tell of a fault of the program, each once."""
    lines = dict.fromkeys(log.read_text("utf-8", "replace").splitlines())
    return [line for line in lines if "Traceback" in line or "goes on" in line]


@contextmanager
def _node(top: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    settings = {
        "port": port,
        "quiet_seconds": 100_000,
        "timeout_seconds": 2,
        "min_free_mb": 0,
        "storage_commitment": True,
        "max_associations": 100,
        "callers": [
            {"ae_title": title, "address": "127.0.0.1", "port": 1}
            for title in ("CT1", "PYNETDICOM")
        ],
    }
    (top / "starlung.toml").write_text("")
    environment = os.environ | {
        "STARLUNG_WORK_DIR": str(top / "work"),
        "STARLUNG_CONFIG": str(top / "starlung.toml"),
        "STARLUNG_NODE": json.dumps(settings),
    }
    with (top / "log").open("wb") as log:
        command = [sys.executable, "-m", "app.cli.main", "receive"]
        process = subprocess.Popen(command, env=environment, stderr=log)
        try:
            while "listens on" not in (top / "log").read_text("utf-8", "replace"):
                if process.poll() is not None:
                    raise RuntimeError((top / "log").read_text("utf-8", "replace"))
                time.sleep(0.1)
            yield port, process
        finally:
            process.terminate()
            process.wait(30)


def record_sessions(port: int, study: Sequence[Path]) -> list[Session]:
    """Record what sound senders write: instances, an echo, a request for storage commitment."""

    def store(there: int) -> None:
        peer = Peer(ae_title="STARLUNG", host="127.0.0.1", port=there)
        Entity(peer, "CT1", 10).store(study[:2], lambda _: True, lambda *_: None)

    one_slice = recorded(port, lambda there: storescu(there, list(study[:1])))
    stored = recorded(port, store)
    # storescu offers all that there is, which takes the node ten times as long to read
    return [one_slice, *5 * [stored], *2 * [record_echo(port), recorded(port, _commit)]]


def record_echo(port: int) -> Session:
    """Record an echo: a request for an association, the echo, and the end."""
    return recorded(port, _echo)


def _echo(port: int) -> None:
    entity = AE()
    entity.add_requested_context(Verification)
    link = entity.associate("127.0.0.1", port, ae_title="STARLUNG")
    assert link.send_c_echo().Status == 0
    link.release()


def _commit(port: int) -> None:
    entity, wanted, reference = AE(), Dataset(), Dataset()
    entity.add_requested_context(StorageCommitmentPushModel)
    wanted.TransactionUID = generate_uid()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CTImageStorage, "1.2.3"
    wanted.ReferencedSOPSequence = [reference]
    link = entity.associate("127.0.0.1", port, ae_title="STARLUNG")
    instance = StorageCommitmentPushModelInstance
    status, _ = link.send_n_action(wanted, 1, StorageCommitmentPushModel, instance)
    assert status.Status == 0
    link.release()


def recorded(port: int, talk: Callable[[int], object]) -> Session:
    """Return what a sender writes, a piece an answer of the node."""
    pieces: Session = []
    with socket.create_server(("127.0.0.1", 0)) as between:

        def relay() -> None:
            sender, _ = between.accept()
            with sender, socket.create_connection(("127.0.0.1", port)) as node:

                def back() -> None:
                    with suppress(OSError):  # either side may have closed meanwhile
                        while answer := node.recv(65536):
                            sender.sendall(answer)

                threading.Thread(target=back, daemon=True).start()
                while piece := sender.recv(65536):
                    pieces.append(piece)
                    node.sendall(piece)

        thread = threading.Thread(target=relay, daemon=True)
        thread.start()
        talk(between.getsockname()[1])
        thread.join(10)
    assert pieces, "nothing was recorded"
    return pieces


def damaged(sessions: Sequence[Session], chance: random.Random) -> Session:
    """Damage a session in one to four places, its bytes or its messages."""
    session = [bytearray(piece) for piece in chance.choice(sessions)]
    for _ in range(chance.randint(1, 4)):
        if chance.random() < 0.5:
            _damage_bytes(session, chance)
        else:
            session = _damage_messages(session, sessions, chance)
        if not session:
            session = [bytearray()]
    return [bytes(piece) for piece in session]


def _damage_bytes(session: list[bytearray], chance: random.Random) -> None:
    piece = chance.choice(session)
    at = chance.randrange(len(piece) + 1)
    match chance.randrange(4):
        case 0 if piece:
            piece[at % len(piece)] ^= 1 << chance.randrange(8)
        case 1:
            del piece[at:]
        case 2:
            piece[at:at] = chance.randbytes(chance.randint(1, 40))
        case _:
            piece[at : at + 4] = chance.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff"])


def _damage_messages(
    session: list[bytearray], sessions: Sequence[Session], chance: random.Random
) -> list[bytearray]:
    """Damage what messages are made of.

    Standard:
        PS3.8 9.3: type (1 byte), reserved (1), length (4), then items or values; a value of P-DATA
        has a length (4), a context (1) and a control header (1).
    """
    piece = chance.choice(session)
    match chance.randrange(8):
        case 0 if piece:
            piece[0] = chance.choice(_TYPES)
        case 1 if len(piece) >= 6:
            piece[2:6] = struct.pack(">I", chance.choice([0, 1, 5, 1 << 16, 1 << 20, 1 << 31]))
        case 2 if len(piece) >= 12:
            piece[6:10] = struct.pack(">I", chance.choice([0, 1, 2, len(piece), 1 << 24]))
        case 3 if len(piece) >= 12:
            piece[10:12] = chance.randbytes(2)  # context and control header
        case 4:
            chance.shuffle(session)
        case 5:
            session.insert(chance.randrange(len(session) + 1), bytearray(piece))
        case 6:
            session.remove(piece)
        case _:
            other = bytearray(chance.choice(chance.choice(sessions)))
            session.insert(chance.randrange(len(session) + 1), other)
    return session


def play(port: int, session: Session) -> float:
    """Send the pieces and read what comes; returns the seconds until the node let go.

    A piece waits for the node's answer to the one before, and not long for one that does not come:
    else all but the first would reach a node that is still negotiating.
    """
    started = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2 * HANG_SECONDS) as peer:
            for piece in session:
                peer.sendall(piece)
                if select.select([peer], [], [], ANSWER_SECONDS)[0] and not peer.recv(65536):
                    return time.monotonic() - started
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
    except OSError:
        pass
    return time.monotonic() - started


def main() -> int:
    """Run, print the problems, and end with 1 where that is anything."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20_000)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--out", type=Path, required=True)
    given = options.parse_args()
    given.out.mkdir(parents=True)
    outcome = run(given.out, rounds=given.rounds, first=given.first, connections=given.connections)
    summary = f"{outcome.rounds} associations, {len(outcome.problems)} problems, "
    summary += f"{outcome.seconds:.0f} s, slowest {outcome.slowest:.1f} s, "
    summary += f"memory {outcome.resident / 2**20:.0f} MiB"
    sys.stdout.write("\n".join([*outcome.problems, summary]) + "\n")
    return bool(outcome.problems)


if __name__ == "__main__":
    sys.exit(main())
