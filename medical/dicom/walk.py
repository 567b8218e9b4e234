"""Every file below what the user named, zips unpacked on the way, links and hidden files not."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from medical.dicom.archive import MAX_DEPTH, UnpackBudget, unpack
from medical.errors import InputError


@dataclass(slots=True)
class Walk:
    """Files found so far, and what could not be opened.

    Args:
        work_dir: where zips are unpacked.
        budget: what may still be unpacked.
    """

    work_dir: Path
    budget: UnpackBudget
    errors: list[InputError] = field(default_factory=list)
    unpacked: dict[Path, Path] = field(default_factory=dict)

    def files(self, path: Path, *, depth: int = 0, shown: Path | None = None) -> Iterator[Path]:
        """Files at or below ``path``, sorted within each folder.

        ``shown`` is how errors name ``path`` when it lies in an unpacked zip.
        """
        if path.is_dir():
            for found in _below(path):
                name = None if shown is None else shown / found.relative_to(path)
                yield from self.files(found, depth=depth, shown=name)
        elif is_zip(path):
            yield from self._inside(path, depth, shown or path)
        else:
            yield path

    def in_time(self, files: Iterable[Path], named: Path) -> Iterator[Path]:
        """The files, while there is time.

        Raises:
            InputError: the time is up; it names ``named``.
        """
        for file in files:
            self.budget.check_time(named)
            yield file

    def as_named(self, path: Path) -> Path:
        """What a user understands instead of a path in an unpacked zip: ``ct.zip/inner/file``."""
        for folder, shown in self.unpacked.items():
            if path.is_relative_to(folder):
                return shown / path.relative_to(folder)
        return path

    def _inside(self, archive: Path, depth: int, shown: Path) -> Iterator[Path]:
        if depth >= MAX_DEPTH:
            problem = f"a zip inside {MAX_DEPTH} other zips is not opened"
            self.errors.append(InputError(shown, problem, "Unpack it and give the folder"))
            return
        folder, errors = unpack(archive, shown=shown, work_dir=self.work_dir, budget=self.budget)
        self.errors += errors
        if folder is not None:
            self.unpacked[folder] = shown
            yield from self.files(folder, depth=depth + 1, shown=shown)


def is_zip(path: Path) -> bool:
    """By name or by content; office documents and the like are zips but not meant."""
    if path.suffix.lower() == ".zip":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04" and not path.suffix and zipfile.is_zipfile(path)
    except OSError:
        return False


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        for name in sorted(names):
            found = Path(parent, name)
            if not _hidden(name) and found.is_file():
                yield found


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
