"""A real, small disk for tests of what happens when it is full; needs the right to mount."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, *, size: str = "4m", read_only: bool = False) -> Iterator[Path]:
    """Mount a tmpfs at ``folder``; skips the test where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size}" + (",ro" if read_only else "")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        mounted = os.geteuid() == 0 and not subprocess.run(command, capture_output=True).returncode
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def fill(folder: Path) -> Path:
    """Write until nothing more fits; returns the file, to be deleted."""
    file = folder / "fill"
    with file.open("wb", buffering=0) as target:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    target.write(b"x" * size)
            except OSError:
                continue
    return file
