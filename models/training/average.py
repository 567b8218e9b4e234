"""Exponential moving average of a module's weights: what is evaluated and shipped."""

from __future__ import annotations

import copy

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
        mine, theirs = list(self.module.parameters()), list(module.parameters())
        data: list[Tensor] = [p.detach() for p in theirs]
        torch._foreach_lerp_([p.data for p in mine], data, 1 - decay)
        for own, other in zip(self.module.buffers(), module.buffers(), strict=True):
            own.copy_(other)
