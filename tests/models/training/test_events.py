from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from models.training.log import tensorboard_events
from tests.logs import logged


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
    with logged() as said, tensorboard_events(tmp_path) as events:
        assert events is None
    assert len(said) == 1
    assert "starlung[train]" in said[0]
