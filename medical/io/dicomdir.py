"""DICOMDIR: the index of a DICOM medium -> the files that it names (DICOM PS3.10 section 8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import dcmread

from medical.dicom.header import tags


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
        folder = exact if exact.exists() else _ignoring_case(folder, part)
    return folder if folder.is_file() else None


def _ignoring_case(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        return folder / name
    matches = (entry for entry in folder.iterdir() if entry.name.lower() == name.lower())
    return next(matches, folder / name)
