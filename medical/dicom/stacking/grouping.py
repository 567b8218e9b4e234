"""Scanned files -> series, whatever folders they lie in and whether or not their UIDs are valid."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from medical.dicom.header.frames import BrokenFile, CtFile, SeriesHeader
from medical.dicom.header.patient import tell_apart
from medical.dicom.header.tags import valid_uid
from medical.dicom.stacking.series import CtSeries

ReadFile = CtFile | BrokenFile


def group_series(
    files: Sequence[ReadFile], *, root: Path, missing: Mapping[str, int] | None = None
) -> tuple[list[CtSeries], list[BrokenFile]]:
    """Group files by series; one UID that several people or studies share makes several series.

    Args:
        files: CT files, and broken ones, which join their series when their header is readable.
        root: what the user named; errors name the series' own folder below it.
        missing: images of each series, by its UID, that an index names and that are not there.

    Returns:
        The series, and the broken files that belong to none.
    """
    groups: dict[Hashable, list[ReadFile]] = defaultdict(list)
    orphans = []
    for file in files:
        if file.header is None:
            orphans.append(file)
        else:
            groups[_series_key(file.path, file.header)].append(file)
    names: set[str] = set()
    series = []
    for alike in groups.values():
        parts = [part for person in _by_person(alike) for part in _by_study(person)]
        series += [_series(members, root, names, missing or {}, len(parts)) for members in parts]
    return series, [file for file in orphans if isinstance(file, BrokenFile)]


def _by_person(files: Sequence[ReadFile]) -> list[list[ReadFile]]:
    """Files of one series UID, apart by whose they are: never two people in one volume."""
    people = tell_apart([_header(file).person for file in files])
    groups: dict[int, list[ReadFile]] = defaultdict(list)
    for file in files:
        groups[people[_header(file).person]].append(file)
    return list(groups.values())


def _by_study(files: Sequence[ReadFile]) -> list[list[ReadFile]]:
    """Files of one person and series UID, apart by study; some anonymisers give each file its own.

    Files without a study join the only one there is.
    """
    studies: dict[str, list[ReadFile]] = defaultdict(list)
    for file in files:
        studies[_header(file).study_instance_uid].append(file)
    if len(studies) == 2 and "" in studies:
        return [list(files)]
    if len(studies) == len(files) > 2:
        return [list(files)]
    return list(studies.values())


def _header(file: ReadFile) -> SeriesHeader:
    if file.header is None:  # group_series only groups files that have one
        raise ValueError("a series needs a header")
    return file.header


def _series_key(path: Path, header: SeriesHeader) -> Hashable:
    """Return the series UID; without one, what files of one folder must agree on."""
    if header.series_instance_uid:
        return header.series_instance_uid
    return path.parent, header.study_instance_uid, header.series_number, header.image_type


def _series(
    members: Sequence[ReadFile],
    root: Path,
    names: set[str],
    missing: Mapping[str, int],
    sharing: int,
) -> CtSeries:
    usable = [file for file in members if isinstance(file, CtFile)]
    header = _header((usable or members)[0])
    path = _common_path([file.path for file in members], root)
    return CtSeries(
        path=path,
        uid=unique_name(_safe_name(header.series_instance_uid, path), names),
        study_uid=header.study_instance_uid if valid_uid(header.study_instance_uid) else None,
        header=header,
        frames=tuple(frame for file in usable for frame in file.frames),
        broken=tuple(file for file in members if isinstance(file, BrokenFile)),
        unplaced=sum(file.unplaced for file in usable),
        shared_uid=sharing > 1,
        missing=missing.get(header.series_instance_uid, 0),
    )


def _common_path(paths: Sequence[Path], root: Path) -> Path:
    """Return the only file, or the deepest folder that holds all; never above ``root``."""
    if len(paths) == 1:
        return paths[0]
    common = Path(os.path.commonpath([str(path.parent) for path in paths]))
    return common if common.is_relative_to(root) else root


def _safe_name(uid: str, path: Path) -> str:
    if valid_uid(uid):
        return uid
    stem = path.name if path.is_dir() else path.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._") or "series"


def unique_name(name: str, names: set[str]) -> str:
    """Return the name, or it with the first free number; it is taken from then on."""
    candidate, count = name, 1
    while candidate in names:
        count += 1
        candidate = f"{name}-{count}"
    names.add(candidate)
    return candidate
