"""Recipes: how weights are made, apart from what they are made from.

Those of the shipped weights are files of the product, which ``starlung retrain --recipe`` runs.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from medical.errors import InputError, sentence_of
from medical.training.batches import augmentation_of
from models.detector.contract import current_names
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.curriculum import Curriculum, Stage
from models.zoo.loader import DEFAULT_MODEL

FROM_NOTHING = "none"
_BATCH_BY_DEVICE = {"cuda": 32, "cpu": 4}
_MIN_LOCAL_PATCH = 64  # local attention looks 50 mm around
SHIPPED = Path(__file__).parents[2] / "models" / "zoo" / "recipes"


class Frozen(BaseModel):
    """A part of a configuration: no field but those named, none changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Budget(Frozen):
    """How long to train; what is spent first ends the run.

    Args:
        minutes: of training, over all resumptions.
        steps: of the optimizer; makes a run repeatable to the bit on one CPU.
        patience: validations without a lower loss.
    """

    minutes: Annotated[float, Field(gt=0)] = 60.0
    steps: Annotated[int, Field(ge=1)] | None = None
    patience: Annotated[int, Field(ge=1)] | None = None

    @property
    def seconds(self) -> float:
        """The minutes in seconds."""
        return self.minutes * 60


class Patches(Frozen):
    """What a step sees.

    Args:
        batch: patches a step and process; by device where not given.
        patch: edge of a patch, millimetres.
    """

    batch: Annotated[int, Field(ge=4, multiple_of=4)] | None = None
    patch: Annotated[int, Field(ge=48, multiple_of=16)] = 96

    def on(self, device_type: str) -> Self:
        """Return the same with the batch that a kind of device takes, where none was given."""
        return self.model_copy(update={"batch": self.batch or _BATCH_BY_DEVICE[device_type]})

    def refuse_too_small_for_local_attention(self) -> None:
        """Refuse patches that do not hold a neighbourhood.

        Raises:
            ValueError: the option and its value are named.
        """
        if self.patch < _MIN_LOCAL_PATCH:
            raise ValueError(
                f"--patch must be at least {_MIN_LOCAL_PATCH} with local attention, "
                f"got {self.patch}"
            )

    @property
    def count(self) -> int:
        """Patches a step and process; those of a CPU until ``on`` says otherwise."""
        return self.batch or _BATCH_BY_DEVICE["cpu"]


class Phase(Frozen):
    """One training with an optimizer of its own; a recipe may have several, one after another.

    Args:
        name: of its folder below OUT, where there are several.
        learns: both stages; the first alone; or the second alone, on the first one's candidates.
        share: of the run's budget.
        learning_rate: peak; warmed up, then a cosine to one hundredth.
        weight_decay: of AdamW.
        warmup_steps: linear warm-up.
        smoothing: of the labels nodule and no nodule.
        echoes: how often each batch is used; more is faster where batches are slow to make.
        compiled: compile the first stage where it trains on an accelerator.
        batches: options of ``medical.synthesis.insertion.config.AugmentationConfig``, and
            ``hard_negatives``; those of a curriculum's stages go before.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] = "both-stages"
    learns: Literal["both", "first-stage", "refinement-stage"] = "both"
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    learning_rate: Annotated[float, Field(gt=0)] = 1.5e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.02
    warmup_steps: Annotated[int, Field(ge=0)] = 200
    smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    echoes: Annotated[int, Field(ge=1)] = 1
    compiled: bool = False
    batches: dict[str, Any] = {}

    @property
    def curriculum(self) -> Curriculum:
        """The phase as a curriculum of one stage, without a budget of its own."""
        return Curriculum(stages=(Stage(name=self.name, steps=1, batches=self.batches),))


def _refiner(given: object) -> object:
    """Take the refiner's former names, which runs and recipes of earlier versions hold."""
    return current_names(given) if isinstance(given, dict) else given


class Recipe(Frozen):
    """How weights are made, apart from what they are made from; a TOML file, see ``recipes``.

    Args:
        name: for the card.
        about: what the recipe is for, and what it gave.
        start_from: model whose weights to begin with; ``FROM_NOTHING`` for random ones.
        detector: sizes of the first stage, where it begins from nothing.
        refiner: sizes of the second.
        phases: the trainings, in their order; their shares add up to one.
        chests: synthetic chests without nodules among the lungs.
        chest_share: of the patches that come from them.
        budget: where the command gives none.
        patches: where the command gives none.
        seed: of weights and batches.
    """

    name: str = "default"
    about: str = ""
    start_from: str = DEFAULT_MODEL
    detector: DetectorConfig = DetectorConfig()
    refiner: Annotated[RefinerConfig, BeforeValidator(_refiner)] = RefinerConfig()
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)] = (Phase(),)
    chests: Annotated[int, Field(ge=0)] = 0
    chest_share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    budget: Budget = Budget()
    patches: Patches = Patches()
    seed: int = 0

    @model_validator(mode="after")
    def _phases_fill_the_budget(self) -> Self:
        if not math.isclose(total := sum(phase.share for phase in self.phases), 1.0, abs_tol=1e-6):
            raise ValueError(f"the shares of the phases must add up to 1, got {total:g}")
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise ValueError(f"phases must have different names, got {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _patches_hold_a_neighbourhood(self) -> Self:
        if self.detector.local_attention:
            self.patches.refuse_too_small_for_local_attention()
        return self


def shipped_recipes() -> list[str]:
    """Names of the recipes that come with the program."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def read_recipe(name: str) -> Recipe:
    """Read a recipe by its name, or from a TOML file.

    Raises:
        InputError: there is none of that name, or the file is not a recipe; what is wrong is named.
    """
    path = SHIPPED / f"{name}.toml"
    if name not in shipped_recipes():
        path = Path(name)
    try:
        recipe = Recipe.model_validate(tomllib.loads(path.read_text("utf-8")))
        for phase in recipe.phases:
            augmentation_of(phase.curriculum.stages[0])
    except FileNotFoundError as error:
        there = ", ".join(shipped_recipes())
        raise InputError(path, "no such recipe", f"Give a file, or one of: {there}") from error
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read ({type(error).__name__})"
        raise InputError(path, problem, "Give a TOML file") from error
    except ValidationError as error:
        problem = sentence_of(error).replace("--", "", 1).replace("-", "_", 1)
        raise InputError(path, problem, "Correct it; see docs/retraining.md") from error
    except ValueError as error:  # TOML, or a augmentation that refuses a value
        raise InputError(path, str(error), "Correct it; see docs/retraining.md") from error
    return recipe
