"""What registering a CT with an earlier one gave: made once, read often.

A pair that cannot be laid over each other is kept too, with the reason, so that nobody tries again
at every look.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from medical.nodule.growth import Registration


class KeptRegistration(BaseModel):
    """What one attempt gave.

    Args:
        affine_lps_mm: 4x4 by rows, from this CT to the earlier one; empty when it failed.
        correlation: correlation of the two CTs once laid over each other; 0 when it failed.
        failure: why it failed, in one sentence; empty otherwise.
        seconds: what the registration took.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal["starlung.registration/1"] = "starlung.registration/1"
    affine_lps_mm: list[list[float]] = []
    correlation: float = Field(
        default=0.0, validation_alias=AliasChoices("correlation", "likeness")
    )
    failure: str = ""
    seconds: float = 0.0

    @property
    def registration(self) -> Registration | None:
        """The map; ``None`` when it failed."""
        if self.failure:
            return None
        return Registration(np.array(self.affine_lps_mm, dtype=np.float64), self.correlation)


def file_name(prior: Path) -> str:
    """Return what the file of a pair is called; it tells nothing of the earlier study."""
    return hashlib.sha256(str(prior.resolve()).encode()).hexdigest()[:16] + ".json"
