from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.distributed.compression.error_feedback import Residuals, redistribute

SIZES = {"a": 3, "b": 4, "c": 5}


def layout(names: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, SIZES[name]) for name in names)


def flat(names: str) -> Tensor:
    return torch.zeros(sum(SIZES[name] for name in names))


def filled(seed: int) -> Residuals:
    residuals = Residuals()
    generator = torch.Generator().manual_seed(seed)
    for index, names in enumerate(("ab", "c")):
        memory = residuals.bucket(index, layout(names), flat(names))
        memory.residual.normal_(generator=generator)
    return residuals


def total(states: list[dict[str, dict[str, Tensor]]]) -> Tensor:
    return torch.cat(
        [
            sum((s["residual"][n] for s in states if n in s["residual"]), torch.zeros(SIZES[n]))
            for n in SIZES
        ]
    )


def test_new_bucket_remembers_nothing() -> None:
    assert not Residuals().bucket(0, layout("ab"), flat("ab")).residual.any()


def test_same_layout_gives_the_same_memory() -> None:
    residuals = filled(0)
    first = residuals.bucket(0, layout("ab"), flat("ab"))
    assert residuals.bucket(0, layout("ab"), flat("ab")) is first


def test_rearranged_buckets_keep_each_parameters_residual() -> None:
    residuals = filled(1)
    before = total([residuals.state_dict()])
    first = residuals.bucket(0, layout("c"), flat("c"))
    residuals.bucket(1, layout("ba"), flat("ba"))
    assert torch.equal(first.residual, before[7:])
    assert torch.equal(total([residuals.state_dict()]), before)


def test_state_comes_back() -> None:
    state, other = filled(2).state_dict(), Residuals()
    other.load_state_dict(state)
    memory = other.bucket(0, layout("ab"), flat("ab"))
    assert torch.equal(memory.residual, torch.cat([state["residual"]["a"], state["residual"]["b"]]))


def test_what_is_taken_is_gone() -> None:
    residuals = filled(3)
    assert residuals.take(layout("c"), flat("c")) is not None
    assert residuals.take(layout("c"), flat("c")) is None
    assert residuals.bucket(0, layout("ab"), flat("ab")).residual.any()


@pytest.mark.parametrize("world", [1, 2, 3, 5, 8])
def test_sum_of_residuals_survives_another_number_of_ranks(world: int) -> None:
    states = [filled(seed).state_dict() for seed in range(4)]
    shared = redistribute(states, world)
    assert len(shared) == world
    torch.testing.assert_close(total(shared), total(states))
    first = Residuals()
    first.load_state_dict(shared[-1])  # ranks that were not there before may hold nothing


def test_no_ranks_are_refused() -> None:
    with pytest.raises(ValueError, match="got 0"):
        redistribute([], 0)
