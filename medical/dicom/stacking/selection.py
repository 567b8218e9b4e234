"""Which series of each study is read: the reconstruction that shows nodules best, and why.

A look at a few slices tells how much lung a series shows: Body Part Examined is often empty or
wrong, and the thinnest series of a study may be the abdomen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from medical.ct.lung_coverage import lung_area_mm2
from medical.ct.quality import KERNEL_RANK, believed_thickness, kernel_class
from medical.dicom.header.patient import tell_apart
from medical.dicom.stacking.decode import NotHounsfieldError, decode_file
from medical.dicom.stacking.series import CtSeries
from medical.dicom.stacking.stack import StackPlan
from medical.errors import InputError
from medical.plain_text import counted

SLICES = 11
ENOUGH_COVERAGE_MM = 250.0
LUNG_SHARE = 0.5  # of what the series with the most shows
THICKNESS_CLASSES_MM = (1.3, 2.1, 2.6, 3.1, 5.1)
PROJECTION_WORDS = frozenset({"MIP", "MINIP", "PROJECTION IMAGE", "AVERAGE", "MAX_IP", "MIN_IP"})
OTHER_BODY_PARTS = ("HEAD", "BRAIN", "SKULL", "NECK", "PELVIS", "ABDOMEN", "SPINE", "KNEE", "FOOT")


def glance_at_lung(plan: StackPlan) -> float:
    """About how much lung the stack shows, millilitres; 0 where it cannot be decoded."""
    count = len(plan.frames)
    picked = np.unique(np.linspace(0, count - 1, min(SLICES, count) + 2).round().astype(int)[1:-1])
    spacing = plan.geometry.spacing_mm
    areas = []
    for at in picked:
        frame = plan.frames[at]
        try:
            planes = [hu for _, hu in decode_file(frame.path, [frame])]
        except (InputError, NotHounsfieldError):
            continue
        areas.append(lung_area_mm2(planes[0], spacing[1:]))
    if not areas:
        return 0.0
    return float(np.mean(areas)) * plan.geometry.shape[0] * spacing[0] / 1000


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
    enough = min(ENOUGH_COVERAGE_MM, max(candidate.coverage_mm for candidate in candidates)) * 0.9
    min_ml = LUNG_SHARE * max(candidate.lung_ml for candidate in candidates)
    limits = (enough, min_ml)
    ranked = sorted(candidates, key=lambda candidate: _rank(candidate, *limits))
    best = ranked[0]
    others = [(other, _why_not(best, other, *limits)) for other in ranked[1:]]
    return best, _why(best, len(others)), others


def _rank(candidate: Candidate, enough_mm: float, min_ml: float) -> tuple[float, ...]:
    return (
        _is_projection(candidate),
        _is_other_body_part(candidate),
        candidate.lung_ml < min_ml,
        candidate.coverage_mm < enough_mm,
        not _is_axial(candidate),
        int(np.searchsorted(THICKNESS_CLASSES_MM, candidate.thickness_mm)),
        KERNEL_RANK[kernel_class(candidate.kernel)],
        round(candidate.thickness_mm, 2),
        -round(candidate.coverage_mm),
        -len(candidate.plan.frames),
    )


def _is_projection(candidate: Candidate) -> bool:
    return bool(PROJECTION_WORDS & set(candidate.series.header.image_type))


def _is_other_body_part(candidate: Candidate) -> bool:
    part = candidate.series.header.body_part
    return "CHEST" not in part and any(word in part for word in OTHER_BODY_PARTS)


def _is_axial(candidate: Candidate) -> bool:
    return int(np.abs(candidate.plan.geometry.affine_lps_mm[:3, 0]).argmax()) == 2


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


@dataclass(slots=True)
class Settled:
    """The outcome over all studies of one input."""

    chosen: list[tuple[CtSeries, str]] = field(default_factory=list)
    not_chosen: list[tuple[str, str]] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)


def settle_studies(series: Sequence[CtSeries], *, preferred: Collection[str] = ()) -> Settled:
    """Choose the best series of each study, among those preferred where it holds one.

    A series that cannot be used is an error only when its study has no other: a single-slice
    bolus check beside a good chest series is nothing to worry anybody with.
    """
    studies: dict[Hashable, list[CtSeries]] = defaultdict(list)
    for ct_series in series:
        studies[_study_key(ct_series)].append(ct_series)
    result = Settled()
    for members in studies.values():
        for of_one in _by_person(members):
            _settle(of_one, result, preferred)
    return result


def _by_person(series: Sequence[CtSeries]) -> list[list[CtSeries]]:
    """Series of one Study Instance UID, apart by whose they are: one study, one patient."""
    people = tell_apart([ct_series.header.person for ct_series in series])
    groups: dict[int, list[CtSeries]] = defaultdict(list)
    for ct_series in series:
        groups[people[ct_series.header.person]].append(ct_series)
    return list(groups.values())


def _study_key(series: CtSeries) -> Hashable:
    """Return the study UID as written; without it, what one patient frame or folder shares."""
    written = series.header.study_instance_uid
    return written or (series.header.frame_of_reference_uid or str(series.path),)


def _settle(members: Sequence[CtSeries], result: Settled, preferred: Collection[str]) -> None:
    candidates = []
    failures = []
    for member in members:
        try:
            candidates.append(Candidate(member, member.plan()))
        except InputError as error:
            failures.append((member, error))
    if len(candidates) > 1:  # to see whether they show lung costs some decoding
        candidates = [
            replace(candidate, lung_ml=glance_at_lung(candidate.plan)) for candidate in candidates
        ]
    if not candidates:
        result.errors += [error for _, error in failures]
        return
    wanted = [candidate for candidate in candidates if candidate.series.uid in preferred]
    best, why, others = choose(wanted or candidates)
    if wanted:
        others += [
            (candidate, "another one is referred to")
            for candidate in candidates
            if candidate not in wanted
        ]
    result.chosen.append((best.series, why))
    result.not_chosen += [(other.series.uid, reason) for other, reason in others]
    result.not_chosen += [(member.uid, error.problem) for member, error in failures]
