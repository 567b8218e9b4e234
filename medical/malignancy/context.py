"""What is known of the patient beside the image, and how it is written for StarNet to read."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_TEXT = 4000


def _is_empty(numbers: tuple[int, ...]) -> bool:
    return not numbers


class ClinicalContext(BaseModel):
    """Clinical context of one examination; ``None`` is not known.

    No truth for it was at hand: StarNet reads it and was taught that it does not move the rating.
    Brock's model, which is shown beside, does use it.

    Args:
        age_years: of the patient.
        female: sex.
        pack_years: smoked.
        emphysema: on the CT or known.
        cancer_history: of any cancer before.
        upper_lobe: the nodule lies in one.
        family_history: of lung cancer; only Brock's model asks for it.
        spiculated: numbers of findings that a reader calls spiculated.
        not_spiculated: of those that he says are not; of all others it is not known.
        text: request, prior report or what a reader types about the nodule.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    age_years: float | None = Field(default=None, ge=0, le=120)
    female: bool | None = None
    pack_years: float | None = Field(default=None, ge=0, le=300)
    emphysema: bool | None = None
    cancer_history: bool | None = None
    upper_lobe: bool | None = None
    family_history: bool | None = None
    spiculated: tuple[int, ...] = Field(default=(), exclude_if=_is_empty)
    not_spiculated: tuple[int, ...] = Field(default=(), exclude_if=_is_empty)
    text: str = Field(default="", max_length=MAX_TEXT)

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        if both := set(self.spiculated) & set(self.not_spiculated):
            raise ValueError(f"finding {min(both)} is said to be spiculated and not")
        return self

    def is_spiculated(self, finding: int) -> bool | None:
        """Return what a reader says of a finding; ``None`` is not known."""
        if finding in self.spiculated:
            return True
        return False if finding in self.not_spiculated else None

    def written(self, finding: int | None = None) -> str:
        """Return one text of all that StarNet is to read; empty where nothing is known.

        Args:
            finding: what is said of this one counts too.
        """
        parts = [self.text.strip()]
        if self.age_years is not None:
            parts.append(f"age {self.age_years:g} years")
        if self.female is not None:
            parts.append("female" if self.female else "male")
        if self.pack_years is not None:
            parts.append(f"{self.pack_years:g} pack-years")
        for known, yes, no in (
            (self.emphysema, "emphysema", "no emphysema"),
            (self.cancer_history, "history of cancer", "no history of cancer"),
            (self.upper_lobe, "upper lobe", "not in an upper lobe"),
            (
                None if finding is None else self.is_spiculated(finding),
                "spiculated",
                "no spiculation",
            ),
        ):
            if known is not None:
                parts.append(yes if known else no)
        return ". ".join(part for part in parts if part)
