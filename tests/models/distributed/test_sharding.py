from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.distributed.sharding import Placement, place_weights, plan_sharding
from tests.models.distributed.gloo import on_ranks

NODES = [0, 1, 0, 1]
WEIGHTS = 1000  # 16 kB with gradients and optimizer


def test_copies_are_taken_where_they_fit() -> None:
    plan = plan_sharding(NODES, WEIGHTS, memory_bytes=16_000)
    assert plan.placement is Placement.COPIES
    assert plan.bytes_a_rank == 16_000
    assert set(plan.bytes_on_links().values()) == {round(2 * 3 / 4 * 4000)}


def test_shards_stay_within_groups_and_only_gradients_cross() -> None:
    plan = plan_sharding(NODES, WEIGHTS, memory_bytes=8_000)
    assert (plan.placement, plan.grid) == (Placement.GROUPS, [[0, 2], [1, 3]])
    between = plan.bytes_between_groups()
    assert between[0, 0] == between[1, 1] == 2 * round(3 / 2 * 4000)
    assert between[0, 1] == between[1, 0] == 2 * round(4000 / 2)


def test_shards_over_all_where_a_group_is_too_small() -> None:
    plan = plan_sharding(NODES, WEIGHTS, memory_bytes=4_000)
    assert (plan.placement, plan.bytes_a_rank) == (Placement.ALL, 4_000)


def test_groups_of_different_sizes_shard_over_all_and_it_says_so() -> None:
    plan = plan_sharding([0, 0, 1], WEIGHTS, memory_bytes=8_000)
    assert plan.placement is Placement.ALL
    assert "differ in size" in plan.why


def test_too_little_memory_is_refused_with_what_is_needed() -> None:
    with pytest.raises(ValueError, match=r"1,000 weights need 0\.0 MB"):
        plan_sharding(NODES, WEIGHTS, memory_bytes=3_000)


def test_plan_tells_bytes_and_the_slowest_link() -> None:
    plan = plan_sharding(NODES, 10**6, memory_bytes=8e6)
    megabits = torch.full((4, 4), 1000.0)
    megabits[1, 0] = megabits[0, 1] = 10.0
    told = plan.lines(megabits)
    assert "HSDP" in told[0]
    assert "predicted group 0 to 1: 4.00 MB a step" in told
    assert told[-1] == "slowest link: rank 0 to 1, 10 Mb/s, 1600.0 ms a step"


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv3d(8, 4, 3))


def batch(rank: int, step: int) -> Tensor:
    generator = torch.Generator().manual_seed(10 * step + rank)
    return torch.randn(2, 1, 8, 8, 8, generator=generator)


def trained_on(rank: int, memory_bytes: float) -> dict[str, Tensor]:
    """Two steps of a module sharded as planned; its whole weights, and the size of its shard."""
    module = network()
    weights = sum(p.numel() for p in module.parameters())
    plan = plan_sharding(NODES, weights, memory_bytes=memory_bytes)
    place_weights(module, plan, device_type="cpu")
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
    for step in range(2):
        optimizer.zero_grad()
        module(batch(rank, step)).square().mean().backward()
        optimizer.step()
    whole = {name: p.full_tensor() for name, p in module.named_parameters()}  # type: ignore[operator]
    own = sum(p.to_local().numel() for p in module.parameters())  # type: ignore[operator]
    return {**whole, "own": torch.tensor(own)}


@pytest.mark.parametrize("share", [2, 4])
def test_sharded_ranks_train_as_one_process_does(tmp_path: Path, share: int) -> None:
    module = network()
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
    for step in range(2):
        optimizer.zero_grad()
        for rank in range(4):
            (module(batch(rank, step)).square().mean() / 4).backward()
        optimizer.step()
    weights = sum(p.numel() for p in module.parameters())
    found = on_ranks(4, trained_on, tmp_path, 16 * weights / share)
    for one in found:
        assert int(one["own"]) <= weights / share * 1.1
        for name, p in module.named_parameters():
            torch.testing.assert_close(one[name], p.detach(), rtol=0, atol=1e-6)
