"""Clinical context that a reader typed, and what StarNet says of the findings with it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from medical.detection.findings import Malignancy, RatingModel
from medical.malignancy.context import ClinicalContext


class TypedRating(BaseModel):
    """The rating of one finding with the typed context."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    finding: int = Field(ge=1)
    malignancy: Malignancy


class TypedContext(BaseModel):
    """What was typed into the form of the reading room, of one series.

    Part of the reading, not of the result: ``findings.json`` stays as it was scored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    context: ClinicalContext
    reader: str = Field(min_length=1, description="who typed it")
    at: float = Field(ge=0, description="seconds since 1970")
    model: RatingModel = Field(description="which rated with it")
    ratings: list[TypedRating] = Field(description="of the model's findings, where StarNet read it")

    def of(self, finding: int) -> Malignancy | None:
        """Return the rating of a finding with this context."""
        return next((row.malignancy for row in self.ratings if row.finding == finding), None)
