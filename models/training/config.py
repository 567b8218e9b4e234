"""How long and how fast to train, and how often to save, tell and validate."""

from __future__ import annotations

import math
from dataclasses import dataclass

# When a run dies, the newest snapshot may be torn, and the next one not yet written: two thirds of
# an interval lie before the one that counts, and writing may take the last third.
SNAPSHOTS_AN_INTERVAL = 3


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
        lose_at_most_seconds: of training that a fault may cost. Snapshots are taken
            ``SNAPSHOTS_AN_INTERVAL`` times as often.
        lose_at_most_steps: the same in steps, instead of the time; at least that many.
        log_steps: steps between lines of the log.
        show_seconds: after which people are shown where a slow run stands.
        validate_steps: steps between validations, where there is a validation.
        patience: validations without a better loss that end the run; never where ``None``.

    Raises:
        ValueError: there is no budget, or fewer steps may be lost than snapshots need.
    """

    seconds: float = math.inf
    steps: int | None = None
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warmup_steps: int = 200
    clip: float = 10.0
    lose_at_most_seconds: float = 60.0
    lose_at_most_steps: int | None = None
    log_steps: int = 50
    show_seconds: float = 15.0
    validate_steps: int = 500
    patience: int | None = None

    def __post_init__(self) -> None:
        if self.steps is None and not math.isfinite(self.seconds):
            raise ValueError("a run needs a budget: give seconds, steps or both")
        least = SNAPSHOTS_AN_INTERVAL
        if self.lose_at_most_steps is not None and self.lose_at_most_steps < least:
            raise ValueError(
                f"lose_at_most_steps must be at least {least}, got {self.lose_at_most_steps}"
            )

    @property
    def snapshot_seconds(self) -> float:
        """Time between snapshots."""
        return self.lose_at_most_seconds / SNAPSHOTS_AN_INTERVAL

    @property
    def snapshot_steps(self) -> int | None:
        """Steps between snapshots; ``None`` where time counts."""
        most = self.lose_at_most_steps
        return None if most is None else most // SNAPSHOTS_AN_INTERVAL
