"""Of several reconstructions in a study, pick the one that shows nodules best, and say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medical.counts import counted
from medical.ct.quality import KERNEL_RANK, believed_thickness, kernel_class
from medical.dicom.stacking.series import CtSeries
from medical.dicom.stacking.stack import StackPlan

ENOUGH_COVERAGE_MM = 250.0
LUNG_SHARE = 0.5  # of what the series with the most shows
THICKNESS_CLASSES_MM = (1.3, 2.1, 2.6, 3.1, 5.1)
PROJECTION_WORDS = frozenset({"MIP", "MINIP", "PROJECTION IMAGE", "AVERAGE", "MAX_IP", "MIN_IP"})
OTHER_BODY_PARTS = ("HEAD", "BRAIN", "SKULL", "NECK", "PELVIS", "ABDOMEN", "SPINE", "KNEE", "FOOT")


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A series that can be read, with its planned stack and about how much lung it shows."""

    series: CtSeries
    plan: StackPlan
    lung_ml: float = 0.0

    @property
    def thickness_mm(self) -> float:
        """Slice thickness, or the distance between slices when that is larger or all there is."""
        step_mm = self.plan.geometry.spacing_mm[0]
        return max(believed_thickness(self.plan.frames[0].thickness_mm, step_mm) or 0.0, step_mm)

    @property
    def coverage_mm(self) -> float:
        """Length of the stack along its normal."""
        return self.plan.geometry.shape[0] * self.plan.geometry.spacing_mm[0]

    @property
    def kernel(self) -> str:
        """Reconstruction kernel of the planes that are read, as the header names it."""
        return self.plan.frames[0].kernel


def choose(candidates: Sequence[Candidate]) -> tuple[Candidate, str, list[tuple[Candidate, str]]]:
    """Choose the best series for nodules.

    In this order: no projection (MIP) and no other body part; lung to be seen; enough coverage of
    the chest; axial; thin slices; sharp or lung kernel; then exact thickness, coverage and count.

    Args:
        candidates: readable series of one study, at least one.

    Returns:
        The best, why it was chosen, and each other one with why not.
    """
    enough = min(ENOUGH_COVERAGE_MM, max(one.coverage_mm for one in candidates)) * 0.9
    min_ml = LUNG_SHARE * max(one.lung_ml for one in candidates)
    limits = (enough, min_ml)
    ranked = sorted(candidates, key=lambda one: _rank(one, *limits))
    best = ranked[0]
    others = [(other, _why_not(best, other, *limits)) for other in ranked[1:]]
    return best, _why(best, len(others)), others


def _rank(one: Candidate, enough_mm: float, min_ml: float) -> tuple[float, ...]:
    return (
        _is_projection(one),
        _is_other_body_part(one),
        one.lung_ml < min_ml,
        one.coverage_mm < enough_mm,
        not _is_axial(one),
        int(np.searchsorted(THICKNESS_CLASSES_MM, one.thickness_mm)),
        KERNEL_RANK[kernel_class(one.kernel)],
        round(one.thickness_mm, 2),
        -round(one.coverage_mm),
        -len(one.plan.frames),
    )


def _is_projection(one: Candidate) -> bool:
    return bool(PROJECTION_WORDS & set(one.series.header.image_type))


def _is_other_body_part(one: Candidate) -> bool:
    part = one.series.header.body_part
    return "CHEST" not in part and any(word in part for word in OTHER_BODY_PARTS)


def _is_axial(one: Candidate) -> bool:
    return int(np.abs(one.plan.geometry.affine_lps_mm[:3, 0]).argmax()) == 2


def _why(best: Candidate, others: int) -> str:
    kind = {"sharp": "sharp kernel", "soft": "soft kernel", "unknown": "kernel"}
    kernel = f", {kind[kernel_class(best.kernel)]} {best.kernel}" if best.kernel else ""
    facts = (
        f"{best.thickness_mm:.3g} mm slices{kernel}, {counted(len(best.plan.frames), 'slice')} "
        "over "
        f"{best.coverage_mm:.0f} mm"
    )
    if not others:
        return f"the only CT series that can be used: {facts}"
    return f"best of {others + 1} CT series for nodules: {facts}"


def _why_not(best: Candidate, other: Candidate, enough_mm: float, min_ml: float) -> str:
    """Name the first rank in which the other series loses."""
    ranks = _rank(best, enough_mm, min_ml), _rank(other, enough_mm, min_ml)
    lost = [a < b for a, b in zip(*ranks, strict=True)]
    reasons = (
        "a projection (MIP or average), not single slices",
        f"shows another body part ({other.series.header.body_part})",
        "shows no lung, or only a part",
        f"covers only {other.coverage_mm:.0f} mm",
        "a reformat that is not axial",
        f"thicker slices ({other.thickness_mm:.3g} mm against {best.thickness_mm:.3g} mm)",
        f"less sharp kernel ({other.kernel or 'not named'} against {best.kernel or 'not named'})",
        f"thicker slices ({other.thickness_mm:.3g} mm against {best.thickness_mm:.3g} mm)",
        f"covers less ({other.coverage_mm:.0f} mm against {best.coverage_mm:.0f} mm)",
        "fewer slices",
    )
    return next((why for why, worse in zip(reasons, lost, strict=True) if worse), "no better")
