"""Uploaded files are hostile until read: limited, plainly named, in a folder of their own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from medical.errors import InputError

LONGEST_NAME = 100
_FORBIDDEN = re.compile(r"[^A-Za-z0-9._-]+")


def safe_name(name: str) -> str:
    """A file name of plain letters without any folder; never empty, hidden or a device path."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = _FORBIDDEN.sub("_", last).lstrip(".")
    return plain[-LONGEST_NAME:].lstrip(".") or "file"


def save_uploads(
    files: Sequence[tuple[str, int, BinaryIO]], folder: Path, *, limit_bytes: int
) -> Path:
    """Write uploads into ``folder`` and return what to score: the only file, or the folder.

    Args:
        files: name, size in bytes, and content of each.
        folder: an empty folder, made if need be.
        limit_bytes: all files together may not be larger.

    Raises:
        InputError: nothing was given, or it is too much.
    """
    if not files:
        raise InputError("upload", "holds no file", "Choose a zip or the files of one CT")
    total = sum(size for _, size, _ in files)
    if total > limit_bytes:
        problem = f"is {total / 1e6:.0f} MB, more than the {limit_bytes / 1e6:.0f} MB allowed"
        raise InputError("upload", problem, "Name a folder on this machine instead")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = []
    for name, _, content in files:
        path = _free_path(folder, safe_name(name))
        with path.open("xb") as target:
            shutil.copyfileobj(content, target)
        written.append(path)
    return written[0] if len(written) == 1 else folder


def _free_path(folder: Path, name: str) -> Path:
    # Scanners repeat names in every series folder (IM000001): keep them all.
    path, count = folder / name, 1
    while path.exists():
        path, count = folder / f"{count}_{name}", count + 1
    return path
