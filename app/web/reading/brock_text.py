"""Brock's probability of cancer of a finding, or which of its covariates are not known."""

from __future__ import annotations

from typing import Literal

from app.web.words import gettext, words
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
    """Word the probability.

    Args:
        finding: an upper zone stands for an upper lobe.
        context: age, sex, emphysema and family history.
        count: nodules on the CT.
    """
    result = brock(
        Covariates(
            longest_mm=finding.measured.long_axis_mm,
            density=_DENSITIES.get(finding.density or ""),
            nodules=max(count, 1),
            upper_lobe="upper" in finding.measured.location,
            age_years=context.age_years or None,
            female=context.female,
            family_history=context.family_history,
            emphysema=context.emphysema,
        )
    )
    if isinstance(result, BrockRisk):
        return f"{result.probability:.1%}"
    missing = ", ".join(words().translate(name) for name in result.missing)
    return gettext("not known: {missing}", missing=missing)
