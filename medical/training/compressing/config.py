"""What a compression is to do, typed: made once by the command, read by every process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self, cast

from pydantic import Field

from medical.files import write_atomic
from medical.training.compressing.recipe import CompressionRecipe
from medical.training.config import Cases
from medical.training.recipes import Frozen, Patches, Recipe, read_recipe
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.zoo.card import ModelCard

_TEACHING = "teaching.json"


class CompressConfig(Frozen):
    """One compression.

    Args:
        source: cases to teach with and, of other patients, to measure on.
        recipe: how far to go, and how long to teach.
        bound: most of the mean sensitivity that may be lost, at the lower end of its 95 % interval.
        patches: what a step of teaching sees.
        per_node: processes that teach together, each with an accelerator where there is one.
        seed: of batches.
        resume: whether to go on with what is in the run's folder.
    """

    source: Cases
    recipe: CompressionRecipe = CompressionRecipe()
    bound: Annotated[float, Field(ge=0, lt=1)] = 0.01
    patches: Patches = Patches()
    per_node: Annotated[int, Field(ge=1)] = 1
    seed: int = 0
    resume: bool = False

    def build_recipe(self, teacher: ModelCard) -> Recipe:
        """Build the recipe that students are taught by: a teacher's networks, one phase's batches.

        Args:
            teacher: whose card tells the networks' sizes.
        """
        sizes = cast(dict[str, Any], dict(teacher.detector))
        sizes["widths"] = tuple(sizes["widths"])
        sizes.pop("mirrored", None)  # the student is taught by both views and needs one
        lessons = Recipe()
        if self.recipe.lessons:
            lessons = read_recipe(self.recipe.lessons)
            lessons = lessons.model_copy(
                update={"phases": (lessons.phases[0].model_copy(update={"share": 1.0}),)}
            )
        return lessons.model_copy(
            update={
                "name": self.recipe.name,
                "detector": DetectorConfig(**sizes),
                "refiner": RefinerConfig.from_dict(teacher.refiner),
                "patches": self.patches,
                "seed": self.seed,
            }
        )


class Teaching(Frozen):
    """What the processes that teach must know.

    Args:
        config: of the compression.
        teacher: the teacher's folder.
        cases: files of the prepared cases, below the run's folder.
    """

    config: CompressConfig
    teacher: str
    cases: tuple[str, ...]

    def write(self, out: Path) -> None:
        """Keep it in the run's folder."""
        write_atomic(out / _TEACHING, self.model_dump_json(indent=1))

    @classmethod
    def read(cls, out: Path) -> Self:
        """Read what ``write`` left in a run's folder."""
        return cls.model_validate_json((out / _TEACHING).read_text(encoding="utf-8"))
