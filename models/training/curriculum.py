"""A curriculum as data: stages that follow each other, one TOML file each.

Which stage a step belongs to follows from its number alone, so a run may be cut off and go on
anywhere, and many short runs add up to one. What a stage tells the source of batches is a table
that this package does not look into.
"""

from __future__ import annotations

import tomllib
from itertools import accumulate
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Stage(BaseModel):
    """One stage.

    Args:
        name: told when it begins.
        steps: how many it takes.
        learning_rate: factor of the run's own schedule.
        batches: options of the source of batches.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    steps: int = Field(gt=0)
    learning_rate: float = Field(default=1.0, gt=0)
    batches: dict[str, Any] = {}


class Curriculum(BaseModel):
    """Stages in their order, at least one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stages: tuple[Stage, ...] = Field(min_length=1)

    @property
    def steps(self) -> int:
        """Of all stages."""
        return sum(stage.steps for stage in self.stages)

    def number_at(self, step: int) -> int:
        """Return the number of a step's stage, 0 for the first; the last one goes on.

        Args:
            step: how many steps were taken before.
        """
        ends = list(accumulate(stage.steps for stage in self.stages))
        return next((n for n, end in enumerate(ends) if step < end), len(ends) - 1)


def read_curriculum(path: Path) -> Curriculum:
    """Read one stage from a ``.toml`` file, or several from a folder, in the order of their names.

    Raises:
        ValueError: a file cannot be read, or says what no stage says; the message names the file
            and what is wrong.
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"{path}: no stage in it, a file that ends in .toml")
    return Curriculum(stages=tuple(_read_stage(file) for file in files))


def _read_stage(file: Path) -> Stage:
    try:
        return Stage.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: cannot be read ({type(error).__name__})") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file}: not TOML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{file}: {where}: {first['msg']}") from error
