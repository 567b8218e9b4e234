"""Brock's probability of cancer of a finding, or which of its covariates are not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from app.web.words import gettext, words
from medical.detection.findings import Finding
from medical.i18n.messages import Message, message
from medical.malignancy.context import ClinicalContext
from medical.nodule.guidelines.brock import BrockRisk, Covariates, brock
from medical.review.reading import ReadFinding

_MISSING: frozenset[Message] = frozenset(
    {
        message("longest diameter"),
        message("density"),
        message("number of nodules"),
        message("upper lobe or not"),
        message("age"),
        message("sex"),
        message("family history of lung cancer"),
        message("emphysema"),
    }
)
_DENSITIES: dict[str, Literal["solid", "part-solid", "ground-glass"]] = {
    "solid": "solid",
    "part-solid": "part-solid",
    "ground-glass": "ground-glass",
}


def brock_text(finding: ReadFinding, context: ClinicalContext, *, count: int) -> str:
    """Word the probability by model 2a, and by 2b where a reader says whether it is spiculated.

    Args:
        finding: an upper zone stands for an upper lobe.
        context: age, sex, emphysema, family history and spiculation.
        count: nodules on the CT.
    """
    known = Covariates(
        longest_mm=finding.measured.long_axis_mm,
        density=_DENSITIES.get(finding.density or ""),
        nodules=max(count, 1),
        upper_lobe="upper" in finding.location,
        age_years=context.age_years or None,
        female=context.female,
        family_history=context.family_history,
        emphysema=context.emphysema,
    )
    result = brock(known)
    if not isinstance(result, BrockRisk):
        missing = ", ".join(words().translate(name) for name in result.missing)
        return gettext("not known: {missing}", missing=missing)
    measured = finding.measured
    spiculated = context.is_spiculated(measured.id) if isinstance(measured, Finding) else None
    full = brock(replace(known, spiculated=spiculated))
    by_2a = f"2a: {result.probability:.1%}"
    if spiculated is None or not isinstance(full, BrockRisk):
        return by_2a
    return f"{by_2a}; 2b: {full.probability:.1%}"
