"""Files that are there whole or not at all, and what an input's files hold, as digests.

By its digests a result belongs to its input. Names and UIDs do not tell: every patient's folder may
hold a ``ct.nii.gz``, and anonymisers give one Series Instance UID to many.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.runtime.machine import thread_count

_CHUNK_BYTES = 1 << 20


@contextmanager
def written_atomically(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; it takes the name when the block ends well.

    Whoever opens ``path`` meanwhile finds the earlier file. After an error nothing is left of the
    new one. The path given ends as ``path`` does, for writers that go by the ending.
    """
    beside = path.with_name(f".partial-{secrets.token_hex(4)}-{path.name}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file, text as UTF-8, whole or not at all; its folder must exist."""
    raw = content.encode() if isinstance(content, str) else content
    with written_atomically(path) as beside:
        beside.write_bytes(raw)


@dataclass(frozen=True, slots=True)
class Content:
    """Digests of a series' files, in whatever order and under whatever names they lie.

    Args:
        sha256: of all of them together.
        files: of each, sorted, each once.
    """

    sha256: str
    files: tuple[str, ...]


def content_of(files: Iterable[Path]) -> Content:
    """Read files through and make their digests.

    Raises:
        OSError: a file cannot be read.
    """
    with ThreadPoolExecutor(thread_count()) as pool:  # hashing gives Python's lock away
        each = sorted(set(pool.map(_sha256, files)))
    return Content(hashlib.sha256("".join(each).encode()).hexdigest(), tuple(each))


def place_below(path: Path, root: Path) -> str:
    """Where a file or folder lies below an input; the input itself is ``.``, a file its name."""
    if path == root and not path.is_dir():
        return path.name
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
