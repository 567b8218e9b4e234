"""What people see of a run: step, losses and the time left; a slow run is shown between lines."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from models.training.config import LoopConfig
from models.training.log import RunLog, tensorboard_events, time_left
from tests.logs import logged


def log(folder: Path, **options: float) -> RunLog:
    config = LoopConfig(**{"steps": 100, "show_seconds": 1e9, **options})  # type: ignore[arg-type]
    return RunLog(folder / "log.jsonl", config=config)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    with logged() as lines:
        yield lines


def tell(run: RunLog, step: int, seconds: float, loss: float = 0.5) -> None:
    run.add(step, seconds, {"heat": torch.tensor(loss)})


def test_the_budget_that_is_spent_first_says_what_is_left(tmp_path: Path, lines: list[str]) -> None:
    run = log(tmp_path)
    for step in range(1, 51):
        tell(run, step, 2.0 * (step - 1))
    assert lines[0] == "step 1 of 100; loss heat 0.5000"
    assert lines[1] == "step 50 of 100; loss heat 0.5000; 2 min left"
    lines.clear()
    run = log(tmp_path, seconds=110.0)  # which would end it after 55 steps
    for step in range(1, 51):
        tell(run, step, 2.0 * (step - 1))
    assert lines[0] == "step 1 of 100; loss heat 0.5000"  # not that 110 s are left
    assert lines[1].endswith("; 12 s left")


def test_the_stage_is_named_first(tmp_path: Path, lines: list[str]) -> None:
    run = log(tmp_path)
    run.stage = "large nodules"
    tell(run, 1, 0.0)
    assert lines == ["large nodules; step 1 of 100; loss heat 0.5000"]


def test_a_slow_run_is_shown_more_often_than_it_is_logged(tmp_path: Path, lines: list[str]) -> None:
    run = log(tmp_path, show_seconds=0.0)
    for step in range(1, 51):
        tell(run, step, float(step - 1), loss=float(step))
    assert len(lines) == 50
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2
    assert '"heat": 26.0' in (tmp_path / "log.jsonl").read_text()  # the mean of steps 2 to 50


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(5, "5 s left"), (90, "2 min left"), (7100, "118 min left"), (9000, "2.5 h left")],
)
def test_time_as_people_say_it(seconds: float, says: str) -> None:
    assert time_left(seconds) == says


def test_the_last_event_is_on_disk_when_the_context_ends(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with tensorboard_events(tmp_path) as events:
        assert events is not None
        events(1, {"centre": 2.5})
        events(7, {"centre": 0.5, "mask": 1.0})
    read = accumulator.EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in read.Scalars("loss/centre")] == [(1, 2.5), (7, 0.5)]
    assert [(e.step, e.value) for e in read.Scalars("loss/mask")] == [(7, 1.0)]


def test_without_the_package_it_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "torch.utils.tensorboard":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with logged() as lines, tensorboard_events(tmp_path) as events:
        assert events is None
    assert len(lines) == 1
    assert "starlung[train]" in lines[0]
