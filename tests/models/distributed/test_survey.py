from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from models.distributed.survey import group_ranks, survey
from models.distributed.topology import Place
from tests.models.distributed.gloo import on_ranks

EVEN = torch.full((4, 4), 100.0)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([("a", 1, 0), ("a", 1, 1), ("b", 1, 0), ("b", 1, 1)], [0, 0, 1, 1]),
        ([("a", 1, 0), ("a", 2, 0), ("a", 1, 0), ("a", 2, 0)], [0, 1, 0, 1]),
        ([("a", 1, 0), ("a", 1, 1), ("a", 1, 1), ("a", 1, 0)], [0, 1, 1, 0]),
        ([("a", 1, -1)] * 4, [0, 0, 0, 0]),
    ],
)
def test_ranks_are_grouped_by_host_then_memory_node(
    places: list[tuple[str, int, int]], expected: list[int]
) -> None:
    assert group_ranks([Place(*place) for place in places], EVEN) == expected


def test_links_decide_where_places_say_nothing() -> None:
    megabits = EVEN.clone()
    megabits[0, 3] = megabits[3, 0] = megabits[1, 2] = megabits[2, 1] = 1000.0
    assert group_ranks([Place("a", 1, -1)] * 4, megabits) == [0, 1, 1, 0]


def surveyed_on(rank: int) -> list[str]:
    return survey(nn.Linear(100, 100), torch.device("cpu"))


def test_survey_tells_groups_placement_and_bytes(tmp_path: Path) -> None:
    told = on_ranks(2, surveyed_on, tmp_path)
    assert told[0] == told[1]
    text = "\n".join(told[0])
    assert "2 ranks in" in text
    assert "copies on every rank (DDP)" in text
    assert "MB a step" in text
