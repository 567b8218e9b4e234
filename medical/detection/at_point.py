"""Measure what lies at a point that a reader clicked: the second stage without the first.

Only a box round the point is resampled. The refinement stage outlines what is there; the crop moves
to the middle of that outline and takes on its size, and the stage outlines it again, as if the
first stage had found a candidate there.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from medical.ct.lungs import lung_mask
from medical.ct.prepare import SPACING_MM, Prepared
from medical.ct.resample import resample
from medical.ct.sides import LungSides
from medical.ct.volume import CtVolume
from medical.detection.finalize import ScoredCandidate, measure_candidate
from medical.detection.findings import AddedFinding
from medical.detection.refinement import Refined, RefinementStage
from medical.geometry import VolumeGeometry
from medical.i18n.messages import message
from medical.nodule.location import side_and_zone
from medical.nodule.measure import MaskSize
from models.detector.contract import CROP
from models.zoo.card import ModelCard

_BOX_MM = 200  # holds the context crop of nodules up to 40 mm; beyond, its edge is repeated
_FIRST_GUESS_MM = 10.0
_ROUNDS = 2
_STRAY_MM = 4.0  # an outline farther from the click than this is of something else
_LUNG_GRID_MM = 4.0
_SHELL_MM = (2.0, 7.0)  # beyond the outline: what a nodule must be brighter than
_MIN_CONTRAST_HU = 100.0  # a faint ground-glass nodule is brighter by more

Point = tuple[float, float, float]


class PointMeasure:
    """Measures at points with one model.

    Args:
        card: the model's, with its calibration.
        second: its second stage.
    """

    def __init__(self, card: ModelCard, second: RefinementStage) -> None:
        self._card, self._second = card, second

    def measure(self, ct: CtVolume, point_lps_mm: Point) -> AddedFinding:
        """Outline and measure what lies at a point.

        Args:
            ct: the CT.
            point_lps_mm: LPS millimetres ``(x, y, z)``.

        Returns:
            The measures; ``outlined`` is false where the model sees nothing there, and then it
            has none.

        Raises:
            ValueError: the point lies outside of the images.
        """
        voxel = ct.geometry.lps_to_voxel(point_lps_mm)
        if not bool(ct.geometry.contains_voxel(voxel)):
            shown = ", ".join(f"{v:.1f}" for v in point_lps_mm)
            raise ValueError(
                message("the point ({point}) mm lies outside of the images", point=shown)
            )
        box = _box(ct, point_lps_mm)
        clicked = box.geometry.lps_to_voxel(point_lps_mm)
        center, refined, outlined = self._refine(box, clicked)
        size = refined.size(0) if outlined else _ball(refined)
        x, y, z = (round(float(v), 2) for v in box.geometry.voxel_to_lps(center))
        candidate = ScoredCandidate((x, y, z), 0.0, (0.0, 0.0), size.diameter_mm)
        finding = measure_candidate(1, ct, box, center, refined, 0, size, candidate, self._card)
        where = _location(ct, (x, y, z))
        return AddedFinding.measured(
            finding.model_copy(update={"location": where}), outlined=outlined
        )

    def _refine(
        self, box: Prepared, clicked: Float[np.ndarray, 3]
    ) -> tuple[Float[np.ndarray, 3], Refined, bool]:
        center = clicked
        refined = self._refine_once(box, center, _FIRST_GUESS_MM)
        if not _reaches(refined, center, clicked) or not _stands_out(box, refined, center):
            return center, refined, False
        for _ in range(_ROUNDS - 1):
            moved = _middle(refined, center)
            again = self._refine_once(box, moved, refined.size(0).diameter_mm)
            if not _reaches(again, moved, clicked):
                break
            center, refined = moved, again
        return center, refined, True

    def _refine_once(
        self, box: Prepared, center: Float[np.ndarray, 3], diameter_mm: float
    ) -> Refined:
        return self._second.refine(box.hu, center[None], np.array([diameter_mm]))


def _box(ct: CtVolume, point_lps_mm: Point) -> Prepared:
    origin = [v - _BOX_MM / 2 for v in point_lps_mm]
    grid = VolumeGeometry.axial(
        shape=(_BOX_MM + 1,) * 3, spacing_mm=(SPACING_MM,) * 3, origin_lps_mm=origin
    )
    hu = resample(ct.hu, ct.geometry, grid)
    return Prepared(hu, np.zeros(hu.shape, bool), grid, slice_mm=ct.geometry.spacing_mm[0])


def _offsets_mm(refined: Refined) -> Float[np.ndarray, "n 3"]:
    """Where the outlined voxels lie, from the crop's middle."""
    edge_mm = float(refined.extents_mm[0]) / CROP
    return (np.argwhere(refined.mask(0)) - (CROP - 1) / 2) * edge_mm


def _stands_out(box: Prepared, refined: Refined, center: Float[np.ndarray, 3]) -> bool:
    """Whether what is outlined is brighter than the thinner part of what lies around it.

    The refiner was taught on candidates and outlines something in mere noise too. At the pleura a
    wall lies around as well, hence the lower quartile.
    """
    offsets = _offsets_mm(refined)
    spots = np.rint(center + offsets).astype(int)
    inside = box.hu[tuple(np.clip(spots, 0, np.array(box.hu.shape) - 1).T)]
    reach = float(np.linalg.norm(offsets - offsets.mean(0), axis=1).max())
    away = np.linalg.norm(np.indices(box.hu.shape).T - _middle(refined, center), axis=-1).T
    around = box.hu[(away > reach + _SHELL_MM[0]) & (away < reach + _SHELL_MM[1])]
    return bool(inside.mean() - np.quantile(around, 0.25) > _MIN_CONTRAST_HU)


def _reaches(refined: Refined, center: Float[np.ndarray, 3], clicked: Float[np.ndarray, 3]) -> bool:
    offsets = _offsets_mm(refined)
    if len(offsets) == 0:
        return False
    away = np.linalg.norm(center + offsets - clicked, axis=1)
    return bool(away.min() <= _STRAY_MM)


def _middle(refined: Refined, center: Float[np.ndarray, 3]) -> Float[np.ndarray, 3]:
    return np.asarray(center + _offsets_mm(refined).mean(0))


def _ball(refined: Refined) -> MaskSize:
    diameter_mm = float(np.exp(refined.log_diameters[:, 0].mean()))
    return MaskSize(diameter_mm, diameter_mm, np.pi / 6 * diameter_mm**3)


def _location(ct: CtVolume, point_lps_mm: Point) -> str:
    grid = ct.geometry.isotropic(_LUNG_GRID_MM)
    hu = resample(ct.hu, ct.geometry, grid)
    lung = lung_mask(hu, spacing_mm=_LUNG_GRID_MM)
    return side_and_zone(point_lps_mm, LungSides.of(hu, lung, grid))
