"""Collections of several CTs: joined, pseudo-labels counted in part, kept for the next start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool, made_pool
from medical.training.adapting import score_cache
from medical.training.adapting.score_cache import joined, measure, patches_each, with_soft_labels
from medical.training.calibration.fit import NODULES_PER_SCAN
from medical.training.calibration.raw_scores import CalibrationData
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


def test_nothing_to_join_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        joined([])


def test_a_suspect_counts_as_nodule_by_its_probability_and_as_false_by_the_rest() -> None:
    part = part_of(candidates=[3.0, -1.0], centers=[(10, 10, 10), (90, 90, 90)], nodules=[2.0])
    counted = with_soft_labels(part, np.array([[10.0, 10.0, 11.0, 9.0, 0.7]]))
    here = counted.scores.detector_logit == 3.0
    assert counted.scores.is_nodule[here].tolist() == [False, True]
    assert counted.scores.weight[here] == pytest.approx([0.3, 0.7])
    assert counted.scores.weight[counted.scores.detector_logit == -1.0].tolist() == [1.0]


def test_without_suspects_nothing_changes() -> None:
    part = part_of(candidates=[3.0], nodules=[2.0])
    assert with_soft_labels(part, np.zeros((0, 5))) is part


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
        (part,) = measure(tiny, [case], pool, patches=4, cache=tmp_path)
    assert asked == ["one"]
    assert part.inserted_row.tolist() == [1, -1]
    assert np.isnan(part.center_voxel[1]).all()
    (tmp_path / "one.npz").write_bytes(b"torn")
    measure(tiny, [case], pool, patches=4, cache=tmp_path)
    assert asked == ["one", "one"]
