"""Nodes of a cluster on one machine: network namespaces on one bridge, for root on Linux.

Frames are counted as a wire would carry them: the kernel may not hand packets larger than a frame
to an interface whose traffic is counted (``gso_max_segs 1``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

INTERFACE = "starlung0"  # no name that a machine gives its own: bytes of others would be counted
_PREFIX = "10.77.0"
_COUNTERS = Path("/proc/self/net/dev")  # of the reader's own namespace


class NoNamespacesError(OSError):
    """This machine or this user cannot make network namespaces."""


class Network:
    """``nodes`` namespaces joined by a bridge; use as a context.

    Args:
        nodes: how many.
        frames: count real frames; costs speed, so leave it off where time is measured.

    Raises:
        NoNamespacesError: when entered, where they cannot be made; says why.
    """

    def __init__(self, nodes: int, *, frames: bool) -> None:
        self.frames = frames
        self.names = [f"sl{os.getpid()}n{node}" for node in range(nodes)]
        self._switch = f"sl{os.getpid()}sw"

    @property
    def first_address(self) -> str:
        """Address of node 0."""
        return f"{_PREFIX}.1"

    def __enter__(self) -> Self:
        if shutil.which("ip") is None or shutil.which("tc") is None:
            raise NoNamespacesError("iproute2 (ip, tc) is not installed")
        try:
            self._make()
        except NoNamespacesError:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._remove()

    def command(self, node: int, command: Sequence[str]) -> list[str]:
        """The command that runs ``command`` on a node."""
        return ["ip", "netns", "exec", self.names[node], *command]

    def shape(self, megabits: float | None) -> None:
        """Let every node send at most so many megabits a second; ``None``: as fast as it can."""
        for name in self.names:
            link = ["netns", "exec", name, "tc", "qdisc"]
            subprocess.run(
                ["ip", *link, "del", "dev", INTERFACE, "root"], check=False, capture_output=True
            )
            if megabits is not None:
                # a bucket of a hundredth of a second, or the timer's beat would be the limit
                burst = max(4096, round(megabits * 1e6 / 8 / 100))
                rate = ["tbf", "rate", f"{megabits}mbit", "burst", str(burst), "latency", "400ms"]
                _ip(*link, "add", "dev", INTERFACE, "root", *rate)

    def _make(self) -> None:
        _ip("netns", "add", self._switch)
        _ip("-n", self._switch, "link", "add", "br0", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "br0", "up")
        for node, name in enumerate(self.names):
            port = f"p{node}"
            _ip("netns", "add", name)
            _ip("link", "add", INTERFACE, "netns", name, "type", "veth",
                "peer", "name", port, "netns", self._switch)  # fmt: skip
            _ip("-n", self._switch, "link", "set", port, "master", "br0", "up")
            _ip("-n", name, "link", "set", "lo", "up")
            if self.frames:
                _ip("-n", name, "link", "set", "dev", INTERFACE, "gso_max_segs", "1")
            _ip("-n", name, "addr", "add", f"{_PREFIX}.{node + 1}/24", "dev", INTERFACE)
            _ip("-n", name, "link", "set", INTERFACE, "up")

    def _remove(self) -> None:
        for name in (*self.names, self._switch):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def sent_bytes() -> int | None:
    """Bytes that this namespace's interface has sent; ``None`` where it has none of ours."""
    for line in _COUNTERS.read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == INTERFACE:
            return int(numbers.split()[8])
    return None


def _ip(*arguments: str) -> None:
    ended = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise NoNamespacesError(f"ip {' '.join(arguments)}: {ended.stderr.strip()}")
