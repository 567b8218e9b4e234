"""Brock's probability beside a finding: the brief model, and the full one where it can be had."""

from __future__ import annotations

import pytest

from app.web.reading.malignancy.brock_text import brock_text
from medical.malignancy.context import ClinicalContext
from medical.nodule.guidelines.brock import BrockRisk, Covariates, brock
from medical.review.reading import ReadFinding
from tests.medical.store.made import made_series

KNOWN = ClinicalContext(age_years=66, female=True, family_history=False, emphysema=True)


def finding() -> ReadFinding:
    (measured,) = made_series(0.9, uid="1.2").findings
    return ReadFinding(0, "1.2", measured.id, 0, measured, ())


def probability(*, spiculated: bool | None) -> str:
    measured = finding().measured
    result = brock(
        Covariates(
            longest_mm=measured.long_axis_mm,
            density="solid",
            nodules=1,
            upper_lobe="upper" in measured.location,
            age_years=66,
            female=True,
            family_history=False,
            emphysema=True,
            spiculated=spiculated,
        )
    )
    assert isinstance(result, BrockRisk)
    return f"{result.probability:.1%}"


@pytest.mark.parametrize("spiculated", [True, False])
def test_both_models_stand_where_spiculation_is_typed(spiculated: bool) -> None:
    number = finding().measured.id  # type: ignore[union-attr]
    name = "spiculated" if spiculated else "not_spiculated"
    typed = ClinicalContext.model_validate({**KNOWN.model_dump(), name: (number,)})
    shown = brock_text(finding(), typed, count=1)
    assert shown == f"2a: {probability(spiculated=None)}; 2b: {probability(spiculated=spiculated)}"


def test_without_it_the_model_without_it_stands_alone() -> None:
    assert brock_text(finding(), KNOWN, count=1) == f"2a: {probability(spiculated=None)}"
    other = ClinicalContext.model_validate({**KNOWN.model_dump(), "spiculated": (99,)})
    assert "2b" not in brock_text(finding(), other, count=1)


def test_what_is_missing_is_named() -> None:
    assert "age" in brock_text(finding(), ClinicalContext(), count=1)
