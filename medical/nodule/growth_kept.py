"""The registration of a CT with an earlier one, kept beside the result: made once, read often.

On failure: the file is written whole or not at all; a pair that cannot be laid over each other is
kept too, with the reason, so that nobody tries again at every look.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from medical.nodule.registration import Registration


class KeptRegistration(BaseModel):
    """What one attempt gave.

    Args:
        affine_lps_mm: 4x4 by rows, from this CT to the earlier one; empty when it failed.
        likeness: correlation of the two CTs once laid over each other; 0 when it failed.
        failure: why it failed, in one sentence; empty otherwise.
        seconds: what the registration took.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal["starlung.registration/1"] = "starlung.registration/1"
    affine_lps_mm: list[list[float]] = []
    likeness: float = 0.0
    failure: str = ""
    seconds: float = 0.0

    @property
    def registration(self) -> Registration | None:
        """The map; ``None`` when it failed."""
        if self.failure:
            return None
        return Registration(np.array(self.affine_lps_mm, dtype=np.float64), self.likeness)


def keep_registration(folder: Path, prior: Path, found: KeptRegistration) -> None:
    """Write what was found for the CT in ``folder`` and the earlier one in ``prior``."""
    path = registration_file(folder, prior)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".partial")
    beside.write_text(found.model_dump_json(), "utf-8")
    beside.replace(path)


def kept_registration(folder: Path, prior: Path) -> KeptRegistration | None:
    """Read what was kept for the pair; ``None`` when nothing was, or it cannot be read."""
    try:
        return KeptRegistration.model_validate_json(registration_file(folder, prior).read_bytes())
    except (OSError, ValidationError):
        return None


def registration_file(folder: Path, prior: Path) -> Path:
    """Where it lies; the name tells nothing of the earlier study."""
    name = hashlib.sha256(str(prior.resolve()).encode()).hexdigest()[:16]
    return folder / "growth" / f"{name}.json"
