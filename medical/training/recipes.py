"""Recipes: how shipped weights were made, as files that ``starlung retrain --recipe`` runs."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from medical.errors import InputError
from medical.training.batches import mixture_of
from medical.training.config import Recipe, sentence_of

SHIPPED = Path(__file__).parents[2] / "models" / "zoo" / "recipes"


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
            mixture_of(phase.curriculum.stages[0])
    except FileNotFoundError as error:
        there = ", ".join(shipped_recipes())
        raise InputError(path, "no such recipe", f"Give a file, or one of: {there}") from error
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read ({type(error).__name__})"
        raise InputError(path, problem, "Give a TOML file") from error
    except ValidationError as error:
        problem = sentence_of(error).replace("--", "", 1).replace("-", "_", 1)
        raise InputError(path, problem, "Correct it; see docs/retraining.md") from error
    except ValueError as error:  # TOML, or a mixture that refuses a value
        raise InputError(path, str(error), "Correct it; see docs/retraining.md") from error
    return recipe
