"""A run goes on with fewer ranks, in real processes: what the old ones owed is not lost."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn

from models.distributed.aggregator import AggregatorConfig, HierarchicalAggregator
from models.distributed.compression.selection import SharedTopK
from models.training.loop import LoopConfig, train
from tests.logs import logged
from tests.models.distributed.gloo import on_ranks

STEPS = 5
State = dict[str, Any]


def run(out: Path, *, steps: int) -> tuple[State, list[str]]:
    """Train a line; each rank is a node, and only a tenth of the values is sent."""
    world = distributed.get_world_size() if distributed.is_initialized() else 1
    top = SharedTopK(k=0.1, k_start=0.1, warmup_steps=0)
    aggregator = HierarchicalAggregator(AggregatorConfig(top=top), node_of_rank=list(range(world)))
    torch.manual_seed(0)
    module = nn.Linear(40, 3)

    def losses(x: Tensor) -> dict[str, Tensor]:
        return {"square": (module(x) - 1).square().mean()}

    with logged() as lines:
        train(
            module,
            losses,
            lambda: torch.randn(4, 40),
            LoopConfig(steps=steps, warmup_steps=1),
            out=out,
            device=torch.device("cpu"),
            communication=aggregator,
        )
    return aggregator.state_dict(), lines


def rank_of_run(rank: int, out: Path, steps: int) -> tuple[State, list[str]]:
    return run(out, steps=steps)


def residual(states: list[State]) -> dict[str, Tensor]:
    names = {name for state in states for name in state["residual"]}
    return {
        name: sum((s["residual"][name] for s in states if name in s["residual"]), torch.zeros(()))
        for name in names
    }


def rank_of_cut_run(rank: int, out: Path) -> list[Tensor]:
    """Weights of an undisturbed run, and of one that is cut off and goes on."""
    ends = []
    for cuts in ((None,), (7, None)):
        folder = out / str(len(cuts))
        for die_at in cuts:
            torch.manual_seed(0)
            # more than a megabyte: DDP makes two buckets
            module = nn.Sequential(nn.Linear(60, 2500), nn.Tanh(), nn.Linear(2500, 80))
            torch.manual_seed(rank)
            made = 0

            def batch(die_at: int | None = die_at) -> Tensor:
                nonlocal made
                made += 1
                if made == die_at:
                    raise KeyboardInterrupt
                return torch.randn(2, 60)

            def losses(x: Tensor, module: nn.Module = module) -> dict[str, Tensor]:
                return {"square": (module(x) - 1).square().mean()}

            config = LoopConfig(steps=9, lose_at_most_steps=12, warmup_steps=1)
            cpu = torch.device("cpu")
            with suppress(KeyboardInterrupt):
                train(module, losses, batch, config, out=folder, device=cpu)
        ends.append(torch.cat([p.detach().flatten() for p in module.parameters()]))
    return ends


def test_three_ranks_resume_to_the_bit(tmp_path: Path) -> None:
    (tmp_path / "ranks").mkdir()
    for whole, cut in on_ranks(3, rank_of_cut_run, tmp_path / "ranks", tmp_path):
        assert torch.equal(whole, cut)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[State]]:
    out, folder = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("three")
    return out, [state for state, _ in on_ranks(3, rank_of_run, folder, out, STEPS)]


def test_two_ranks_owe_what_three_owed(three: tuple[Path, list[State]], tmp_path: Path) -> None:
    out, before = three
    now = on_ranks(2, rank_of_run, tmp_path, out, STEPS)
    after = [state for state, _ in now]
    assert "2 processes go on where there were 3" in now[0][1]
    assert {state["step"] for state in after} == {STEPS}
    expected = residual(before)
    assert max(float(part.abs().max()) for part in expected.values()) > 0
    for name, part in residual(after).items():
        torch.testing.assert_close(part, expected[name])


def test_one_process_pays_what_three_owed(three: tuple[Path, list[State]]) -> None:
    out, before = three
    state, lines = run(out, steps=STEPS)
    assert "1 process goes on where there were 3" in lines
    torch.testing.assert_close(residual([state]), residual(before))
    module = nn.Module()
    module.module = nn.Linear(40, 3)
    aggregator = HierarchicalAggregator(AggregatorConfig())
    aggregator.load_state_dict(state)
    for _ in range(2):  # the second time there is nothing left
        aggregator.flush(module)
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad.flatten(), residual(before)[name])
