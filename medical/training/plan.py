"""What one training process must know, written down: each rank of a run reads it from OUT."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from models.training.curriculum import Curriculum

PLAN = "plan.json"


class RunPlan(BaseModel):
    """One training, with paths relative to its folder where they lie below it.

    ``training`` and ``validation`` are kept cases; ``parent`` is a model's folder; budgets are as
    in ``models.training.config.LoopConfig``; ``batch`` is patches a step and process;
    ``sparse`` allows a part of the gradients alone to go between nodes; ``curriculum`` are the
    stages.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    training: list[str]
    validation: list[str] = []
    nodule_pool: str | None = None
    parent: str | None = None
    seconds: float
    steps: int | None = None
    batch: int
    patch: int
    seed: int
    patience: int | None = None
    sparse: bool = False
    curriculum: Curriculum | None = None

    def write(self, out: Path) -> None:
        """Write ``out/plan.json``, whole or not at all."""
        beside = out / f"{PLAN}.partial"
        beside.write_text(self.model_dump_json(indent=2) + "\n", "utf-8")
        beside.replace(out / PLAN)

    @classmethod
    def read(cls, out: Path) -> RunPlan:
        """Read what ``write`` wrote."""
        return cls.model_validate_json((out / PLAN).read_text("utf-8"))
