"""Order the planes of a series along the stack's normal and say where its volume lies.

File names and instance numbers play no part: only Image Position and Image Orientation do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float

from medical.ct.volume import QualityNote
from medical.dicom.header.frames import Frame
from medical.dicom.stacking.grid import EvenGrid, even_grid
from medical.dicom.stacking.one_stack import largest_consistent, slices_read, without_doubles
from medical.errors import InputError
from medical.geometry import VolumeGeometry
from medical.i18n.messages import message, plural_message

TILT_DEGREES = 0.5
SHIFT_MM = 1.0
MIN_AT_ONE_PLACE = 3
FAR_MM = 30.0
FAR_STEPS = 10
LARGE_GAP_MM = 10.0
MAX_VOXELS = 700_000_000  # 1.4 GB as int16

Positions = Float[np.ndarray, "slices 3"]
Normal = Float[np.ndarray, " 3"]


@dataclass(frozen=True, slots=True, eq=False)
class StackPlan:
    """The acquired planes in volume order, the even grid through them, and its geometry.

    ``doubles`` are pairs of a plane that is kept and another one at its place.
    """

    frames: tuple[Frame, ...]
    grid: EvenGrid
    geometry: VolumeGeometry
    notes: tuple[QualityNote, ...]
    doubles: tuple[tuple[Frame, Frame], ...] = ()


def plan_stack(frames: Sequence[Frame], *, path: Path) -> StackPlan:
    """Plan the volume of one series.

    Args:
        frames: planes of the series in any order, at least one.
        path: what an error shall name.

    Raises:
        InputError: fewer than two positions remain, planes do not line up, or the volume would
            not fit in memory.
    """
    planes, notes = largest_consistent(frames)
    planes, doubles = without_doubles(planes)
    normal = _upward_normal(planes[0])
    planes.sort(key=lambda frame: float(normal @ np.array(frame.placement.position_lps_mm)))
    planes, shift_notes = _lined_up(planes, normal, path)
    planes, far_notes = _without_far_parts(planes, normal)
    if len(planes) < 2 and len(doubles) + 1 >= MIN_AT_ONE_PLACE:
        raise InputError(
            path,
            message(
                "all {count} slices claim the same place: Image Position (Patient) is the same "
                "in each",
                count=len(doubles) + 1,
            ),
            message("Export the original series from the scanner or the archive"),
        )
    if len(planes) < 2:
        raise InputError(
            path,
            message("only a single CT slice; nodules need the neighbouring slices"),
            message("Give the folder or zip with the whole series"),
        )
    positions = _positions(planes)
    grid = even_grid((positions - positions[0]) @ normal)
    geometry = _geometry(planes[0], positions, normal, grid, path)
    notes += [*shift_notes, *far_notes, *_tilt_notes(positions, normal), *_grid_notes(grid)]
    return StackPlan(tuple(planes), grid, geometry, tuple(notes), tuple(doubles))


def _upward_normal(frame: Frame) -> Normal:
    """Cross product of row and column direction; towards the head when the stack is axial."""
    normal = np.cross(frame.placement.along_row, frame.placement.along_column)
    normal /= np.linalg.norm(normal)
    axial = abs(normal[2]) >= max(abs(normal[0]), abs(normal[1]))
    return -normal if axial and normal[2] < 0 else normal


def _positions(frames: Sequence[Frame]) -> Positions:
    return np.array([frame.placement.position_lps_mm for frame in frames])


def _off_line(positions: Positions, normal: Normal) -> Float[np.ndarray, " n"]:
    """Distance of each plane's origin from the straight line through the first and the last."""
    along = (positions - positions[0]) @ normal
    if along[-1] <= 0:
        return np.zeros(len(positions))
    line = np.outer(along / along[-1], positions[-1] - positions[0])
    return np.asarray(np.linalg.norm(positions - positions[0] - line, axis=1))


