"""Every file below what the user named, zips unpacked on the way, hidden files not.

Links are followed, each folder once, so that circles end; inside an unpacked zip none is. What
cannot be looked into is said, never passed over.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from medical.errors import InputError
from medical.i18n.messages import message
from medical.io.archive import MAX_DEPTH, UnpackBudget, unpack

_MEND_LINK = message("Mend or remove it")


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
        """Files at or below ``path``, sorted within each folder, what links lead to last.

        ``shown`` is how errors name ``path`` when it lies in an unpacked zip.
        """
        if path.is_dir():
            for found in self._below(path, follow=depth == 0):
                name = None if shown is None else shown / found.relative_to(path)
                yield from self.files(found, depth=depth, shown=name)
        elif is_zip(path):
            yield from self._inside(path, depth, shown or path)
        else:
            yield path

    def in_time(self, files: Iterable[Path], named: Path) -> Iterator[Path]:
        """Yield the files, while there is time.

        Raises:
            InputError: the time is up; it names ``named``.
        """
        for file in files:
            self.budget.check_time(named)
            yield file

    def as_named(self, path: Path) -> Path:
        """Name a path in an unpacked zip as a user understands it: ``ct.zip/inner/file``."""
        for folder, shown in self.unpacked.items():
            if path.is_relative_to(folder):
                return shown / path.relative_to(folder)
        return path

    def _inside(self, archive: Path, depth: int, shown: Path) -> Iterator[Path]:
        if depth >= MAX_DEPTH:
            problem = message("a zip inside {depth} other zips is not opened", depth=MAX_DEPTH)
            self.errors.append(InputError(shown, problem, message("Unpack it and give the folder")))
            return
        folder, errors = unpack(archive, shown=shown, work_dir=self.work_dir, budget=self.budget)
        self.errors += errors
        if folder is not None:
            self.unpacked[folder] = shown
            yield from self.files(folder, depth=depth + 1, shown=shown)

    def _below(self, top: Path, *, follow: bool) -> Iterator[Path]:
        """Files below a folder; each folder and each linked file once, wherever links lead."""
        root = os.path.realpath(top)
        folders, files = set(_above(root)), set()
        waiting, links, linked_files = [top], list[Path](), list[Path]()
        while waiting or links:
            folder = waiting.pop() if waiting else links.pop(0)
            real = os.path.realpath(folder)
            if real in folders:
                continue
            folders.add(real)
            deeper = []
            for found in self._entries(folder):
                if found.is_symlink():
                    (links if found.is_dir() else linked_files).append(found)
                elif found.is_dir():
                    deeper.append(found)
                elif found.is_file():
                    files.add(f"{real}/{found.name}")
                    yield found
            waiting += reversed(deeper)
            if not follow:
                links, linked_files = [], []
        for found in linked_files:
            real = os.path.realpath(found)
            if found.is_file() and real not in files:
                files.add(real)
                yield found
            elif not found.exists():
                self.errors.append(
                    InputError(found, message("a link that leads nowhere"), _MEND_LINK)
                )

    def _entries(self, folder: Path) -> list[Path]:
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries)
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__
            remedy = message("Give this user the right to read the folder, or leave it out")
            self.errors.append(
                InputError(
                    folder, message("cannot be looked into: {reason}", reason=reason), remedy
                )
            )
            return []
        return [folder / name for name in names if not _hidden(name)]


def _above(folder: str) -> list[str]:
    """All folders that hold this one: a link to them is a circle."""
    return [str(parent) for parent in Path(folder).parents]


def is_zip(path: Path) -> bool:
    """By name or by content; office documents and the like are zips but not meant."""
    if path.suffix.lower() == ".zip":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04" and not path.suffix and zipfile.is_zipfile(path)
    except OSError:
        return False


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
