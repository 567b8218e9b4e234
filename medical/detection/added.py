"""A nodule that a reader added: measured like the model's findings, but without a probability."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from medical.detection.findings import Density, Finding, Interval

_MODELS_OWN = {"id", "probability", "probability_ci95", "malignancy"}


class AddedFinding(BaseModel):
    """What was measured where a reader clicked; the fields mean what ``Finding``'s mean.

    Args:
        outlined: whether the model outlined something there; if not, the sizes are those of a
            ball of the diameter that it guesses, and the reader should measure.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    center_lps_mm: tuple[float, float, float]
    slice_number: int
    sop_instance_uid: str | None
    long_axis_mm: float = Field(gt=0)
    short_axis_mm: float = Field(gt=0)
    diameter_mm: float = Field(gt=0)
    diameter_ci95: Interval
    volume_mm3: float = Field(gt=0)
    volume_ci95: Interval
    density: Density
    mean_hu: float
    location: str
    outlined: bool

    @classmethod
    def measured(cls, finding: Finding, *, outlined: bool) -> Self:
        """Take the measures of ``finding`` and leave out what only a detection has."""
        return cls(**finding.model_dump(exclude=_MODELS_OWN), outlined=outlined)
