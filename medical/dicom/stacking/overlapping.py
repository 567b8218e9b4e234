"""Stacks of one series that lie over each other: time points, breath holds, reconstructions.

They may share their positions or lie between each other's slices. One of them is read, and a note
says so: slices of two breath holds in one volume show vessels as nodules and nodules twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import combinations

import numpy as np

from medical.ct.quality import KERNEL_RANK, kernel_class
from medical.ct.volume import QualityNote
from medical.dicom.header.frames import Frame
from medical.i18n.messages import message, plural_message

SAME_POSITION_MM = 0.01
MIN_SLICES = 3
MAX_STACKS = 20
OVERLAP = 0.5  # of the shorter stack
ALL_OF_IT = 0.9  # of the slices of the largest
Split = Callable[[Frame], Hashable]


def position_key(frame: Frame) -> Hashable:
    """Equal for planes at one place."""
    return tuple(round(part / SAME_POSITION_MM) for part in frame.placement.position_lps_mm)


def one_stack(frames: list[Frame]) -> tuple[list[Frame], list[QualityNote]]:
    """Choose the planes of one stack, the best for lungs among those that cover the most."""
    stacks = _separate(frames)
    if len(stacks) == 1:
        return frames, []
    most = max(map(len, stacks))
    whole = [stack for stack in stacks if len(stack) >= ALL_OF_IT * most]
    kept = min(whole, key=_rank)
    return kept, [_note(stacks, kept)]


def _rank(stack: list[Frame]) -> tuple[float, ...]:
    thickness_mm = stack[0].thickness_mm or 0.0
    first = min((frame.number for frame in stack if frame.number is not None), default=0)
    return KERNEL_RANK[kernel_class(stack[0].kernel)], round(thickness_mm, 2), -len(stack), first


def _note(stacks: Sequence[list[Frame]], kept: list[Frame]) -> QualityNote:
    kernels = list(dict.fromkeys(stack[0].kernel for stack in stacks))
    slices = plural_message("{count} slice", "{count} slices", len(kept))
    if len(kernels) > 1:
        text = message(
            "The series holds {stacks} stacks of the same region: reconstructions (kernels "
            "{kernels}); only that with kernel {kernel}, {slices}, was read.",
            stacks=len(stacks),
            kernels=", ".join(kernel or "not named" for kernel in kernels),
            kernel=kept[0].kernel or "not named",
            slices=slices,
        )
    else:
        text = message(
            "The series holds {stacks} stacks of the same region: time points, breath holds or "
            "reconstructions; only one of the largest, {slices}, was read.",
            stacks=len(stacks),
            slices=slices,
        )
    return QualityNote("multiple_stacks", "warning", text)


def _separate(frames: list[Frame]) -> list[list[Frame]]:
    """Split by the first header value, else by the order of numbers, that takes stacks apart.

    Without overlap, or when nothing separates it, everything stays one stack.
    """
    doubled = not _is_single(frames)
    for split in _splits(frames):
        groups: dict[Hashable, list[Frame]] = defaultdict(list)
        for frame in frames:
            groups[split(frame)].append(frame)
        stacks = list(groups.values())
        if not 1 < len(stacks) <= min(MAX_STACKS, len(frames) // 2):
            continue
        if not all(map(_is_single, stacks)):
            continue
        if doubled or _are_interleaved(stacks):
            return stacks
    return [frames]


def _splits(frames: Sequence[Frame]) -> list[Split]:
    count = min(len(frame.splits) for frame in frames)
    by_value: list[Split] = [lambda frame, at=at: frame.splits[at] for at in range(count)]  # type: ignore[misc]
    passes = _passes(frames)
    return [*by_value, lambda frame: passes.get((frame.path, frame.index), 0)]


def _passes(frames: Sequence[Frame]) -> dict[Hashable, int]:
    """Return in which pass along the stack each plane was written, by Instance Numbers.

    Two time points that are numbered one after the other go through the region twice. Empty where
    numbers are missing or given twice, or where a pass is a slice or two.
    """
    numbers = [frame.number for frame in frames]
    if None in numbers or len(set(numbers)) < len(frames):
        return {}
    ordered = sorted(frames, key=lambda frame: frame.number or 0)
    along = _along(ordered)
    steps = np.diff(along)
    forward = np.sign(np.median(steps)) if len(steps) else 0.0
    found: dict[Hashable, int] = {}
    number = 0
    for frame, step in zip(ordered, [0.0, *steps], strict=True):
        number += step * forward < 0
        found[frame.path, frame.index] = number
    sizes = Counter(found.values())
    return found if min(sizes.values()) >= MIN_SLICES else {}


def _along(frames: Sequence[Frame]) -> np.ndarray:
    """Places along the normal of the planes, millimetres."""
    place = frames[0].placement
    normal = np.cross(place.along_row, place.along_column)
    return np.asarray(np.array([frame.placement.position_lps_mm for frame in frames]) @ normal)


def _are_interleaved(stacks: Sequence[list[Frame]]) -> bool:
    """Whether every stack is one, and two of them cover mostly the same region."""
    if any(len(stack) < MIN_SLICES for stack in stacks):
        return False
    ranges = [(float(along.min()), float(along.max())) for along in map(_along, stacks)]
    return any(
        min(a[1], b[1]) - max(a[0], b[0]) > OVERLAP * min(a[1] - a[0], b[1] - b[0])
        for a, b in combinations(ranges, 2)
    )


def _is_single(frames: Sequence[Frame]) -> bool:
    return len({position_key(frame) for frame in frames}) == len(frames)


def without_doubles(frames: list[Frame]) -> tuple[list[Frame], list[tuple[Frame, Frame]]]:
    """One plane of each position, and the pairs of a kept and a dropped plane.

    Which objects belong together nothing says, so the lowest number is kept.
    """
    ordered = sorted(frames, key=lambda f: (f.number is None, f.number or 0, f.path.name))
    first: dict[Hashable, Frame] = {}
    pairs = []
    for frame in ordered:
        kept = first.setdefault(position_key(frame), frame)
        if kept is not frame:
            pairs.append((kept, frame))
    return list(first.values()), pairs
