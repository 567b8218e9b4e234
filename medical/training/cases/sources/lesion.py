"""One lesion that somebody outlined or measured, and where the images that it was drawn on lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from medical.dicom.header.frames import Placement
from medical.dicom.stacking.series import CtSeries
from medical.geometry import VolumeGeometry
from medical.io.series_handle import SeriesHandle
from medical.nodule.measure import measure_mask

MIN_MM3 = 10.0  # of a connected part: less than a ball of 2.7 mm is a speck of the outline
_GRID_MM = 0.5
_EVERY_NEIGHBOUR = np.ones((3, 3, 3), bool)
Verdict = Literal["nodule", "rejected"]


@dataclass(frozen=True, slots=True)
class Planes:
    """The planes of all CTs at hand.

    Args:
        placed: series UID and place of a plane by SOP Instance UID and frame, 1 for the first.
        frames_of_reference: series UIDs by frame of reference.
    """

    placed: dict[tuple[str, int], tuple[str, Placement]] = field(default_factory=dict)
    frames_of_reference: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, handles: Iterable[SeriesHandle]) -> Self:
        """Of the DICOM series among the handles."""
        planes = cls()
        for handle in handles:
            if isinstance(handle.origin, CtSeries):
                planes.add(handle.series_instance_uid, handle.origin)
        return planes

    def add(self, series_uid: str, series: CtSeries) -> None:
        """Take in one series."""
        for frame in series.frames:
            key = (frame.sop_instance_uid, frame.index + 1)
            self.placed[key] = (series_uid, frame.placement)
        of_frames = (frame.frame_of_reference_uid for frame in series.frames)
        for uid in dict.fromkeys([*of_frames, series.header.frame_of_reference_uid or ""]):
            if uid:
                self.frames_of_reference.setdefault(uid, []).append(series_uid)

    def series_of_frame(self, frame_of_reference_uid: str) -> str:
        """Find the only CT with this frame of reference; empty where there is none, or two."""
        known = self.frames_of_reference.get(frame_of_reference_uid, [])
        return known[0] if len(known) == 1 else ""


def to_lps(pixels: Float[np.ndarray, "n 2"], placement: Placement) -> Float[np.ndarray, "n 3"]:
    """Points of an image as SR writes them, ``(column, row)``, to LPS millimetres.

    SR counts from the upper left corner of the first pixel (PS3.3 C.18.6.1.1), so its centre is
    ``(0.5, 0.5)``.
    """
    column = (pixels[:, :1] - 0.5) * placement.column_spacing_mm
    row = (pixels[:, 1:] - 0.5) * placement.row_spacing_mm
    along_row, along_column = np.array(placement.along_row), np.array(placement.along_column)
    return np.asarray(np.array(placement.position_lps_mm) + column * along_row + row * along_column)


@dataclass(frozen=True, slots=True)
class Lesion:
    """Where it is and how large.

    Args:
        series_uid: of its CT.
        center_lps_mm: LPS ``(x, y, z)``.
        diameter_mm: mean of long and short axis in the slice with the largest area.
        place: file and part of it, for people: ``seg/a.dcm segment 1``. No patient's name.
        verdict: ``rejected`` for what a reader looked at and called no nodule.
    """

    series_uid: str
    center_lps_mm: tuple[float, float, float]
    diameter_mm: float
    place: str
    verdict: Verdict = "nodule"


def lesions_of_mask(
    mask: Bool[np.ndarray, "z y x"], geometry: VolumeGeometry, *, series_uid: str, place: str
) -> list[Lesion]:
    """One lesion for each connected part of a mask; specks below ``MIN_MM3`` are passed by.

    Args:
        mask: what is outlined.
        geometry: of the mask.
        series_uid: of the CT.
        place: of the mask; a part's number is added where there are several.
    """
    labels, _ = ndimage.label(mask, structure=_EVERY_NEIGHBOUR)
    lesions: list[Lesion] = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        part = labels[box] == number
        if part.sum() * geometry.voxel_volume_mm3 < MIN_MM3:
            continue
        start = np.array([axis.start for axis in box])
        center = geometry.voxel_to_lps(np.argwhere(part).mean(0) + start)
        x, y, z = (float(value) for value in center)
        lesions.append(Lesion(series_uid, (x, y, z), _diameter_mm(part, geometry), place))
    if len(lesions) == 1:
        return lesions
    return [
        replace(lesion, place=f"{place}, part {n}") for n, lesion in enumerate(lesions, start=1)
    ]


def merged(lesions: Sequence[Lesion]) -> list[Lesion]:
    """Several outlines of one lesion (by several readers or in several files) as their mean.

    Two are the same where the centres are closer than half the smaller diameter. A rejected finding
    on a nodule is no hard negative, and goes.
    """
    groups: list[list[Lesion]] = []
    for item in sorted(lesions, key=lambda lesion: lesion.verdict):  # nodules first
        for group in groups:
            if any(_same(item, other) for other in group):
                group.append(item)
                break
        else:
            groups.append([item])
    return [_mean(group) for group in groups]


def _same(a: Lesion, b: Lesion) -> bool:
    apart = np.linalg.norm(np.subtract(a.center_lps_mm, b.center_lps_mm))
    return a.series_uid == b.series_uid and float(apart) < min(a.diameter_mm, b.diameter_mm) / 2


def _mean(group: Sequence[Lesion]) -> Lesion:
    same = [item for item in group if item.verdict == group[0].verdict]
    if len(same) == 1:
        return same[0]
    x, y, z = (float(v) for v in np.mean([item.center_lps_mm for item in same], axis=0))
    diameter_mm = float(np.mean([item.diameter_mm for item in same]))
    places = "; ".join(dict.fromkeys(item.place for item in same))
    return Lesion(same[0].series_uid, (x, y, z), diameter_mm, places, same[0].verdict)


def _diameter_mm(part: Bool[np.ndarray, "z y x"], geometry: VolumeGeometry) -> float:
    """Of one part, on a fine cubic grid along the patient's axes."""
    padded = np.pad(part, 1)
    around = VolumeGeometry(padded.shape, geometry.affine_lps_mm)
    fine = around.isotropic(_GRID_MM)
    to_mask = np.linalg.inv(around.affine_lps_mm) @ fine.affine_lps_mm
    sampled = ndimage.affine_transform(
        padded.astype(np.float32),
        to_mask[:3, :3],
        offset=to_mask[:3, 3],
        output_shape=fine.shape,
        order=1,
    )
    size = measure_mask(sampled > 0.5, voxel_mm=_GRID_MM)
    if size is None:  # thinner than the grid shows: the ball of the same volume
        return float((6 * part.sum() * geometry.voxel_volume_mm3 / np.pi) ** (1 / 3))
    return size.diameter_mm


def diameter_of_points(points_mm: Float[np.ndarray, "n 2"]) -> float:
    """Mean of the longest extent of an outline in its plane and the extent across it, mm."""
    apart = np.linalg.norm(points_mm[:, None] - points_mm[None], axis=-1)
    a, b = np.unravel_index(int(apart.argmax()), apart.shape)
    longest = float(apart[a, b])
    if longest == 0:
        return 0.0
    along = (points_mm[b] - points_mm[a]) / longest
    across = points_mm @ np.array([-along[1], along[0]])
    return (longest + float(across.max() - across.min())) / 2
