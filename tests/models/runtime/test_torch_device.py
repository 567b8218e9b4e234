"""Candidates fed in few batch sizes come out as they would alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.runtime.torch_device import filled_up


@pytest.mark.parametrize(
    ("count", "sizes", "batch"),
    [
        (1, (4, 16, 64), 4),
        (4, (4, 16, 64), 4),
        (5, (4, 16, 64), 16),
        (64, (4, 16, 64), 64),
        (70, (4, 16, 64), 70),
        (5, (), 5),
    ],
)
def test_batches_are_filled_up_and_the_filling_is_cut_off(
    count: int, sizes: tuple[int, ...], batch: int
) -> None:
    seen: list[int] = []

    def call(crops: Tensor, extents: Tensor) -> tuple[Tensor, Tensor]:
        assert len(crops) == len(extents)
        seen.append(len(crops))
        return crops.sum((1, 2)) + extents, crops * 2

    torch.manual_seed(count)
    crops, extents = torch.rand(count, 3, 2), torch.rand(count)
    sums, doubled = filled_up(call, sizes)(crops, extents)
    assert seen == [batch]
    assert torch.equal(sums, crops.sum((1, 2)) + extents)
    assert torch.equal(doubled, crops * 2)
    (alone,) = filled_up(lambda crops: crops + 1, sizes)(crops)
    assert torch.equal(alone, crops + 1)
