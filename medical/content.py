"""What an input's files hold, as digests: by these a result belongs to its input.

Names and UIDs do not tell: every patient's folder may hold a ``ct.nii.gz``, and anonymisers give
one Series Instance UID to many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_CHUNK_BYTES = 1 << 20


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
    each = sorted({_sha256(path) for path in files})
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
