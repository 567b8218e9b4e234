from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from models.distributed.aggregator import AggregatorConfig, HierarchicalAggregator
from models.distributed.compression.error_feedback import redistribute
from models.distributed.compression.selection import SharedTopK
from models.distributed.compression.values import Format
from tests.benchmarks.traffic.one_strategy import OneStrategy
from tests.logs import logged
from tests.models.distributed.gloo import on_ranks

NODES = [0, 0, 1, 1]
State = dict[str, Any]


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 30), nn.Linear(30, 1))


def attached(
    module: nn.Module, aggregator: HierarchicalAggregator | None, **options: Any
) -> DistributedDataParallel:
    ddp = DistributedDataParallel(
        module, bucket_cap_mb=0.01, gradient_as_bucket_view=True, **options
    )
    if aggregator is not None:
        aggregator.attach(ddp)
    return ddp


def gradients(ddp: DistributedDataParallel, rank: int, step: int, *, bad: bool = False) -> Tensor:
    """One backward on this rank's own batch; the gradient that came out of it."""
    ddp.zero_grad(set_to_none=True)
    generator = torch.Generator().manual_seed(1000 * step + rank)
    dtype = next(ddp.parameters()).dtype
    x = torch.randn(8, 40, generator=generator).to(dtype)
    loss = ddp(x).square().mean()
    (loss * float("nan") if bad else loss).backward()
    return torch.cat([p.grad.flatten().clone() for p in ddp.parameters()])  # type: ignore[union-attr]


def local_gradient(module: nn.Module, rank: int, step: int) -> Tensor:
    twin = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(1000 * step + rank)
    x = torch.randn(8, 40, generator=generator).to(next(twin.parameters()).dtype)
    grads = torch.autograd.grad(twin(x).square().mean(), list(twin.parameters()))
    return torch.cat([g.flatten() for g in grads])


def residual(states: list[State], module: nn.Module) -> Tensor:
    names = [(name, p.numel()) for name, p in module.named_parameters()]
    total = torch.zeros(sum(n for _, n in names), dtype=torch.float64)
    for state in states:
        parts = [state["residual"].get(name, torch.zeros(n)).double() for name, n in names]
        total += torch.cat(parts)
    return total


def configured(**options: Any) -> AggregatorConfig:
    top = {"k": 0.05, "k_start": 0.2, "warmup_steps": 6, **options.pop("top", {})}
    return AggregatorConfig(top=SharedTopK(**top), **options)


def rank_of_everything(rank: int) -> State:
    """Several trials in one start of the processes, which is what costs."""
    out: State = {}
    plain = attached(network(), None)
    attached_strategy = attached(network(), OneStrategy(flat=True, node_of_rank=NODES))
    out["equal"] = [
        torch.equal(gradients(plain, rank, step), gradients(attached_strategy, rank, step))
        for step in range(4)
    ]
    for name, options in (
        ("sparse", {"k": 0.05, "k_start": 0.2, "warmup": 6}),
        ("byte", {"form": Format.INT8}),
        ("half", {"form": Format.FP16}),
        ("exact", {"k": 0.3, "form": Format.FP32}),
    ):
        aggregator = OneStrategy(node_of_rank=NODES, **options)
        module = network().double()
        ddp = attached(module, aggregator)
        sent = [gradients(ddp, rank, step) for step in range(10)]
        local = sum(local_gradient(module, rank, step) for step in range(10))
        share = sum(float((s != 0).double().mean()) for s in sent[6:]) / 4
        out[name] = {
            "sent": torch.stack(sent),
            "local": local,
            "share": share,
            "state": copy.deepcopy(aggregator.state_dict()),
        }
    aggregator = HierarchicalAggregator(configured(), node_of_rank=NODES)
    # as the training loop does, so that buckets are the same before and after the first step
    ddp = attached(network(), aggregator, find_unused_parameters=True)
    for step in range(3):
        gradients(ddp, rank, step)
    before = copy.deepcopy(aggregator.state_dict())
    out["bad"] = gradients(ddp, rank, 3, bad=rank == 3)
    out["bad_states"] = (before, copy.deepcopy(aggregator.state_dict()))
    straight = [gradients(ddp, rank, step) for step in range(4, 7)]
    again = HierarchicalAggregator(configured(), node_of_rank=NODES)
    again.load_state_dict(out["bad_states"][1])
    resumed_ddp = attached(network(), again, find_unused_parameters=True)
    out["resumed"] = [
        torch.equal(straight[i], gradients(resumed_ddp, rank, 4 + i)) for i in range(3)
    ]
    out.update(chosen_strategies(rank))
    return out


