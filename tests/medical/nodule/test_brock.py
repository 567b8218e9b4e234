"""Brock (PanCan): the two full models of McWilliams 2013."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from medical.nodule.guidelines.brock import MODEL_2B, BrockRisk, Covariates, brock
from medical.nodule.guidelines.rules import NotApplicable

AVERAGE = Covariates(
    longest_mm=4, density="solid", nodules=4, upper_lobe=False, age_years=62,
    female=False, family_history=False, emphysema=False,
)  # fmt: skip


def log_odds(covariates: Covariates) -> float:
    result = brock(covariates)
    assert isinstance(result, BrockRisk)
    return math.log(result.probability / (1 - result.probability))


def test_the_centred_patient_has_the_constant() -> None:
    assert log_odds(AVERAGE) == pytest.approx(-6.8071, abs=1e-6)
    assert log_odds(replace(AVERAGE, spiculated=False)) == pytest.approx(-6.7892, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "without", "with_spiculation"),
    [
        ({"age_years": 63}, 0.0321, 0.0287),
        ({"female": True}, 0.5635, 0.6011),
        ({"family_history": True}, 0.3013, 0.2961),
        ({"emphysema": True}, 0.3462, 0.2953),
        ({"density": "ground-glass"}, -0.3055, -0.1276),
        ({"density": "part-solid"}, 0.3395, 0.3770),
        ({"upper_lobe": True}, 0.7116, 0.6581),
        ({"nodules": 5}, -0.0803, -0.0824),
    ],
)
def test_every_row_of_the_table(
    change: dict[str, object], without: float, with_spiculation: float
) -> None:
    for base, expected in (
        (AVERAGE, without),
        (replace(AVERAGE, spiculated=False), with_spiculation),
    ):
        after = replace(base, **change)  # type: ignore[arg-type]
        assert log_odds(after) - log_odds(base) == pytest.approx(expected, abs=1e-6)


def test_spiculation() -> None:
    smooth, spiculated = (replace(AVERAGE, spiculated=value) for value in (False, True))
    assert log_odds(spiculated) - log_odds(smooth) == pytest.approx(0.7729, abs=1e-6)


def test_agrees_with_the_equation_without_centring() -> None:
    """Uthoff 2019, Table 2, gives model 2b with intercept 0.2761 and nothing subtracted."""
    m = MODEL_2B
    for millimetres, age, count in ((3.0, 40, 1), (9.5, 71, 2), (25.0, 80, 6)):
        plain = 0.2761 + 0.0287 * age - 5.3854 * (millimetres / 10) ** -0.5 - 0.0824 * count
        value = log_odds(
            replace(AVERAGE, longest_mm=millimetres, age_years=age, nodules=count, spiculated=False)
        )
        assert value == pytest.approx(plain, abs=1e-3)
    assert m.size == -5.3854


def test_larger_is_riskier() -> None:
    risks = [log_odds(replace(AVERAGE, longest_mm=size)) for size in (3, 5, 8, 12, 20)]
    assert risks == sorted(risks)


def test_names_what_is_missing() -> None:
    result = brock(Covariates(longest_mm=8, density="solid", nodules=1, upper_lobe=True))
    assert isinstance(result, NotApplicable)
    assert result.missing == ("age", "sex", "family history of lung cancer", "emphysema")


def test_refuses_a_size_that_no_nodule_has() -> None:
    with pytest.raises(ValueError, match="longest_mm must be a positive number, got -1"):
        brock(replace(AVERAGE, longest_mm=-1))
