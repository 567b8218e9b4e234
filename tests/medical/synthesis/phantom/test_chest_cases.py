"""Synthetic chests to train among: kept ones are taken, and each is lung without a nodule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medical.synthesis.case import TrainingCase
from medical.synthesis.phantom import sample
from medical.synthesis.phantom.sample import keep_chest_cases, make_chest_case

pytestmark = pytest.mark.heavy


def test_kept_chests_are_not_made_again(tmp_path: Path) -> None:
    hu, none = np.full((8, 8, 8), 20, np.uint8), np.zeros((0, 4), np.float32)
    for seed in (100, 101):
        name = f"phantom-{seed}"
        TrainingCase(name, hu, hu > 0, none).save(tmp_path / f"{name}.npz")
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    files = keep_chest_cases(tmp_path, count=2)
    assert [path.name for path in files] == ["phantom-100.npz", "phantom-101.npz"]
    assert {path: path.stat().st_mtime_ns for path in files} == written


def test_a_chest_is_lung_without_a_nodule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "_SHAPE", (90, 104, 104))
    monkeypatch.setattr(sample, "_SPACING_MM", (3.0, 3.0, 3.0))
    case = make_chest_case(100)
    assert case.name == "phantom-100"
    assert len(case.nodules) == 0
    assert case.lung.sum() > 1_000_000  # a litre of lung on the 1 mm grid