def chosen_strategies(rank: int) -> State:
    """What is measured and chosen here, and what a resumed run does with other choices."""
    first = HierarchicalAggregator(configured(automatic=True), node_of_rank=NODES)
    with logged() as lines:
        gradients(attached(network(), first), rank, 0)
    state = copy.deepcopy(first.state_dict())
    turned = {
        index: "sparse" if name == "dense" else "dense" for index, name in state["ways"].items()
    }
    again = HierarchicalAggregator(configured(automatic=True), node_of_rank=NODES)
    again.load_state_dict({**state, "ways": turned})
    gradients(attached(network(), again), rank, 1)
    return {
        "said": lines,
        "ways": state["ways"],
        "kept": again.state_dict()["ways"] == turned,
    }


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[State]:
    return on_ranks(4, rank_of_everything, tmp_path_factory.mktemp("four"))


def test_everything_at_full_precision_is_ddps_all_reduce_to_the_bit(ranks: list[State]) -> None:
    assert all(all(rank["equal"]) for rank in ranks)


@pytest.mark.parametrize("name", ["sparse", "byte", "half", "exact"])
def test_sent_and_owed_are_the_sum_of_the_gradients(ranks: list[State], name: str) -> None:
    mean = sum(rank[name]["local"] for rank in ranks) / 4
    sent = ranks[0][name]["sent"].sum(0)
    left = residual([rank[name]["state"] for rank in ranks], network())
    torch.testing.assert_close(sent + left, mean, rtol=1e-12, atol=1e-14)
    assert left.norm() > (0 if name != "sparse" else 0.01 * mean.norm())


@pytest.mark.parametrize("name", ["sparse", "byte", "half", "exact"])
def test_all_ranks_get_the_same_to_the_bit(ranks: list[State], name: str) -> None:
    assert all(torch.equal(rank[name]["sent"], ranks[0][name]["sent"]) for rank in ranks)


def test_only_the_share_asked_for_is_sent(ranks: list[State]) -> None:
    assert ranks[0]["sparse"]["share"] == pytest.approx(0.05, rel=0.15)


def test_only_leaders_owe(ranks: list[State]) -> None:
    assert [bool(rank["sparse"]["state"]["residual"]) for rank in ranks] == [True, False] * 2


def test_what_is_not_finite_reaches_all_and_is_not_remembered(ranks: list[State]) -> None:
    for rank in ranks:
        assert not rank["bad"].isfinite().any()
        before, after = rank["bad_states"]
        for name, part in before["residual"].items():
            assert torch.equal(part, after["residual"][name])


def test_resumed_aggregator_goes_on_to_the_bit(ranks: list[State]) -> None:
    assert all(all(rank["resumed"]) for rank in ranks)


def test_all_ranks_choose_the_same_ways_and_the_first_says_why(ranks: list[State]) -> None:
    assert ranks[0]["ways"]
    assert all(rank["ways"] == ranks[0]["ways"] for rank in ranks)
    assert len(ranks[0]["said"]) == len(ranks[0]["ways"])
    assert all("gradients between 2 nodes" in line for line in ranks[0]["said"])
    assert not any(rank["said"] for rank in ranks[1:])


def test_resumed_run_keeps_its_ways(ranks: list[State]) -> None:
    assert all(rank["kept"] for rank in ranks)


def rank_of_smaller_world(rank: int, states: list[State]) -> State:
    aggregator = HierarchicalAggregator(configured(), node_of_rank=[0, 1])
    aggregator.load_state_dict({**states[rank], "step": 3 if rank == 0 else 0, "precision": {}})
    module = network().double()
    ddp = attached(module, aggregator)
    sent = sum(gradients(ddp, rank, step) for step in range(3))
    local = sum(local_gradient(module, rank, step) for step in range(3))
    return {"sent": sent, "local": local, "state": copy.deepcopy(aggregator.state_dict())}


def test_nothing_owed_is_lost_in_a_smaller_world(ranks: list[State], tmp_path: Path) -> None:
    old = [rank["sparse"]["state"] for rank in ranks]
    # ranks 0 and 2 owed; shared out so that both new nodes owe something
    shared = redistribute([old[0], old[2]], 2)
    now = on_ranks(2, rank_of_smaller_world, tmp_path, shared)
    mean = (now[0]["local"] + now[1]["local"]) / 2
    left = residual([rank["state"] for rank in now], network())
    carried = residual(old, network())
    torch.testing.assert_close(now[0]["sent"] + left, mean + carried, rtol=1e-12, atol=1e-14)
    assert {rank["state"]["step"] for rank in now} == {6}  # the one that was not there learns it
