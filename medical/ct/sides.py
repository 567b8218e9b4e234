"""Left and right: on which side of the patient a point lies, and how much of each lung is searched.

The side is that of the patient's midline, checked against the lung in which the point lies: a lung
may reach over the midline, above all after the other was removed.

The midline runs by the spine, else by the body's outline, never by the lungs: the middle of what is
searched lies in one lung where the other is opaque, collapsed or gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy import ndimage

from medical.ct.balls import largest_in_plane, shrink
from medical.ct.parts import Parts
from medical.ct.slabs import map_slabs
from medical.geometry import VolumeGeometry

_BONE_HU = 250.0
_TISSUE_HU = -300.0
_SPINE_MM = 40.0  # a vertebra's width
_NEAR_MM = 25.0  # how far a bent spine strays from its mean place
_ALONG_MM = 60.0  # over how much of its height the local place is averaged
_MIN_BONE_ML = 5.0
_EDGE_VOXEL = 2
Side = Literal["left", "right", "uncertain"]
Midline = Callable[[], Float[np.ndarray, " z"] | None]
"""Tells the midline of a volume, as ``find_midline`` does."""
_GRID_MM = 2.0
_AIR_HU = -400.0
_SURE_MM = 10.0  # the midline is known to some millimetres
_APART_MM = 4.0  # what thins out airways that join the two lungs
_MIN_LUNG_ML = 30.0
_ON_ONE_SIDE = 0.85
_LEFT_TO_RIGHT = 0.9  # volumes of healthy lungs: the heart lies in the left
_TOLERANCE = 0.75  # the volume of a lung against the other's varies by a quarter
_ENOUGH = 0.5  # of a lung: what is left tells its height


def find_midline(
    hu: Float[np.ndarray, "z y x"], *, spacing_mm: float
) -> Float[np.ndarray, " z"] | None:
    """Voxel x of the midline in each slice of an isotropic upright axial volume.

    Args:
        hu: Hounsfield units (z to the head, y to the back, x to the left).
        spacing_mm: voxel edge, millimetres.

    Returns:
        ``None`` where neither spine nor both sides of the body are in the image.
    """
    body = largest_in_plane(hu > _TISSUE_HU)
    return _by_spine(hu, body, spacing_mm) if body.any() else None


def _by_spine(
    hu: Float[np.ndarray, "z y x"], body: Bool[np.ndarray, "z y x"], spacing_mm: float
) -> Float[np.ndarray, " z"] | None:
    """Find the column of bone in the body's back half that keeps its place between slices.

    Ribs and shoulder blades wander sideways with height, so that over all slices they weigh less.
    """
    profile = map_slabs(_bone_at_the_back, hu, body)
    if profile.sum() * spacing_mm**3 < _MIN_BONE_ML * 1000:
        return _by_outline(body)
    width = max(1, round(_SPINE_MM / spacing_mm))
    whole = ndimage.uniform_filter1d(profile.sum(0), width, mode="constant")
    near = round(_NEAR_MM / spacing_mm)
    x = np.arange(profile.shape[1])
    close = profile * (np.abs(x - int(whole.argmax())) <= near)
    along = max(1, round(_ALONG_MM / spacing_mm))
    around = ndimage.uniform_filter1d(close, along, axis=0, mode="nearest")
    weight = around.sum(1)
    middle = np.full(len(profile), float(whole.argmax()))
    there = weight > 0
    middle[there] = (around[there] * x).sum(1) / weight[there]
    return middle


def _bone_at_the_back(
    hu: Float[np.ndarray, "z y x"], body: Bool[np.ndarray, "z y x"]
) -> Float[np.ndarray, "z x"]:
    """Voxels of bone in each slice and column, behind the body's middle."""
    rows = np.asarray(body.any(2))
    first, last = rows.argmax(1), rows.shape[1] - 1 - rows[:, ::-1].argmax(1)
    behind = np.asarray(np.arange(rows.shape[1]) >= ((first + last) // 2)[:, None])
    return np.asarray(((hu > _BONE_HU) & body & behind[:, :, None]).sum(1, dtype=np.float64))


def _by_outline(body: Bool[np.ndarray, "z y x"]) -> Float[np.ndarray, " z"] | None:
    """Find the middle of the body's width, where the image shows both its sides."""
    columns = np.flatnonzero(body.any((0, 1)))
    if columns[0] < _EDGE_VOXEL or columns[-1] >= body.shape[2] - _EDGE_VOXEL:
        return None
    middle = []
    for outline in body:
        across = np.flatnonzero(outline.any(0))
        middle.append((across[0] + across[-1]) / 2 if len(across) else np.nan)
    known = np.array(middle)
    return np.full(len(known), float(np.nanmedian(known)))


@dataclass(frozen=True, slots=True, eq=False)
class LungSides:
    """The sides of one chest, on an isotropic upright axial grid.

    Args:
        geometry: of that grid.
        midline_voxel: x of the midline in each slice; ``None`` where it is not known.
        lung: what is searched.
        owners: number of the lung that each voxel belongs to, 0 for none.
        owner_sides: side of each such lung, from 1; ``uncertain`` where it is both.
        cut: whether what is searched reaches the image's right and left edge.
    """

    geometry: VolumeGeometry
    midline_voxel: Float[np.ndarray, " z"] | None
    lung: Bool[np.ndarray, "z y x"]
    owners: np.ndarray
    owner_sides: tuple[Side, ...]
    cut: tuple[bool, bool]

    @classmethod
    def of(
        cls,
        hu: Float[np.ndarray, "z y x"],
        lung: Bool[np.ndarray, "z y x"],
        geometry: VolumeGeometry,
        *,
        midline: Midline | None = None,
    ) -> Self:
        """Of a whole volume and what is searched in it.

        Args:
            hu: Hounsfield units (z to the head, y to the back, x to the left).
            lung: mask of the same shape.
            geometry: of both.
            midline: tells that of ``hu`` on a grid of 2 mm, where somebody else looks for it.
        """
        spacing_mm = geometry.spacing_mm[0]
        step = max(1, round(_GRID_MM / spacing_mm))
        hu, lung = hu[::step, ::step, ::step], lung[::step, ::step, ::step]
        coarse_mm = step * spacing_mm
        middle = midline() if midline else find_midline(hu, spacing_mm=coarse_mm)
        owners, sides = _lungs(hu, lung, middle, coarse_mm)
        cut = bool(lung[:, :, :1].any()), bool(lung[:, :, -1:].any())
        coarse = VolumeGeometry.axial(
            shape=hu.shape,
            spacing_mm=(coarse_mm,) * 3,
            origin_lps_mm=geometry.origin_lps_mm.tolist(),
        )
        return cls(coarse, middle, lung, owners, sides, cut)

    @property
    def spacing_mm(self) -> float:
        """Voxel edge."""
        return self.geometry.spacing_mm[0]

    def side_of(self, point_lps_mm: ArrayLike) -> Side:
        """On which side a point of the patient lies."""
        z, y, x = (float(part) for part in self.geometry.lps_to_voxel(point_lps_mm))
        lung = self._lung_at((z, y, x))
        if self.midline_voxel is None:
            return lung
        away = (x - self._midline_at(z)) * self.spacing_mm
        side: Side = "left" if away > 0 else "right"
        if abs(away) <= _SURE_MM:
            return lung
        if lung == "uncertain" and self._lacks(side):  # the other lung may reach over to here
            return "uncertain"
        return side if lung in (side, "uncertain") else "uncertain"

    def _lacks(self, side: Side) -> bool:
        left, right = self.searched()
        share = left if side == "left" else right
        return share is not None and share < _ENOUGH

    def heights(self, side: Side) -> tuple[float, float] | None:
        """Lowest and highest LPS z of a side's lung, mm; of both where too little is left of it."""
        searched = self.searched()
        share = {"left": searched[0], "right": searched[1]}.get(side)
        lung = self.lung
        if share is not None and share >= _ENOUGH:
            lung = lung & (self._left() if side == "left" else ~self._left())
        there = np.flatnonzero(lung.any((1, 2)))
        if len(there) == 0:
            return None
        low, high = self.geometry.voxel_to_lps([(there[0], 0, 0), (there[-1], 0, 0)])[:, 2]
        return float(low), float(high)

    def searched(self) -> tuple[float | None, float | None]:
        """Which share of the left and of the right lung is searched; ``None`` where unknown.

        A lung's volume is judged by the other's: what is missing is opaque, collapsed or outside
        of the image. Less than a quarter is normal variation and counts as nothing missing.
        """
        if self.midline_voxel is None or not self.lung.any():
            return None, None
        left = self.lung & self._left()
        right = self.lung & ~self._left()
        to_right, to_left = 1 / _LEFT_TO_RIGHT, _LEFT_TO_RIGHT
        lost_left = self._outside(right) * to_left if self.cut[1] else 0.0
        lost_right = self._outside(left) * to_right if self.cut[0] else 0.0
        counts = int(np.count_nonzero(left)), int(np.count_nonzero(right))
        return (
            _share(counts[0], counts[1] * to_left, lost_left),
            _share(counts[1], counts[0] * to_right, lost_right),
        )

    def _left(self) -> Bool[np.ndarray, "z 1 x"]:
        if self.midline_voxel is None:
            raise ValueError("the midline is not known")
        x = np.arange(self.lung.shape[2])
        return np.asarray(x[None, None, :] > self.midline_voxel[:, None, None])

    def _outside(self, other: Bool[np.ndarray, "z y x"]) -> float:
        """How many voxels of the other lung would lie outside of the image, mirrored."""
        if self.midline_voxel is None:
            return 0.0
        mirrored = 2 * self.midline_voxel[:, None] - np.arange(other.shape[2])
        outside = (mirrored < -0.5) | (mirrored > other.shape[2] - 0.5)
        return float((other.sum(1) * outside).sum())

    def _midline_at(self, z: float) -> float:
        if self.midline_voxel is None:
            raise ValueError("the midline is not known")
        return float(self.midline_voxel[int(np.clip(round(z), 0, len(self.midline_voxel) - 1))])

    def _lung_at(self, place: tuple[float, float, float]) -> Side:
        """Side of the lung around a place."""
        reach = round(15.0 / self.spacing_mm)
        spot = [
            int(np.clip(round(p), 0, n - 1)) for p, n in zip(place, self.lung.shape, strict=True)
        ]
        box = tuple(slice(max(0, p - reach), p + reach + 1) for p in spot)
        near = np.bincount(self.owners[box].ravel(), minlength=len(self.owner_sides) + 1)
        near[0] = 0
        if not near.any() or near.max() < _ON_ONE_SIDE * near.sum():
            return "uncertain"
        return self.owner_sides[int(near.argmax()) - 1]


def _share(own: float, expected: float, lost: float) -> float:
    whole = max(float(own), _TOLERANCE * (expected - lost)) + lost
    return round(float(own) / whole, 2) if whole > 0 else 0.0


def _lungs(
    hu: Float[np.ndarray, "z y x"],
    lung: Bool[np.ndarray, "z y x"],
    midline: Float[np.ndarray, " z"] | None,
    spacing_mm: float,
) -> tuple[np.ndarray, tuple[Side, ...]]:
    """Lungs that hang together, and the side of each."""
    owners = np.zeros(lung.shape, np.uint8)
    boxes = ndimage.find_objects(lung.view(np.uint8))
    if not boxes:
        return owners, ()
    box = boxes[0]  # a third of a chest
    air = lung[box] & (hu[box] < _AIR_HU)
    parts = Parts.of(shrink(air, radius_voxel=_APART_MM / spacing_mm))
    large = np.flatnonzero(parts.sizes() >= max(1, _MIN_LUNG_ML * 1000 / spacing_mm**3))[:255]
    number = np.zeros(parts.count + 1, np.uint8)
    number[large] = np.arange(1, len(large) + 1)
    owners[box] = parts.looked_up(number)
    x, middle = np.arange(lung.shape[2])[box[2]], None if midline is None else midline[box[0]]
    sides = [_side_of_lung(owners[box] == own, x, middle) for own in range(1, len(large) + 1)]
    return owners, tuple(sides)


def _side_of_lung(
    where: Bool[np.ndarray, "z y x"], x: np.ndarray, midline: Float[np.ndarray, " z"] | None
) -> Side:
    if midline is None:
        return "uncertain"
    left = float((where.sum(1) * (x[None, :] > midline[:, None])).sum()) / float(where.sum())
    if left >= _ON_ONE_SIDE:
        return "left"
    return "right" if left <= 1 - _ON_ONE_SIDE else "uncertain"
