"""Every file below what the user named: folders, zips unpacked on the way, what a DICOMDIR names.

Hidden files are left out. Links are followed, each folder once, so that circles end; inside an
unpacked zip none is. What cannot be looked into is said, never passed over. A DICOMDIR is the index
of a DICOM medium (DICOM PS3.10 section 8).
"""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import dcmread

from medical.dicom.header import tags
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
            for file in self._below(path, follow=depth == 0):
                name = None if shown is None else shown / file.relative_to(path)
                yield from self.files(file, depth=depth, shown=name)
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
            for entry in self._entries(folder):
                if entry.is_symlink():
                    (links if entry.is_dir() else linked_files).append(entry)
                elif entry.is_dir():
                    deeper.append(entry)
                elif entry.is_file():
                    files.add(f"{real}/{entry.name}")
                    yield entry
            waiting += reversed(deeper)
            if not follow:
                links, linked_files = [], []
        for linked in linked_files:
            real = os.path.realpath(linked)
            if linked.is_file() and real not in files:
                files.add(real)
                yield linked
            elif not linked.exists():
                self.errors.append(
                    InputError(linked, message("a link that leads nowhere"), _MEND_LINK)
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


def is_dicomdir(path: Path) -> bool:
    """By name: the standard fixes it."""
    return path.name.upper() == "DICOMDIR"


@dataclass(frozen=True, slots=True)
class Index:
    """What a DICOMDIR names.

    Args:
        files: that exist.
        missing: how many images of each series, by its UID, are not there.
    """

    files: tuple[Path, ...] = ()
    missing: dict[str, int] = field(default_factory=dict)


def read_index(path: Path) -> Index:
    """Files that the index names; none when the index is damaged.

    Media copied to disk often change case, so names are matched without it. Paths that lead out
    of the medium are not followed.
    """
    try:
        records = tags.items(dcmread(path), "DirectoryRecordSequence")
    except Exception:  # a damaged index: the caller looks through the folder instead
        return Index()
    files: dict[Path, None] = {}
    missing: Counter[str] = Counter()
    series, modality = "", ""
    for record in records:  # an image's record follows that of its series
        if tags.text(record, "DirectoryRecordType") == "SERIES":
            series = tags.text(record, "SeriesInstanceUID")
            modality = tags.text(record, "Modality").upper()
        file_id = tags.value(record, "ReferencedFileID")
        file = _resolve(path.parent, file_id)
        if file is not None:
            files[file] = None
        elif file_id is not None and modality in ("CT", ""):
            missing[series] += 1
    return Index(tuple(files), dict(missing))


def _resolve(folder: Path, file_id: object) -> Path | None:
    if file_id is None:
        return None
    parts = [file_id] if isinstance(file_id, str) else list(file_id)  # type: ignore[call-overload]
    for part in map(str, parts):
        if part in ("", ".", "..") or "/" in part or "\\" in part:
            return None
        exact = folder / part
        try:
            folder = exact if exact.exists() else _ignoring_case(folder, part)
        except (OSError, ValueError):  # a name that no file can have
            return None
    return folder if folder.is_file() else None


def _ignoring_case(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        return folder / name
    matches = (entry for entry in folder.iterdir() if entry.name.lower() == name.lower())
    return next(matches, folder / name)
