"""DICOMDIR: the index of a DICOM medium -> the files that it names (DICOM PS3.10 section 8)."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread

from medical.dicom import tags


def is_dicomdir(path: Path) -> bool:
    """By name: the standard fixes it."""
    return path.name.upper() == "DICOMDIR"


def indexed_files(path: Path) -> list[Path]:
    """Files that the index names and that exist; empty when the index is damaged.

    Media copied to disk often change case, so names are matched without it. Paths that lead out
    of the medium are not followed.
    """
    try:
        records = tags.items(dcmread(path), "DirectoryRecordSequence")
    except Exception:  # a damaged index: the caller looks through the folder instead
        return []
    found = (_resolve(path.parent, tags.value(record, "ReferencedFileID")) for record in records)
    return list(dict.fromkeys(file for file in found if file is not None))


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
