"""Using each batch more than once, mirrored and with its axes exchanged.

Making a batch costs more time than learning from it.

Source:
    Choi et al., "Faster neural network training with data echoing", arXiv 1907.05550.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from medical.synthesis.insertion.batch import TrainingBatch


class Echo:
    """A maker of batches that turns each into several.

    Args:
        make: makes a batch.
        times: how often each is used, at least 1; the first time as it is.
    """

    def __init__(self, make: Callable[[], TrainingBatch], *, times: int) -> None:
        if times < 1:
            raise ValueError(f"times must be at least 1, got {times}")
        self.make, self.times = make, times
        self.batch: TrainingBatch | None = None
        self.used = 0

    def __call__(self) -> TrainingBatch:
        """Return the next batch."""
        if self.batch is None or self.used == self.times:
            self.batch, self.used = self.make(), 1
            return self.batch
        self.used += 1
        order = torch.randperm(3).tolist()
        mirrored = [axis for axis in range(3) if float(torch.rand(())) < 0.5]
        return turned(self.batch, order=order, mirrored=mirrored)


def turned(batch: TrainingBatch, *, order: list[int], mirrored: list[int]) -> TrainingBatch:
    """Return the same patches with their axes exchanged, then mirrored.

    Args:
        batch: cubes.
        order: which of the axes (z, y, x) = (0, 1, 2) becomes the first, second and third.
        mirrored: which of the new axes are turned round.
    """
    last = batch.image.shape[-1] - 1

    def volume(x: Tensor) -> Tensor:
        moved = x.permute(0, 1, *(2 + axis for axis in order))
        return moved.flip([2 + axis for axis in mirrored]).contiguous()

    centers = batch.centers[..., order].clone()
    for axis in mirrored:
        centers[..., axis] = last - centers[..., axis]
    return batch._replace(image=volume(batch.image), label=volume(batch.label), centers=centers)
