"""Files that are there whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
