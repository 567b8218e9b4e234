"""How long and how fast to train, and how often to save, tell and validate."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """How to train; give ``seconds``, ``steps`` or both: the first to be spent ends the run.

    Args:
        seconds: budget of training time over all resumptions.
        steps: budget of steps; the schedule then follows steps, not the clock.
        learning_rate: peak; warmed up, then a cosine to one hundredth over the budget.
        weight_decay: of AdamW.
        warmup_steps: linear warm-up.
        clip: largest norm of the gradient.
        checkpoint_seconds: time between checkpoints.
        checkpoint_steps: steps between checkpoints, instead of the time.
        log_steps: steps between lines of the log.
        validate_steps: steps between validations, where there is a validation.
        patience: validations without a better loss that end the run; never where ``None``.

    Raises:
        ValueError: there is no budget.
    """

    seconds: float = math.inf
    steps: int | None = None
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warmup_steps: int = 200
    clip: float = 10.0
    checkpoint_seconds: float = 60.0
    checkpoint_steps: int | None = None
    log_steps: int = 50
    validate_steps: int = 500
    patience: int | None = None

    def __post_init__(self) -> None:
        if self.steps is None and not math.isfinite(self.seconds):
            raise ValueError("a run needs a budget: give seconds, steps or both")
