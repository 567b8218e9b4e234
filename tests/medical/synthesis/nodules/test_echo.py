from __future__ import annotations

import itertools

import pytest
import torch

from medical.synthesis.insertion.batch import TrainingBatch
from medical.synthesis.nodules.echo import Echo, turned

EDGE = 8


def batch_with_a_dot(z: int, y: int, x: int) -> TrainingBatch:
    image = torch.zeros(1, 1, EDGE, EDGE, EDGE)
    image[0, 0, z, y, x] = 1
    row = torch.ones(1, 1)
    yes = torch.ones(1, 1, dtype=torch.bool)
    center = torch.tensor([[[float(z), float(y), float(x)]]])
    return TrainingBatch(image, image.clone(), center, row, yes, yes.long(), yes, ~yes)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("mirrored", [[], [0], [1, 2], [0, 1, 2]])
def test_centres_follow_their_voxels(order: tuple[int, ...], mirrored: list[int]) -> None:
    made = turned(batch_with_a_dot(1, 2, 5), order=list(order), mirrored=mirrored)
    for volume in (made.image, made.label):
        assert torch.nonzero(volume[0, 0]).tolist() == made.centers[0].long().tolist()


def test_each_batch_is_used_so_often() -> None:
    numbers = iter(range(9))
    echo = Echo(lambda: batch_with_a_dot(next(numbers) % EDGE, 0, 0), times=3)
    used = [echo() for _ in range(6)]
    assert next(numbers) == 2
    assert used[0].centers[0, 0, 0] == 0 and used[3].centers[0, 0, 0] == 1
    assert all(float(batch.image.sum()) == 1 for batch in used)
