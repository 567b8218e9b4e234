"""PseudoLabels: what a centre must be near to count as one, and that they become ignore regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medical.detection.candidates import CandidateSet
from medical.synthesis.case import TrainingCase
from medical.training.adapting import pseudo_labels
from medical.training.adapting.pseudo_labels import (
    PseudoLabeler,
    at_pseudo_labels,
    with_pseudo_labels,
)
from models.zoo.loader import StoredModel
from tests.medical.training.adapting.made import plain_calibration, tiny_model

LOGITS = np.array([-1.0, 3.0, 2.5, 2.0, 1.5, 1.0, 4.0])

SUSPECTS = np.array([[10.0, 10.0, 10.0, 20.0, 0.9], [50.0, 50.0, 50.0, 4.0, 0.3]])


def test_a_centre_within_the_radius_is_at_a_suspect() -> None:
    hit, p = at_pseudo_labels(np.array([[10.0, 10.0, 19.0], [10.0, 10.0, 21.0]]), SUSPECTS)
    assert hit.tolist() == [True, False]
    assert p.tolist() == [0.9, 0.0]


def test_a_small_suspect_reaches_four_millimetres() -> None:
    hit, _ = at_pseudo_labels(np.array([[50.0, 50.0, 53.5], [50.0, 50.0, 54.5]]), SUSPECTS)
    assert hit.tolist() == [True, False]


def test_what_hit_an_inserted_nodule_is_at_none() -> None:
    hit, _ = at_pseudo_labels(np.full((1, 3), np.nan), SUSPECTS)
    assert not hit.any()


def test_no_suspect_and_no_centre() -> None:
    assert not at_pseudo_labels(np.zeros((2, 3)), np.zeros((0, 5)))[0].any()
    assert len(at_pseudo_labels(np.zeros((0, 3)), SUSPECTS)[0]) == 0


def test_suspects_become_doubtful_and_nothing_becomes_a_nodule() -> None:
    air = np.zeros((8, 8, 8), np.uint8)
    case = TrainingCase("one", air, air.astype(bool), np.zeros((0, 4), np.float32))
    marked = with_pseudo_labels(case, SUSPECTS)
    assert marked.ignore_regions.tolist() == SUSPECTS[:, :4].tolist()
    assert len(marked.nodules) == 0


@pytest.fixture
def labeler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PseudoLabeler:
    """Of networks that say of candidates in a row what ``LOGITS`` holds."""
    centers = np.arange(len(LOGITS), dtype=float)[:, None] * np.array([[1.0, 0.0, 0.0]])
    candidates = CandidateSet(centers, np.full(len(LOGITS), 6.0), LOGITS)
    silent = np.zeros((2, len(LOGITS)), np.float32)
    monkeypatch.setattr(pseudo_labels, "candidate_finder", lambda *_, **__: lambda *_: candidates)
    monkeypatch.setattr(pseudo_labels, "cut", lambda *_: None)
    monkeypatch.setattr(pseudo_labels.RefinementStage, "classify", lambda *_: silent)
    model = tiny_model(tmp_path / "tiny")
    update = {"calibration": plain_calibration(), "operating_point": 0.5}
    card = model.card.model_copy(update=update)
    return PseudoLabeler(StoredModel(model.folder, card), cache=tmp_path / "kept")


def test_the_second_stage_is_held_within_the_bound_of_a_result(labeler: PseudoLabeler) -> None:
    weighed = labeler.model.card.model_copy(update={"refinement_weight": 0.25})
    model = StoredModel(labeler.model.folder, weighed)
    assert PseudoLabeler(model, cache=labeler.cache)._second.bound == weighed.refinement_bound == 2


def case() -> TrainingCase:
    air = np.zeros((8, 8, 8), np.uint8)
    return TrainingCase("one", air, air.astype(bool), np.zeros((0, 4), np.float32))


def test_the_strongest_marks_at_the_operating_point_are_suspected(labeler: PseudoLabeler) -> None:
    candidates = labeler.of(case())
    assert candidates[:, 0].tolist() == [6.0, 1.0, 2.0, 3.0, 4.0]  # five of seven, by probability
    assert candidates[0, 4] == pytest.approx(1 / (1 + np.exp(-4.0)))


def test_marks_below_the_operating_point_are_not(
    labeler: PseudoLabeler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pseudo_labels, "MAX_A_CT", 100)
    assert 0.0 not in labeler.of(case())[:, 0]
    assert len(labeler.of(case())) == len(LOGITS) - 1


def test_what_was_suspected_is_kept_for_the_next_start(
    labeler: PseudoLabeler, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = labeler.of(case())
    monkeypatch.setattr(labeler, "_find", None)
    assert np.array_equal(labeler.of(case()), first)


def test_another_operating_point_is_looked_at_anew(labeler: PseudoLabeler) -> None:
    labeler.of(case())
    strict = labeler.model.card.model_copy(update={"operating_point": 0.97})
    labeler.model = StoredModel(labeler.model.folder, strict)
    assert len(labeler.of(case())) < 5
