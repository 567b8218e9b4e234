"""Candidates without a chance of being written are not seen by the second stage, and none differs.

Each result is compared with that of a pipeline in which the second stage sees all of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medical.ct.volume import CtVolume
from medical.detection import pipeline
from medical.detection.calibration import can_reach, probability
from medical.detection.candidates import CandidateSet
from medical.detection.finalize import MIN_PROBABILITY
from medical.detection.pipeline import DetectionPipeline, PipelineResult
from medical.intake import open_input
from medical.scoring.scorer import Scorer
from models.runtime.networks import Backend
from models.zoo.card import Calibration
from models.zoo.loader import find_model
from tests.conftest import REPOSITORY
from tests.medical.detection.made_stage import made_stage
from tests.medical.scoring.small_chest import write_small_chest

BOUND = 0.5


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> CtVolume:
    return _open(REPOSITORY / "sample_data" / "ct", tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> CtVolume:
    folder = tmp_path_factory.mktemp("chest")
    write_small_chest(folder / "chest.nii.gz", seed=0)
    return _open(folder / "chest.nii.gz", folder)


def _open(path: Path, work: Path) -> CtVolume:
    return open_input(path, work_dir=work).chosen[0].load()


@pytest.fixture
def calibration() -> Calibration:
    plain = {"intercept": 0.0, "detector_slope": 1.0, "refiner_slope": 2.0, "least_mm": 0.0}
    return find_model("starlung-lite").card.calibration.model_copy(update=plain)


@pytest.fixture
def cut_out(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many candidates were cut out for the second stage, and then for the malignancy."""
    counts: list[int] = []

    def cut(hu: np.ndarray, centers: np.ndarray, mm: np.ndarray) -> Any:
        counts.append(len(centers))
        return original(hu, centers, mm)

    original = pipeline.cut
    monkeypatch.setattr(pipeline, "cut", cut)
    return counts


def with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "can_reach", lambda _, logits, *__, **___: logits > -np.inf)


def assert_same(a: PipelineResult, b: PipelineResult) -> None:
    first, second = (part.findings.model_dump(exclude={"seconds"}) for part in (a, b))
    assert first == second
    assert a.candidates == b.candidates
    assert len(a.outlines) == len(b.outlines)
    for outline, other in zip(a.outlines, b.outlines, strict=True):
        assert outline.finding_id == other.finding_id
        np.testing.assert_array_equal(outline.mask, other.mask)
        np.testing.assert_array_equal(outline.geometry.affine_lps_mm, other.geometry.affine_lps_mm)
    assert (a.tokens is None) == (b.tokens is None)
    if a.tokens is not None and b.tokens is not None:
        for part, same in zip(a.tokens, b.tokens, strict=True):
            np.testing.assert_array_equal(part, same)


@pytest.mark.parametrize("name", ["starlung-lite", "starlung-fast"])
def test_the_sample_has_the_same_findings_and_candidates(
    name: str, sample: CtVolume, cut_out: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = Scorer.named(name)
    quick = scorer.read(sample)
    fewer = cut_out[0]
    cut_out.clear()
    with_all(monkeypatch)
    assert_same(quick, scorer.read(sample))
    assert len(quick.candidates) <= fewer < cut_out[0]


@pytest.mark.parametrize("logit", [-100.0, 100.0])
def test_what_the_pipeline_leaves_out_no_second_stage_could_bring_back(
    logit: float,
    scorer: Scorer,
    chest: CtVolume,
    calibration: Calibration,
    cut_out: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that says the utmost of all: a bound of the pipeline's other than the stage's shows."""
    card = scorer.card.model_copy(update={"calibration": calibration})
    logits = np.linspace(-8, 0, 41)
    centers = np.linspace((30.0, 40.0, 40.0), (60.0, 100.0, 100.0), len(logits))
    detected = CandidateSet(centers, np.full(len(logits), 8.0), logits)
    backend, second = Backend("made", "1", "CPU", "f32"), made_stage([], logit=logit, bound=BOUND)
    reader = DetectionPipeline(card, lambda *_: detected, second, backend, scorer.malignancy)
    quick = reader.read(chest)
    reachable = cut_out[0]
    at_bound = 1 / (1 + np.exp(-logits - 2 * BOUND))
    assert reachable == np.count_nonzero(at_bound >= MIN_PROBABILITY)
    assert 0 < reachable < len(logits)
    if logit > 0:
        assert len(quick.candidates) == reachable
    with_all(monkeypatch)
    assert_same(quick, reader.read(chest))


@pytest.mark.parametrize("slope", [2.0, -2.0, 0.0])
def test_who_can_reach_is_who_does_at_either_end(calibration: Calibration, slope: float) -> None:
    turned = calibration.model_copy(update={"refiner_slope": slope})
    logits, mm = np.linspace(-8, 2, 101), np.full(101, 6.0)
    reach = can_reach(turned, logits, mm, refiner_bound=BOUND, least=0.02)
    ends = [
        probability(turned, logits, np.full(101, end), np.zeros(101), mm)[0]
        for end in np.linspace(-BOUND, BOUND, 7)
    ]
    np.testing.assert_array_equal(reach, np.max(ends, 0) >= 0.02)
    assert 0 < reach.sum() < 101


def test_without_a_bound_any_can(calibration: Calibration) -> None:
    imported = calibration.model_copy(update={"refiner_slope": 0.0})
    reach = can_reach(imported, np.full(3, -99.0), np.ones(3), refiner_bound=np.inf, least=0.02)
    assert reach.tolist() == [True] * 3


@pytest.mark.parametrize(
    ("name", "bound"), [("starlung-lite", 0.5), ("starlung-fast", 2.0), ("starlung-base", np.inf)]
)
def test_the_scorer_holds_within_what_the_card_says(name: str, bound: float) -> None:
    scorer = Scorer.named(name)
    assert scorer._second.bound == scorer.card.refinement_bound == bound
