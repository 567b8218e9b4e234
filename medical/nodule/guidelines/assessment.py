"""What a reader says about a nodule and about the examination, beside the model's measures.

No field is needed to decide on a finding. What a guideline asks for and nobody entered is named by
the guideline's engine as missing; it is never guessed.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from medical.nodule.guidelines.fleischner import NodulesDensity, Risk

History = Literal["new", "growing", "slow-growing", "stable"]
HISTORIES: tuple[History, ...] = get_args(History)
Calcification = Literal["benign", "not benign"]
CALCIFICATIONS: tuple[Calcification, ...] = get_args(Calcification)
PriorCategory = Literal["1", "2", "3", "4A", "4B", "4X"]
PRIOR_CATEGORIES: tuple[PriorCategory, ...] = get_args(PriorCategory)
Location = Literal[
    "right upper zone",
    "right middle zone",
    "right lower zone",
    "left upper zone",
    "left middle zone",
    "left lower zone",
]
Plane = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = get_args(Plane)
LOCATIONS: tuple[Location, ...] = get_args(Location)
NODULE_DENSITIES: tuple[NodulesDensity, ...] = get_args(NodulesDensity)
ExaminationKind = Literal["baseline", "follow-up", "incidental"]
EXAMINATIONS: tuple[ExaminationKind, ...] = get_args(ExaminationKind)
Sex = Literal["F", "M"]
SEXES: tuple[Sex, ...] = get_args(Sex)
MAX_AGE_YEARS = 120


class DiameterLine(BaseModel):
    """The line along which a reader measured a diameter, on a plane through its two ends.

    Args:
        plane: of the picture that it was drawn on.
        from_lps_mm: where it begins.
        to_lps_mm: where it ends.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    plane: Plane
    from_lps_mm: tuple[FiniteFloat, FiniteFloat, FiniteFloat]
    to_lps_mm: tuple[FiniteFloat, FiniteFloat, FiniteFloat]

    @property
    def length_mm(self) -> float:
        """From end to end."""
        return math.dist(self.from_lps_mm, self.to_lps_mm)


class Assessment(BaseModel):
    """What a reader corrects or adds about one nodule; ``None`` was not entered.

    Args:
        density: in place of the model's.
        location: in place of the model's.
        solid_diameter_mm: mean diameter of a part-solid nodule's solid component, 1 to 300 mm.
        calcification: whether a calcified nodule's pattern is complete, central, popcorn or
            concentric.
        history: against earlier examinations.
        prior_category: Lung-RADS category of the earlier examination, for a stable nodule.
        diameter_line: along which the decision's diameter was measured in the viewer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    density: NodulesDensity | None = None
    solid_diameter_mm: float | None = Field(default=None, ge=1, le=300)
    calcification: Calcification | None = None
    history: History | None = None
    prior_category: PriorCategory | None = None
    location: Location | None = None
    diameter_line: DiameterLine | None = None

    def to_json(self) -> str:
        """Return what the store keeps: only what was entered; empty where nothing was."""
        return self.model_dump_json(exclude_none=True) if self != Assessment() else ""

    @classmethod
    def from_json(cls, text: str) -> Assessment:
        """Read what :meth:`to_json` wrote."""
        return cls.model_validate_json(text) if text else cls()


NOTHING_ENTERED = Assessment()


class Examination(BaseModel):
    """What a reader says about the examination and the patient; ``None`` was not entered.

    Args:
        kind: first or later screening examination, or a CT for another reason.
        age_years: in place of the header's.
        sex: in place of the header's.
        risk: of lung cancer, for Fleischner.
        known_cancer: Fleischner does not cover the patient.
        immunosuppressed: Fleischner does not cover the patient.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ExaminationKind | None = None
    age_years: float | None = Field(default=None, ge=0, le=MAX_AGE_YEARS)
    sex: Sex | None = None
    risk: Risk | None = None
    known_cancer: bool = False
    immunosuppressed: bool = False

    def to_json(self) -> str:
        """Return what the store keeps: only what was entered; empty where nothing was."""
        return self.model_dump_json(exclude_defaults=True) if self != Examination() else ""

    @classmethod
    def from_json(cls, text: str) -> Examination:
        """Read what :meth:`to_json` wrote."""
        return cls.model_validate_json(text) if text else cls()


class Demographics(BaseModel):
    """What the images' header says about the patient, and no more than guidelines ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    age_years: float | None = None
    sex: Sex | None = None
