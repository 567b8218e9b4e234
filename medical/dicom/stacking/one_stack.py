"""From the planes of one series, keep the largest set that can form one stack.

A series may mix orientations, matrices, pixel sizes, table positions, or several stacks that lie
over each other: time points, breath holds, reconstructions. These may share their positions or lie
between each other's slices. One of them is read, and a note says what is left out: slices of two
breath holds in one volume show vessels as nodules and nodules twice. Of two planes at one place of
which nothing says why, the pixels tell: the same image sent twice, or two times.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import combinations

import numpy as np

from medical.ct.quality import KERNEL_RANK, kernel_class
from medical.ct.volume import QualityNote
from medical.dicom.header.frames import Frame
from medical.dicom.stacking.decode import NotHounsfieldError, decode_file
from medical.errors import InputError
from medical.i18n.messages import Message, message, plural_message

COSINE_TOLERANCE = 2e-3
SPACING_TOLERANCE = 2e-3  # share of the pixel size
SAME_POSITION_MM = 0.01
MIN_SLICES = 3
MAX_STACKS = 20
OVERLAP = 0.5  # of the shorter stack
ALL_OF_IT = 0.9  # of the slices of the largest
Split = Callable[[Frame], Hashable]
LOOKED_AT = 12


def largest_consistent(frames: Sequence[Frame]) -> tuple[list[Frame], list[QualityNote]]:
    """Planes of one matrix, pixel size, orientation and stack; a position may still hold two."""
    notes: list[QualityNote] = []
    steps = (
        ("mixed_matrix", message("another image matrix or pixel size"), _same_matrix),
        ("mixed_orientation", message("another orientation"), _same_orientation),
    )
    frames_of_stack = list(frames)
    for code, what, alike in steps:
        groups = _grouped(frames_of_stack, alike)
        frames_of_stack = max(groups, key=len)
        if len(groups) > 1:
            left = sum(map(len, groups)) - len(frames_of_stack)
            notes.append(_left_out(code, left, what, len(frames_of_stack)))
    frames_of_stack, copies = _without_copies(frames_of_stack)
    if copies:
        notes.append(QualityNote("duplicates", "info", duplicates_left_out(copies)))
    frames_of_stack, stack_notes = one_stack(frames_of_stack)
    return frames_of_stack, [*notes, *stack_notes]


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


def _left_out(code: str, count: int, what: Message, count_kept: int) -> QualityNote:
    text = plural_message(
        "{count} slice with {what} was left out of the series; {kept}.",
        "{count} slices with {what} were left out of the series; {kept}.",
        count,
        what=what,
        kept=slices_read(count_kept),
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
    chosen = min(whole, key=_rank)
    return chosen, [_note(stacks, chosen)]


def _rank(stack: list[Frame]) -> tuple[float, ...]:
    thickness_mm = stack[0].thickness_mm or 0.0
    first = min((frame.number for frame in stack if frame.number is not None), default=0)
    return KERNEL_RANK[kernel_class(stack[0].kernel)], round(thickness_mm, 2), -len(stack), first


def _note(stacks: Sequence[list[Frame]], chosen: list[Frame]) -> QualityNote:
    kernels = list(dict.fromkeys(stack[0].kernel for stack in stacks))
    slices = plural_message("{count} slice", "{count} slices", len(chosen))
    if len(kernels) > 1:
        text = message(
            "The series holds {stacks} stacks of the same region: reconstructions (kernels "
            "{kernels}); only that with kernel {kernel}, {slices}, was read.",
            stacks=len(stacks),
            kernels=", ".join(kernel or "not named" for kernel in kernels),
            kernel=chosen[0].kernel or "not named",
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
    sweep_of = _number_sweeps(frames)
    return [*by_value, lambda frame: sweep_of.get((frame.path, frame.index), 0)]


def _number_sweeps(frames: Sequence[Frame]) -> dict[Hashable, int]:
    """Return in which sweep along the stack each plane was written, by Instance Numbers.

    Two time points that are numbered one after the other go through the region twice. Empty where
    numbers are missing or given twice, or where a sweep is a slice or two.
    """
    numbers = [frame.number for frame in frames]
    if None in numbers or len(set(numbers)) < len(frames):
        return {}
    ordered = sorted(frames, key=lambda frame: frame.number or 0)
    along = _along(ordered)
    steps = np.diff(along)
    forward = np.sign(np.median(steps)) if len(steps) else 0.0
    sweep_of: dict[Hashable, int] = {}
    number = 0
    for frame, step in zip(ordered, [0.0, *steps], strict=True):
        number += step * forward < 0
        sweep_of[frame.path, frame.index] = number
    sizes = Counter(sweep_of.values())
    return sweep_of if min(sizes.values()) >= MIN_SLICES else {}


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
        earlier = first.setdefault(position_key(frame), frame)
        if earlier is not frame:
            pairs.append((earlier, frame))
    return list(first.values()), pairs


def double_notes(pairs: Sequence[tuple[Frame, Frame]]) -> list[QualityNote]:
    """Note each kind of pair of a plane that was kept and one at its place that was not.

    Images that are equal were sent twice. Others are two time points or reconstructions, and the
    volume may be mixed of both.
    """
    if not pairs:
        return []
    picked = np.unique(np.linspace(0, len(pairs) - 1, min(LOOKED_AT, len(pairs))).astype(int))
    if all(_are_equal(*pairs[at]) for at in picked):
        return [QualityNote("duplicates", "info", duplicates_left_out(len(pairs)))]
    text = plural_message(
        "{count} position holds two different images, and nothing in their headers says which "
        "belong together: the volume may be mixed of two time points or reconstructions, and "
        "findings on it cannot be trusted. Export one acquisition alone.",
        "{count} positions hold two different images, and nothing in their headers says which "
        "belong together: the volume may be mixed of two time points or reconstructions, and "
        "findings on it cannot be trusted. Export one acquisition alone.",
        len(pairs),
    )
    return [QualityNote("mixed_stacks", "severe", text)]


def _are_equal(first: Frame, dropped: Frame) -> bool:
    planes = []
    for frame in (first, dropped):
        try:
            planes += [hu for _, hu in decode_file(frame.path, [frame])]
        except (InputError, NotHounsfieldError):
            return True  # a damaged copy beside a good one is no second time point
    return np.array_equal(planes[0], planes[1])
