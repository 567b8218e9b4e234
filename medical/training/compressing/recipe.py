"""Recipes of compressions: how far channels go and how long is taught, as files of the product."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from medical.errors import InputError, sentence_of
from medical.training.compressing.plan import SMALL_REFINER, CompressionPlan
from medical.training.recipes import SHIPPED, Frozen
from models.compression.pruning import MULTIPLICATIONS_COUNT
from models.detector.refiner import RefinerConfig

_FOLDER = SHIPPED / "compression"


class CompressionRecipe(Frozen):
    """One way to make a model smaller.

    Args:
        name: for the card.
        about: what it is for.
        lessons: training recipe whose first phase makes the patches and whose synthetic chests are
            among the lungs; patches without any options where not given.
        cost: multiplications and weights left, as a share of the teacher's.
        multiplications_count: how much multiplications count in the cost; weights count the rest.
        eight_bit_share: of the teaching time, with every convolution rounded; none where 0.
        refinement_share: of the teaching time, for a small second stage; none where 0.
        refiner: sizes of the second stage.
        mirrored: the student reads in a mirror as well where its teacher does.
        learning_rate: peak, after pruning; a fifth of it in eight bits.
        minutes: of teaching, where the command gives none.
    """

    name: str = "lite"
    about: str = ""
    lessons: str = ""
    cost: Annotated[float, Field(gt=0, lt=1)] = 0.26
    multiplications_count: Annotated[float, Field(ge=0, le=1)] = MULTIPLICATIONS_COUNT
    eight_bit_share: Annotated[float, Field(ge=0, lt=1)] = 0.22
    refinement_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    refiner: RefinerConfig = SMALL_REFINER
    mirrored: bool = False
    learning_rate: Annotated[float, Field(gt=0)] = 1.5e-3
    minutes: Annotated[float, Field(gt=0)] = 60.0

    @model_validator(mode="after")
    def _time_is_left_for_the_first_stage(self) -> Self:
        if self.eight_bit_share + self.refinement_share >= 1:
            raise ValueError("eight_bit_share and refinement_share must add up to less than 1")
        return self

    @property
    def plan(self) -> CompressionPlan:
        """The same as the teaching takes it."""
        return CompressionPlan(
            cost=self.cost,
            multiplications_count=self.multiplications_count,
            seconds=60 * self.minutes,
            eight_bit_share=self.eight_bit_share,
            refinement_share=self.refinement_share,
            refiner=self.refiner,
            mirrored=self.mirrored,
            learning_rate=self.learning_rate,
        )


def read_compression_recipe(name: str) -> CompressionRecipe:
    """Read a recipe by its name, or from a TOML file.

    Raises:
        InputError: there is none of that name, or the file is not a recipe; what is wrong is named.
    """
    there = sorted(file.stem for file in _FOLDER.glob("*.toml"))
    path = _FOLDER / f"{name}.toml" if name in there else Path(name)
    try:
        return CompressionRecipe.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise InputError(
            path, "no such recipe", f"Give a file, or one of: {', '.join(there)}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read ({type(error).__name__})"
        raise InputError(path, problem, "Give a TOML file") from error
    except ValidationError as error:
        raise InputError(path, sentence_of(error), "Correct it; see docs/compressing.md") from error
    except ValueError as error:  # no TOML
        raise InputError(path, str(error), "Correct it; see docs/compressing.md") from error
