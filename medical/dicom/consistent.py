"""From the planes of one series, keep the largest set that can form one stack.

A series may mix orientations, matrices, pixel sizes, table positions, or several stacks that lie
on top of each other (time points, reconstructions). What is left out is said in a note.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from medical.ct.volume import QualityNote
from medical.dicom.frames import Frame

COSINE_TOLERANCE = 2e-3
SPACING_TOLERANCE = 2e-3  # share of the pixel size
SAME_POSITION_MM = 0.01


def largest_consistent(frames: Sequence[Frame]) -> tuple[list[Frame], list[QualityNote]]:
    """Planes of one matrix, pixel size and orientation, each position once."""
    notes: list[QualityNote] = []
    steps = (
        ("mixed_matrix", "another image matrix or pixel size", _same_matrix),
        ("mixed_orientation", "another orientation", _same_orientation),
    )
    kept = list(frames)
    for code, what, alike in steps:
        groups = _grouped(kept, alike)
        kept = max(groups, key=len)
        if len(groups) > 1:
            left = sum(map(len, groups)) - len(kept)
            notes.append(_left_out(code, left, what, len(kept)))
    kept, copies = _without_copies(kept)
    stacks = _separate_stacks(kept)
    kept = max(stacks, key=len)
    if len(stacks) > 1:
        message = (
            f"The series holds {len(stacks)} stacks of the same region (time points or "
            f"reconstructions); only the first of the largest, {len(kept)} slices, was read."
        )
        notes.append(QualityNote("multiple_stacks", "warning", message))
    kept, doubles = _without_doubles(kept)
    if copies + doubles:
        message = f"{copies + doubles} duplicate slices at a position already read were left out."
        notes.append(QualityNote("duplicates", "info", message))
    return kept, notes


def _left_out(code: str, count: int, what: str, kept: int) -> QualityNote:
    message = f"{count} slices with {what} were left out of the series; {kept} slices were read."
    return QualityNote(code, "warning", message)


def _grouped(frames: list[Frame], alike: Callable[[Frame, Frame], bool]) -> list[list[Frame]]:
    groups: list[list[Frame]] = []
    for frame in frames:
        home = next((group for group in groups if alike(group[0], frame)), None)
        if home is None:
            groups.append([frame])
        else:
            home.append(frame)
    return groups


def _same_matrix(a: Frame, b: Frame) -> bool:
    if (a.rows, a.columns) != (b.rows, b.columns):
        return False
    mm = [(p.row_spacing_mm, p.column_spacing_mm) for p in (a.placement, b.placement)]
    return bool(np.allclose(mm[0], mm[1], rtol=SPACING_TOLERANCE, atol=0))


def _same_orientation(a: Frame, b: Frame) -> bool:
    cosines = [(*p.along_row, *p.along_column) for p in (a.placement, b.placement)]
    return bool(np.abs(np.subtract(cosines[0], cosines[1])).max() <= COSINE_TOLERANCE)


def _position_key(frame: Frame) -> Hashable:
    return tuple(round(part / SAME_POSITION_MM) for part in frame.placement.position_lps_mm)


def _without_copies(frames: list[Frame]) -> tuple[list[Frame], int]:
    """Drop further copies of the same object (same UID, frame and position) from another file."""
    seen: dict[Hashable, Frame] = {}
    for frame in frames:
        named = frame.sop_instance_uid or (str(frame.path), "no UID")
        seen.setdefault((named, frame.index, _position_key(frame)), frame)
    return list(seen.values()), len(frames) - len(seen)


def _separate_stacks(frames: list[Frame]) -> list[list[Frame]]:
    """Split stacks that lie on top of each other, by the first header value that does so.

    Without overlap, or when no value separates it, everything stays one stack.
    """
    if _is_single(frames):
        return [frames]
    for which in range(min(len(frame.splits) for frame in frames)):
        groups: dict[str, list[Frame]] = defaultdict(list)
        for frame in frames:
            groups[frame.splits[which]].append(frame)
        stacks = list(groups.values())
        if 1 < len(stacks) <= len(frames) // 2 and all(map(_is_single, stacks)):
            return stacks
    return [frames]


def _is_single(frames: list[Frame]) -> bool:
    return len({_position_key(frame) for frame in frames}) == len(frames)


def _without_doubles(frames: list[Frame]) -> tuple[list[Frame], int]:
    """Keep the lowest-numbered slice of each position (different objects, no way to tell why)."""
    ordered = sorted(frames, key=lambda f: (f.number is None, f.number or 0, f.path.name))
    first: dict[Hashable, Frame] = {}
    for frame in ordered:
        first.setdefault(_position_key(frame), frame)
    return list(first.values()), len(frames) - len(first)
