"""Candidates fed in few batch sizes come out as they would alone."""

from __future__ import annotations

import numpy as np
import pytest

from models.runtime.torch_device import in_parts


@pytest.mark.parametrize(
    ("count", "sizes", "batches"),
    [
        (1, (4, 16, 64), [4]),
        (5, (4, 16, 64), [16]),
        (64, (4, 16, 64), [64]),
        (65, (4, 16, 64), [64, 4]),
        (130, (4, 16, 64), [64, 64, 4]),
        (5, (), [5]),
        (70, (), [64, 6]),
    ],
)
def test_batches_are_filled_up_and_the_filling_is_cut_off(
    count: int, sizes: tuple[int, ...], batches: list[int]
) -> None:
    seen: list[int] = []

    def run(crops: np.ndarray, extents: np.ndarray) -> list[np.ndarray]:
        assert len(crops) == len(extents)
        seen.append(len(crops))
        return [crops.sum((1, 2)) + extents, crops * 2]

    draw = np.random.default_rng(count)
    crops, extents = draw.random((count, 3, 2), np.float32), draw.random(count, np.float32)
    sums, doubled = in_parts(run, sizes)(crops, extents)
    assert seen == batches
    np.testing.assert_array_equal(sums, crops.sum((1, 2)) + extents)
    np.testing.assert_array_equal(doubled, crops * 2)
