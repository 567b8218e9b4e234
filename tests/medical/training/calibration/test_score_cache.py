"""Collections of several CTs: joined, ignore regions left out, kept for the next start."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool, made_pool
from medical.training.calibration import score_cache
from medical.training.calibration.fit import NODULES_PER_SCAN
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.score_cache import (
    joined,
    measure,
    patches_each,
    without_ignored,
)
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.two_stage import TwoStage
from tests.medical.training.adapting.made import part_of


def test_rows_of_hits_still_point_at_them_when_joined() -> None:
    both = joined(
        [part_of(candidates=[-1.0], nodules=[2.0, None]), part_of(candidates=[-3.0], nodules=[4.0])]
    )
    assert both.inserted_row.tolist() == [1, -1, 3]
    assert both.scores.detector_logit[both.inserted_row[[0, 2]]].tolist() == [2.0, 4.0]
    assert both.scan.tolist() == [0, 0, 1, 1]


def test_inserted_nodules_weigh_what_a_screening_population_has() -> None:
    both = joined([part_of(candidates=[-1.0], nodules=[2.0] * 5)] * 2)
    inserted = both.scores.weight[both.inserted_row]
    assert inserted.sum() == pytest.approx(2 * NODULES_PER_SCAN)
    assert both.scores.weight[~both.scores.is_nodule].tolist() == [1.0, 1.0]


def test_a_nodule_too_small_to_be_looked_for_counts_for_neither_side() -> None:
    small = part_of(candidates=[-1.0], nodules=[2.0], mm=3.0)
    large = part_of(candidates=[-1.0], nodules=[2.0, None])
    scores = replace(small.scores, weight=np.array([1.0, 0.0]))
    both = joined([replace(small, scores=scores), large])
    assert both.scores.weight.tolist() == [1.0, 0.0, 1.0, NODULES_PER_SCAN]


def test_a_candidate_on_an_ignore_region_counts_for_neither_side() -> None:
    part = part_of(candidates=[3.0, -1.0], centers=[(10, 10, 10), (90, 90, 90)], nodules=[2.0])
    air = np.zeros((8, 8, 8), np.uint8)
    region = np.array([[10, 10, 12, 9]], np.float32)
    case = TrainingCase("one", air, air.astype(bool), np.zeros((0, 4), np.float32), region)
    assert without_ignored(part, case).scores.weight.tolist() == [0.0, 1.0, 1.0]
    nothing = TrainingCase("one", air, air.astype(bool), np.zeros((0, 4), np.float32))
    assert without_ignored(part, nothing) is part


def test_nothing_to_join_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        joined([])


def test_many_cts_need_fewer_patches_each() -> None:
    assert [patches_each(n) for n in (1, 10, 24)] == [88, 40, 20]
    assert all(patches_each(n) % 4 == 0 for n in range(1, 30))


def test_what_was_measured_is_kept_and_a_torn_file_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    air = np.zeros((8, 8, 8), np.uint8)
    case = TrainingCase("one", air, air.astype(bool), np.zeros((0, 4), np.float32))
    asked: list[str] = []

    def collect(
        _: TwoStage, cases: list[TrainingCase], *__: object, **___: object
    ) -> CalibrationData:
        asked.append(cases[0].name)
        return part_of(candidates=[-1.0], nodules=[2.0, None])

    monkeypatch.setattr(score_cache, "collect_raw_scores", collect)
    pool: NodulePool = made_pool(seed=0)
    tiny = TwoStage(
        DetectorConfig(widths=(4, 8, 8, 8), channels=8).build(),
        RefinerConfig(widths=(4, 4, 8), hidden=8).build(),
    )
    for _ in range(2):
        (part,) = measure(tiny, [case], pool, patches=4, bound=math.inf, cache=tmp_path)
    assert asked == ["one"]
    assert part.inserted_row.tolist() == [1, -1]
    assert np.isnan(part.center_voxel[1]).all()
    (tmp_path / "one.npz").write_bytes(b"torn")
    measure(tiny, [case], pool, patches=4, bound=math.inf, cache=tmp_path)
    assert asked == ["one", "one"]
