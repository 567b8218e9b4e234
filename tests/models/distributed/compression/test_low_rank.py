"""PowerSGD as one of the strategies, between real ranks: it converges, and its state comes back."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from models.distributed.aggregator import AggregatorConfig, HierarchicalAggregator
from models.distributed.compression.selection import SharedTopK
from models.distributed.strategy import LOW_RANK, Strategy
from models.training.state import pack, unpack
from tests.logs import logged
from tests.models.distributed.gloo import on_ranks

STEPS, CUT, WIDTH = 150, 20, 48
State = dict[str, Any]


class AlwaysLowRank(HierarchicalAggregator):
    """Sends every bucket as factors, whatever it would cost."""

    def strategy_of(self, index: int, size: int) -> Strategy:
        return LOW_RANK


def aggregator(kind: type[HierarchicalAggregator] = AlwaysLowRank) -> HierarchicalAggregator:
    return kind(AggregatorConfig(top=SharedTopK(k=0.1, k_start=0.1)), node_of_rank=[0, 1])


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH))


def batch(rank: int, step: int) -> tuple[Tensor, Tensor]:
    """Each rank's own; what is to be learnt is a map of full rank."""
    generator = torch.Generator().manual_seed(1000 * step + rank)
    x = torch.randn(16, WIDTH, generator=generator)
    return x, torch.roll(x, 1, dims=1) * 0.5


class Run:
    """A small training whose buckets are the same before and after the first step."""

    def __init__(self, carries: HierarchicalAggregator | None) -> None:
        self.module, self.carries = network(), carries
        self.ddp = DistributedDataParallel(
            self.module, bucket_cap_mb=0.005, find_unused_parameters=True
        )
        if carries is not None:
            carries.attach(self.ddp)
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=3e-3)

    def steps(self, rank: int, first: int, last: int, *, bad: bool = False) -> list[float]:
        losses = []
        for step in range(first, last):
            x, y = batch(rank, step)
            loss = (self.ddp(x) - y).square().mean()
            self.optimizer.zero_grad()
            (loss * float("nan") if bad else loss).backward()
            if not bad:
                self.optimizer.step()
            losses.append(float(loss.detach()))
        return losses

    def state(self) -> State:
        carried = {} if self.carries is None else self.carries.state_dict()
        return copy.deepcopy(
            {"module": self.module.state_dict(), "optimizer": self.optimizer.state_dict(),
             "carried": unpack(pack(carried, prefix="c"), prefix="c")}
        )  # fmt: skip


def on_rank(rank: int) -> State:
    out: State = {"dense": Run(None).steps(rank, 0, STEPS)}
    run = Run(aggregator())
    out["low_rank"] = run.steps(rank, 0, CUT)
    cut = run.state()
    out["low_rank"] += run.steps(rank, CUT, STEPS)
    out["whole"] = run.state()["module"]

    for name, keep in (("resumed", True), ("forgetful", False)):
        carries = aggregator()
        if keep:
            carries.load_state_dict(cut["carried"])
        again = Run(carries)
        again.module.load_state_dict(cut["module"])
        again.optimizer.load_state_dict(cut["optimizer"])
        again.steps(rank, CUT, STEPS)
        out[name] = again.state()["module"]

    before = run.state()["carried"]["low_rank"]
    run.steps(rank, STEPS, STEPS + 1, bad=rank == 1)
    after = run.state()["carried"]["low_rank"]
    out["bad"] = [torch.equal(before["errors"][n], after["errors"][n]) for n in before["errors"]]

    plain, run = Run(None), Run(aggregator())
    totals = []
    for item in (plain, run):
        total = torch.zeros(sum(p.numel() for p in item.module.parameters()), dtype=torch.float64)
        for step in range(6):  # without a step of the optimizer: the same gradients for both
            x, y = batch(rank, step)
            item.ddp.zero_grad()
            (item.ddp(x) - y).square().mean().backward()
            grads = [p.grad.flatten() for p in item.module.parameters() if p.grad is not None]
            total += torch.cat(grads).double()
        totals.append(total)
    out["exact"], out["sent"], out["state"] = *totals, run.state()["carried"]
    free = HierarchicalAggregator(
        AggregatorConfig(top=SharedTopK(k=0.1, k_start=0.1), automatic=True),
        node_of_rank=[0, 1],
    )
    with logged() as measured:
        Run(free).steps(rank, 0, 1)
    out["measured"] = measured
    return out


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[State]:
    return on_ranks(2, on_rank, tmp_path_factory.mktemp("low_rank"))


@pytest.mark.heavy
def test_training_converges_with_a_lag_of_half_at_most(ranks: list[State]) -> None:
    """What is learnt has full rank: factors of rank 4 lag, and error feedback makes up for it."""
    for rank in ranks:
        dense, low = torch.tensor(rank["dense"]), torch.tensor(rank["low_rank"])
        assert low[-5:].mean() < 0.15 * low[0]
        assert low[-5:].mean() < dense[STEPS // 2 :][:5].mean()


def test_all_ranks_end_with_the_same_weights(ranks: list[State]) -> None:
    for name, value in ranks[0]["whole"].items():
        assert torch.equal(value, ranks[1]["whole"][name])


def test_a_resumed_run_ends_as_one_that_was_not_cut_off(ranks: list[State]) -> None:
    for rank in ranks:
        assert all(torch.equal(v, rank["resumed"][n]) for n, v in rank["whole"].items())


def test_a_run_that_forgets_errors_and_factors_does_not(ranks: list[State]) -> None:
    assert not all(torch.equal(v, ranks[0]["forgetful"][n]) for n, v in ranks[0]["whole"].items())


def test_what_is_not_finite_is_not_remembered(ranks: list[State]) -> None:
    assert all(rank["bad"] and all(rank["bad"]) for rank in ranks)


def test_sent_and_owed_are_the_sum_of_the_gradients(ranks: list[State]) -> None:
    from models.distributed.compression.low_rank import errors_as_residuals

    states = errors_as_residuals([rank["state"] for rank in ranks])
    names = [name for name, _ in network().named_parameters()]
    residual = sum(torch.cat([s["residual"][n].flatten() for n in names]).double() for s in states)
    assert float(torch.as_tensor(residual).norm()) > 0.01 * float(ranks[0]["exact"].norm())
    torch.testing.assert_close(ranks[0]["sent"] + residual, ranks[0]["exact"], rtol=1e-4, atol=1e-5)


def test_it_is_measured_beside_the_other_ways(ranks: list[State]) -> None:
    assert ranks[0]["measured"]
    for line in ranks[0]["measured"]:
        assert all(f"{name} " in line for name in ("dense", "compressed", "sparse", "low-rank"))