def _lined_up(
    frames: list[Frame], normal: Normal, path: Path
) -> tuple[list[Frame], list[QualityNote]]:
    """Keep planes whose origins lie on one line (straight or tilted), if that is most of them."""
    positions = _positions(frames)
    if _off_line(positions, normal).max() <= SHIFT_MM:
        return frames, []
    in_plane = positions - np.outer(positions @ normal, normal)
    offset = np.linalg.norm(in_plane - np.median(in_plane, axis=0), axis=1)
    lined_up = [frame for frame, mm in zip(frames, offset, strict=True) if mm <= SHIFT_MM]
    if len(lined_up) < 2 or len(lined_up) < 0.6 * len(frames):
        raise InputError(
            path,
            message("the slices do not line up: their positions jump sideways from slice to slice"),
            message(
                "Export the original axial series; rotating or curved reformats cannot be read"
            ),
        )
    left = len(frames) - len(lined_up)
    text = plural_message(
        "{count} slice that lies beside the stack was left out; {kept}.",
        "{count} slices that lie beside the stack were left out; {kept}.",
        left,
        kept=slices_read(len(lined_up)),
    )
    return lined_up, [QualityNote("shifted_slices", "warning", text)]


def _without_far_parts(
    frames: list[Frame], normal: Normal
) -> tuple[list[Frame], list[QualityNote]]:
    """Keep the longest part where the series is torn apart so far that filling would invent it."""
    if len(frames) < 3:
        return frames, []
    steps = np.diff(_positions(frames) @ normal)
    tears = np.flatnonzero(steps > max(FAR_MM, FAR_STEPS * float(np.median(steps)))) + 1
    if not len(tears):
        return frames, []
    edges = [0, *tears.tolist(), len(frames)]
    start, stop = max(pairwise(edges), key=lambda ends: ends[1] - ends[0])
    text = message(
        "The series is in {parts} parts more than {far:.0f} mm apart; only the longest, {slices}, "
        "was read. The rest was not searched.",
        parts=len(edges) - 1,
        far=FAR_MM,
        slices=plural_message("{count} slice", "{count} slices", stop - start),
    )
    return frames[start:stop], [QualityNote("gap", "severe", text)]


def _geometry(
    first: Frame,
    positions: Positions,
    normal: Normal,
    grid: EvenGrid,
    path: Path,
) -> VolumeGeometry:
    shape = len(grid.fills), first.rows, first.columns
    if math.prod(shape) > MAX_VOXELS:
        size = " x ".join(map(str, shape))
        raise InputError(
            path,
            message("a volume of {size} voxels is too large to read", size=size),
            message("Give one chest series of at most 1024 x 1024 x 600"),
        )
    place = first.placement
    travel = positions[-1] - positions[0]
    return VolumeGeometry.from_axes(
        shape=shape,
        origin_lps_mm=positions[0],
        z_step_lps_mm=travel / float(travel @ normal) * grid.step_mm,
        y_step_lps_mm=np.array(place.along_column) * place.row_spacing_mm,
        x_step_lps_mm=np.array(place.along_row) * place.column_spacing_mm,
    )


def _tilt_notes(positions: Positions, normal: Normal) -> list[QualityNote]:
    travel = positions[-1] - positions[0]
    cosine = float(travel @ normal) / float(np.linalg.norm(travel))
    degrees = math.degrees(math.acos(min(1.0, cosine)))
    if degrees < TILT_DEGREES:
        return []
    text = message(
        "The gantry was tilted by {degrees:.1f} degrees; positions and sizes take it into account.",
        degrees=degrees,
    )
    return [QualityNote("gantry_tilt", "info", text)]


def _grid_notes(grid: EvenGrid) -> list[QualityNote]:
    if grid.kind == "even":
        return []
    if grid.kind == "uneven":
        text = message(
            "Slices are unevenly spaced; the stack was interpolated to one slice every "
            "{step:.3g} mm.",
            step=grid.step_mm,
        )
        return [QualityNote("uneven_spacing", "warning", text)]
    gap_mm = (max(_run_lengths(grid.missing)) + 1) * grid.step_mm
    text = plural_message(
        "{count} slice is missing from the series (largest gap {gap:.3g} mm); they were "
        "interpolated, and a nodule there may be missed or distorted.",
        "{count} slices are missing from the series (largest gap {gap:.3g} mm); they were "
        "interpolated, and a nodule there may be missed or distorted.",
        len(grid.missing),
        gap=gap_mm,
    )
    return [QualityNote("gap", "severe" if gap_mm > LARGE_GAP_MM else "warning", text)]


def _run_lengths(places: Sequence[int]) -> list[int]:
    """Lengths of the runs of consecutive numbers."""
    breaks = np.flatnonzero(np.diff(places) > 1) + 1
    return [len(run) for run in np.split(np.array(places), breaks)]
