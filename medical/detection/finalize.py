"""From raw scores to findings: probabilities, sizes, places, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32

from medical.ct.prepare import Prepared
from medical.ct.volume import CtVolume
from medical.detection.calibration import Probabilities, diameter_interval, volume_interval
from medical.detection.candidates import CandidateSet
from medical.detection.findings import Finding
from medical.detection.refinement import Refined
from medical.geometry import VolumeGeometry
from medical.nodule.density import core_hu, density_of
from medical.nodule.location import side_and_zone
from medical.nodule.measure import MaskSize
from medical.nodule.outline import Outline
from models.detector.contract import CROP
from models.runtime.crops import crop_around
from models.zoo.card import ModelCard

MIN_PROBABILITY = 0.02


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """A candidate with its calibrated probability, for FROC."""

    center_lps_mm: tuple[float, float, float]
    probability: float
    probability_ci95: tuple[float, float]
    diameter_mm: float


def finalize_findings(
    ct: CtVolume,
    prepared: Prepared,
    detected: CandidateSet,
    refined: Refined,
    card: ModelCard,
    *,
    probabilities: Probabilities,
) -> tuple[list[Finding], tuple[ScoredCandidate, ...]]:
    """Measure candidates and make findings of those at or above the operating point.

    Args:
        ct: as read, for slice numbers and SOP instances.
        prepared: the same on the 1 mm grid.
        detected: candidates.
        refined: candidates by the second stage.
        card: calibration and operating point.
        probabilities: of each, all at least ``MIN_PROBABILITY``.

    Returns:
        Findings at or above the operating point, and all candidates of at least 0.02, strongest
        first.
    """
    p, low, high = probabilities
    order = [int(i) for i in np.argsort(-p)]
    lps = prepared.geometry.voxel_to_lps(detected.centers_voxel)
    findings, candidates = [], []
    for rank, i in enumerate(order, start=1):
        size = refined.size(i)
        interval = (float(low[i]), float(high[i]))
        # the finding's own diameter: corrected and rounded, so that both files say the same
        diameter = diameter_interval(
            card.calibration, size.diameter_mm, float(refined.log_diameters[:, i].std())
        )[0]
        candidates.append(
            ScoredCandidate(_triple(lps[i]), float(p[i]), interval, round(diameter, 1))
        )
        if p[i] >= card.operating_point:
            finding = measure_candidate(
                rank,
                ct,
                prepared,
                detected.centers_voxel[i],
                refined,
                i,
                size,
                candidates[-1],
                card,
            )
            findings.append(finding)
    return findings, tuple(candidates)


def finding_outlines(
    prepared: Prepared,
    detected: CandidateSet,
    refined: Refined,
    p: Float[np.ndarray, " n"],
    *,
    count: int,
) -> tuple[Outline, ...]:
    """Return the masks that the findings were measured on, and where they lie.

    Args:
        prepared: the CT on the 1 mm grid.
        detected: candidates.
        refined: candidates by the second stage.
        p: probability of each.
        count: how many of them, the strongest, are findings.
    """
    outlines = []
    for rank, i in enumerate(np.argsort(-p)[:count], start=1):
        edge_mm = float(refined.extents_mm[i]) / CROP
        corner = detected.centers_voxel[i] - (CROP - 1) / 2 * edge_mm
        geometry = VolumeGeometry.axial(
            shape=(CROP, CROP, CROP),
            spacing_mm=(edge_mm, edge_mm, edge_mm),
            origin_lps_mm=prepared.geometry.voxel_to_lps(corner).tolist(),
        )
        outlines.append(Outline(rank, refined.mask(int(i)), geometry))
    return tuple(outlines)


def measure_candidate(
    rank: int,
    ct: CtVolume,
    prepared: Prepared,
    center: Float[np.ndarray, 3],
    refined: Refined,
    index: int,
    size: MaskSize,
    candidate: ScoredCandidate,
    card: ModelCard,
) -> Finding:
    """Make a finding of one candidate.

    Args:
        rank: the finding's number.
        ct: as read, for slice number and SOP instance.
        prepared: the same on the 1 mm grid.
        center: ``(z, y, x)`` on that grid.
        refined: all candidates, by the second stage.
        index: which of them.
        size: its mask's.
        candidate: its probability and place.
        card: calibration.
    """
    std = float(refined.log_diameters[:, index].std())
    diameter, *diameter_ci95 = diameter_interval(card.calibration, size.diameter_mm, std)
    volume, *volume_ci95 = volume_interval(card.calibration, size.volume_mm3, std)
    scale = diameter / size.diameter_mm
    crop, mask = _near_hu(prepared.hu, center, refined, index), refined.mask(index)
    inside = mask if mask.any() else _middle(mask)
    mean_hu = float(crop[inside].mean())
    lps = prepared.geometry.voxel_to_lps(center)
    z = int(np.clip(round(float(ct.geometry.lps_to_voxel(lps)[0])), 0, ct.hu.shape[0] - 1))
    numbers, uids = ct.source.slice_numbers, ct.source.sop_instance_uids
    return Finding(
        id=rank,
        probability=round(candidate.probability, 4),
        probability_ci95=_pair(*candidate.probability_ci95, digits=4),
        center_lps_mm=candidate.center_lps_mm,
        slice_number=numbers[z] if numbers else z + 1,
        sop_instance_uid=uids[z] if uids else None,
        long_axis_mm=round(size.long_axis_mm * scale, 1),
        short_axis_mm=round(size.short_axis_mm * scale, 1),
        diameter_mm=round(diameter, 1),
        diameter_ci95=_pair(*diameter_ci95, digits=1),
        volume_mm3=round(volume, 1),
        volume_ci95=_pair(*volume_ci95, digits=1),
        density=density_of(core_hu(crop, inside, voxel_mm=float(refined.extents_mm[index]) / CROP)),
        mean_hu=round(mean_hu, 1),
        location=side_and_zone(lps, prepared.sides),
    )


def _near_hu(
    hu: Float32[np.ndarray, "z y x"], center: Float[np.ndarray, 3], refined: Refined, index: int
) -> Float32[np.ndarray, "32 32 32"]:
    """HU on the crop that the mask lies on."""
    return crop_around(hu, center, float(refined.extents_mm[index]), size=CROP)


def _middle(mask: Bool[np.ndarray, "z y x"]) -> Bool[np.ndarray, "z y x"]:
    """Select the crop's middle, for an empty outline."""
    selected, middle = np.zeros_like(mask), slice(CROP // 2 - 1, CROP // 2 + 1)
    selected[middle, middle, middle] = True
    return selected


def _triple(point: Float[np.ndarray, 3]) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 2) for v in point)
    return x, y, z


def _pair(low: float, high: float, *, digits: int) -> tuple[float, float]:
    return round(float(low), digits), round(float(high), digits)
