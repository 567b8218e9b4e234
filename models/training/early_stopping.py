"""Stop when the validation loss no longer falls, and keep the weights that had the lowest."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn


class EarlyStopping:
    """Remembers the best weights.

    Args:
        patience: how many validations without a new best end the run; ``None`` never ends it.
    """

    def __init__(self, *, patience: int | None = None) -> None:
        if patience is not None and patience < 1:
            raise ValueError(f"patience must be at least 1, got {patience}")
        self.patience = patience
        self.best, self.waited = math.inf, 0
        self.weights: dict[str, Tensor] = {}

    @property
    def done(self) -> bool:
        """Whether patience is at its end."""
        return self.patience is not None and self.waited >= self.patience

    def see(self, loss: float, module: nn.Module) -> None:
        """Judge ``module`` by its validation loss; one that is not a number is no best."""
        if loss < self.best:
            self.best, self.waited = loss, 0
            self.weights = {n: value.clone() for n, value in module.state_dict().items()}
        else:
            self.waited += 1

    def give_back(self, module: nn.Module) -> None:
        """Load the best weights, where there was a validation."""
        if self.weights:
            module.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"best": self.best, "waited": self.waited, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.best, self.waited = state["best"], state["waited"]
        self.weights = dict(state["weights"])
