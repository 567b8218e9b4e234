"""Scanned files -> series, whatever folders they lie in and whether or not their UIDs are valid."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

from medical.dicom.frames import BrokenFile, CtFile, SeriesHeader
from medical.dicom.series import CtSeries

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


def valid_uid(uid: str) -> bool:
    """Digits and dots, at most 64: safe as a file name, too (DICOM PS3.5 section 9)."""
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def group_series(
    files: Sequence[CtFile | BrokenFile], *, root: Path
) -> tuple[list[CtSeries], list[BrokenFile]]:
    """Group files by series.

    Args:
        files: CT files, and broken ones, which join their series when their header is readable.
        root: what the user named; errors name the series' own folder below it.

    Returns:
        The series, and the broken files that belong to none.
    """
    groups: dict[Hashable, list[CtFile | BrokenFile]] = defaultdict(list)
    orphans = []
    for file in files:
        if file.header is None:
            orphans.append(file)
        else:
            groups[_series_key(file.path, file.header)].append(file)
    names: set[str] = set()
    found = [_series(members, root, names) for members in groups.values()]
    return found, [file for file in orphans if isinstance(file, BrokenFile)]


def _series_key(path: Path, header: SeriesHeader) -> Hashable:
    """The series UID; without one, files of one folder that agree on everything else."""
    if header.series_instance_uid:
        return header.series_instance_uid
    return path.parent, header.study_instance_uid, header.series_number, header.image_type


def _series(members: Sequence[CtFile | BrokenFile], root: Path, names: set[str]) -> CtSeries:
    usable = [file for file in members if isinstance(file, CtFile)]
    header = (usable or members)[0].header
    if header is None:  # group_series only groups files that have one
        raise ValueError("a series needs a header")
    path = _common_path([file.path for file in members], root)
    return CtSeries(
        path=path,
        uid=_unique(_safe_name(header.series_instance_uid, path), names),
        study_uid=header.study_instance_uid if valid_uid(header.study_instance_uid) else None,
        header=header,
        frames=tuple(frame for file in usable for frame in file.frames),
        broken=tuple(file for file in members if isinstance(file, BrokenFile)),
        unplaced=sum(file.unplaced for file in usable),
    )


def _common_path(paths: Sequence[Path], root: Path) -> Path:
    """The only file, or the deepest folder that holds all files; never above ``root``."""
    if len(paths) == 1:
        return paths[0]
    common = Path(os.path.commonpath([str(path.parent) for path in paths]))
    return common if common.is_relative_to(root) else root


def _safe_name(uid: str, path: Path) -> str:
    if valid_uid(uid):
        return uid
    stem = path.name if path.is_dir() else path.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._") or "series"


def _unique(name: str, names: set[str]) -> str:
    """Two series without a UID in one folder must not share a name."""
    candidate, count = name, 1
    while candidate in names:
        count += 1
        candidate = f"{name}-{count}"
    names.add(candidate)
    return candidate
