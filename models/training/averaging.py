"""The weights that a run ends with: their moving average, and the best of it by validation."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """Keeps a slowly following copy of ``module``.

    Args:
        module: the module being trained.
        decay: share of the old average kept at each step, once warmed up.
    """

    def __init__(self, module: nn.Module, *, decay: float = 0.999) -> None:
        self.module = copy.deepcopy(module).eval()
        self.module.requires_grad_(False)
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take one step towards ``module``; buffers are copied."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        averages, parameters = list(self.module.parameters()), list(module.parameters())
        data: list[Tensor] = [p.detach() for p in parameters]
        torch._foreach_lerp_([p.data for p in averages], data, 1 - decay)
        for own, other in zip(self.module.buffers(), module.buffers(), strict=True):
            own.copy_(other)


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
