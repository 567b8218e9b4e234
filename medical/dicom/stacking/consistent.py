"""From the planes of one series, keep the largest set that can form one stack.

A series may mix orientations, matrices, pixel sizes, table positions, or several stacks that lie
on top of each other (time points, reconstructions). What is left out is said in a note.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np

from medical.ct.volume import QualityNote
from medical.dicom.header.frames import Frame
from medical.dicom.stacking.overlapping import one_stack, position_key
from medical.i18n.messages import Message, message, plural_message

COSINE_TOLERANCE = 2e-3
SPACING_TOLERANCE = 2e-3  # share of the pixel size


def largest_consistent(frames: Sequence[Frame]) -> tuple[list[Frame], list[QualityNote]]:
    """Planes of one matrix, pixel size, orientation and stack; a position may still hold two."""
    notes: list[QualityNote] = []
    steps = (
        ("mixed_matrix", message("another image matrix or pixel size"), _same_matrix),
        ("mixed_orientation", message("another orientation"), _same_orientation),
    )
    kept = list(frames)
    for code, what, alike in steps:
        groups = _grouped(kept, alike)
        kept = max(groups, key=len)
        if len(groups) > 1:
            left = sum(map(len, groups)) - len(kept)
            notes.append(_left_out(code, left, what, len(kept)))
    kept, copies = _without_copies(kept)
    if copies:
        notes.append(QualityNote("duplicates", "info", duplicates_left_out(copies)))
    kept, stack_notes = one_stack(kept)
    return kept, [*notes, *stack_notes]


def duplicates_left_out(count: int) -> Message:
    """Say how many slices were read once only."""
    return plural_message(
        "{count} duplicate slice at a position already read was left out.",
        "{count} duplicate slices at a position already read were left out.",
        count,
    )


def slices_read(count: int) -> Message:
    """Say how many slices were read, as part of a sentence."""
    return plural_message("{count} slice was read", "{count} slices were read", count)


def _left_out(code: str, count: int, what: Message, kept: int) -> QualityNote:
    text = plural_message(
        "{count} slice with {what} was left out of the series; {kept}.",
        "{count} slices with {what} were left out of the series; {kept}.",
        count,
        what=what,
        kept=slices_read(kept),
    )
    return QualityNote(code, "warning", text)


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


def _without_copies(frames: list[Frame]) -> tuple[list[Frame], int]:
    """Drop further copies of the same object (same UID, frame and position) from another file."""
    seen: dict[Hashable, Frame] = {}
    for frame in frames:
        named = frame.sop_instance_uid or (str(frame.path), "no UID")
        seen.setdefault((named, frame.index, position_key(frame)), frame)
    return list(seen.values()), len(frames) - len(seen)
