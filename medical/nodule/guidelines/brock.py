"""Brock (PanCan) risk that a nodule is cancer: the full models of McWilliams 2013.

Source: McWilliams et al., N Engl J Med 2013;369:910-919, Table 2, models 2a (without) and 2b (with
spiculation). Checked: model 2b against Table 2 of Uthoff et al., Eur Radiol 2019;29:5367 (the same
equation without centring; its intercept 0.2761 follows from ours); model 2a against
medicalalgorithms.com.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from medical.nodule.guidelines.rules import NotApplicable, needs, require_positive

SECTION = "McWilliams 2013, Table 2"


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Log odds of each covariate; age about 62 years, count about 4, size about 4 mm."""

    name: str
    age: float
    female: float
    family_history: float
    emphysema: float
    size: float
    ground_glass: float
    part_solid: float
    upper_lobe: float
    count: float
    spiculation: float
    constant: float


MODEL_2A = Coefficients(
    "2a, full, without spiculation",
    0.0321, 0.5635, 0.3013, 0.3462, -5.6693, -0.3055, 0.3395, 0.7116, -0.0803, 0.0, -6.8071,
)  # fmt: skip
MODEL_2B = Coefficients(
    "2b, full, with spiculation",
    0.0287, 0.6011, 0.2961, 0.2953, -5.3854, -0.1276, 0.3770, 0.6581, -0.0824, 0.7729, -6.7892,
)  # fmt: skip
_SIZE_CENTRE = 1.58113883  # (4 mm / 10) ** -0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariates:
    """What the model asks; ``None`` is not known.

    Args:
        longest_mm: longest diameter, which the model was fitted on (not the mean diameter).
        nodules: number of nodules on the CT, this one included.
        spiculated: ``None`` uses the model without spiculation.
    """

    longest_mm: float | None = None
    density: Literal["solid", "part-solid", "ground-glass"] | None = None
    nodules: int | None = None
    upper_lobe: bool | None = None
    age_years: float | None = None
    female: bool | None = None
    family_history: bool | None = None
    emphysema: bool | None = None
    spiculated: bool | None = None


@dataclass(frozen=True, slots=True)
class BrockRisk:
    """Probability of cancer within the study's follow-up, and which model gave it."""

    probability: float
    model: str
    section: str = SECTION


_WORDS = {
    "longest_mm": "longest diameter",
    "density": "density",
    "nodules": "number of nodules",
    "upper_lobe": "upper lobe or not",
    "age_years": "age",
    "female": "sex",
    "family_history": "family history of lung cancer",
    "emphysema": "emphysema",
}


def brock(covariates: Covariates) -> BrockRisk | NotApplicable:
    """Return the risk, or the covariates that are missing.

    Raises:
        ValueError: a size, an age or a count that nobody has; the message names it.
    """
    c = covariates
    require_positive(longest_mm=c.longest_mm, age_years=c.age_years, nodules=c.nodules)
    missing = tuple(word for name, word in _WORDS.items() if getattr(c, name) is None)
    if missing:
        return needs(*missing)
    model = MODEL_2A if c.spiculated is None else MODEL_2B
    return BrockRisk(1 / (1 + math.exp(-_log_odds(c, model))), f"model {model.name}")


def _log_odds(c: Covariates, m: Coefficients) -> float:
    density = {"part-solid": m.part_solid, "ground-glass": m.ground_glass}
    return float(
        m.constant
        + m.age * (float(c.age_years or 0) - 62)
        + m.female * bool(c.female)
        + m.family_history * bool(c.family_history)
        + m.emphysema * bool(c.emphysema)
        + m.size * ((float(c.longest_mm or 0) / 10) ** -0.5 - _SIZE_CENTRE)
        + density.get(str(c.density), 0.0)
        + m.upper_lobe * bool(c.upper_lobe)
        + m.count * (int(c.nodules or 0) - 4)
        + m.spiculation * bool(c.spiculated)
    )
