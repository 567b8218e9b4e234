"""A nodule that a reader added: measured like the model's findings, but without a probability."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from medical.detection.findings import Finding, Interval
from medical.nodule.density_kinds import Density

_MODELS_OWN = {"id", "probability", "probability_ci95", "malignancy"}
_MEASURES = (
    *("long_axis_mm", "short_axis_mm", "diameter_mm", "diameter_ci95"),
    *("volume_mm3", "volume_ci95", "density", "mean_hu"),
)


class AddedFinding(BaseModel):
    """What was measured where a reader clicked; the fields mean what ``Finding``'s mean.

    Args:
        outlined: whether the model outlined something there. If not, nothing was measured: sizes,
            intervals and density are ``None``, and the reader must measure.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    center_lps_mm: tuple[float, float, float]
    slice_number: int
    sop_instance_uid: str | None
    long_axis_mm: float | None = Field(gt=0)
    short_axis_mm: float | None = Field(gt=0)
    diameter_mm: float | None = Field(gt=0)
    diameter_ci95: Interval | None
    volume_mm3: float | None = Field(gt=0)
    volume_ci95: Interval | None
    density: Density | None
    mean_hu: float | None
    location: str
    outlined: bool

    @model_validator(mode="before")
    @classmethod
    def _drop_guesses(cls, fields: Any) -> Any:
        # Versions up to 0.5 kept the size of a ball that the model guessed: no measurement.
        if isinstance(fields, dict) and fields.get("outlined") is False:
            return {**fields, **dict.fromkeys(_MEASURES)}
        return fields

    @model_validator(mode="after")
    def _measured_if_outlined(self) -> Self:
        if self.outlined and any(getattr(self, name) is None for name in _MEASURES):
            raise ValueError("what is outlined has all measures")
        return self

    @classmethod
    def measured(cls, finding: Finding, *, outlined: bool) -> Self:
        """Take the measures of ``finding`` and leave out what only a detection has."""
        return cls(**finding.model_dump(exclude=_MODELS_OWN), outlined=outlined)
