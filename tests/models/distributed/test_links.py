from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from models.distributed.links import groups_of, measure_links
from tests.models.distributed.gloo import on_ranks


def links(world: int, speeds: dict[tuple[int, int], float], *, other: float) -> Tensor:
    megabits = torch.full((world, world), other, dtype=torch.float64).fill_diagonal_(torch.inf)
    for (a, b), speed in speeds.items():
        megabits[a, b] = megabits[b, a] = speed
    return megabits


def test_fast_links_join_groups() -> None:
    assert groups_of(links(4, {(0, 2): 900.0, (1, 3): 1000.0}, other=100.0)) == [0, 1, 0, 1]


def test_groups_may_have_links_of_different_speeds() -> None:
    speeds = {(0, 1): 4000.0, (2, 3): 2500.0, (2, 4): 2600.0, (3, 4): 2500.0}
    assert groups_of(links(5, speeds, other=100.0)) == [0, 0, 1, 1, 1]


def test_links_that_differ_little_are_one_group() -> None:
    assert groups_of(links(3, {(0, 1): 150.0}, other=100.0)) == [0, 0, 0]


def test_one_rank_is_a_group() -> None:
    assert groups_of(torch.full((1, 1), torch.inf)) == [0]


def measured_on(rank: int) -> Tensor:
    return measure_links(torch.device("cpu"), values=2**12)


def test_all_ranks_measure_the_same(tmp_path: Path) -> None:
    found = on_ranks(3, measured_on, tmp_path)
    assert all(torch.equal(one, found[0]) for one in found)
    assert torch.equal(found[0], found[0].T)
    assert (found[0] > 0).all()
    assert torch.isinf(found[0].diagonal()).all()
