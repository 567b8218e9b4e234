from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.distributed.checkpoints import CheckpointStore
from models.training.loop import LoopConfig, train
from tests.logs import logged


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv3d(1, 4, 3, padding=1), nn.BatchNorm3d(4), nn.Dropout(0.3), nn.Conv3d(4, 1, 1)
    )


class Batches:
    """Draws from torch's generator and counts, so that only a full resumption repeats it."""

    def __init__(self, *, die_at: int | None = None) -> None:
        self.made, self.die_at = 0, die_at

    def __call__(self) -> Tensor:
        if self.made == self.die_at:
            raise KeyboardInterrupt
        self.made += 1
        return torch.randn(2, 1, 6, 6, 6) * self.made

    def state_dict(self) -> dict[str, Any]:
        return {"made": self.made}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.made = state["made"]


def run(out: Path, *, die_at: int | None = None, **options: Any) -> tuple[dict[str, Tensor], list]:
    out.mkdir(exist_ok=True)
    module = network()

    def losses(batch: Tensor) -> dict[str, Tensor]:
        return {"square": (module(batch) - batch).square().mean()}

    config = {"steps": 12, "lose_at_most_steps": 15, "warmup_steps": 3, "log_steps": 4, **options}
    with logged() as lines:
        average = train(
            module,
            losses,
            Batches(die_at=die_at),
            LoopConfig(**config),
            out=out,
            device=torch.device("cpu"),
        )
    return {**average.module.state_dict(), "last": module[0].weight.detach()}, lines


def test_resumed_run_ends_with_the_same_weights_to_the_bit(tmp_path: Path) -> None:
    whole, _ = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", die_at=8)
    torch.manual_seed(99)
    resumed, lines = run(tmp_path / "cut")
    assert any(line.startswith("resumed at step 5") for line in lines)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_torn_checkpoint_is_skipped_for_the_one_before(tmp_path: Path) -> None:
    whole, _ = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", die_at=11)
    torn = next(CheckpointStore(tmp_path / "cut" / "checkpoints").place(10).glob("*.distcp"))
    torn.write_bytes(torn.read_bytes()[:-100])
    resumed, lines = run(tmp_path / "cut")
    assert any("checkpoint of step 10 is torn" in line for line in lines)
    assert any(line.startswith("resumed at step 5") for line in lines)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize("die_at", range(6, 12))
def test_no_more_is_lost_than_promised_with_the_newest_snapshot_torn(
    tmp_path: Path, die_at: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, die_at=die_at, lose_at_most_steps=6)
    store = CheckpointStore(tmp_path / "checkpoints")
    next(store.place(store.steps()[-1]).glob("*.distcp")).write_bytes(b"torn")
    before, _ = store.newest()
    assert before is not None
    assert die_at - before <= 6


def test_interval_too_short_for_its_snapshots_is_refused() -> None:
    with pytest.raises(ValueError, match="got 2"):
        LoopConfig(steps=9, lose_at_most_steps=2)


def test_checkpoints_that_cannot_be_written_do_not_end_the_run(tmp_path: Path) -> None:
    whole, _ = run(tmp_path / "whole")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "checkpoints").write_text("a file where a folder must be")
    weights, lines = run(tmp_path / "full")
    assert any("could not be written" in line and "goes on" in line for line in lines)
    assert any("weights are kept" in line for line in lines)
    assert all(torch.equal(whole[name], weights[name]) for name in whole)


def test_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first, _ = run(tmp_path / "one")
    again, _ = run(tmp_path / "one")
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_more_steps_go_on_from_the_last(tmp_path: Path) -> None:
    run(tmp_path / "one")
    _, lines = run(tmp_path / "one", steps=14)
    assert any(line.startswith("resumed at step 12") for line in lines)


def test_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    module = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="another network"):
        train(
            module,
            lambda x: {"sum": module(x).sum()},
            lambda: torch.ones(1, 2),
            LoopConfig(steps=20),
            out=tmp_path,
            device=torch.device("cpu"),
        )


def test_no_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="budget"):
        LoopConfig()


def test_early_stopping_ends_the_run_and_gives_the_best_back(tmp_path: Path) -> None:
    module = nn.Linear(1, 1)
    seen: list[Tensor] = []

    def validate(average: nn.Module) -> float:
        seen.append(average.weight.detach().clone())
        return (3.0, 1.0, 2.0, 2.0, 0.0)[len(seen) - 1]

    average = train(
        module,
        lambda x: {"sum": module(x).sum()},
        lambda: torch.ones(1, 1),
        LoopConfig(steps=100, warmup_steps=1, validate_steps=2, patience=2),
        out=tmp_path,
        device=torch.device("cpu"),
        validate=validate,
    )
    assert len(seen) == 4
    torch.testing.assert_close(average.module.weight, seen[1], rtol=0, atol=0)
