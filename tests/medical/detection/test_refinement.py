"""Candidates that are nothing in one view are not seen in the others, which changes no other's."""

from __future__ import annotations

import numpy as np
import pytest

from medical.detection.refinement import Crops, RefinementStage
from tests.medical.detection.made_stage import drawn_crops, made_stage


@pytest.fixture
def rows() -> list[int]:
    """How many candidates were seen, view by view."""
    return []


@pytest.fixture
def stage(rows: list[int]) -> RefinementStage:
    return made_stage(rows)


@pytest.fixture
def crops() -> Crops:
    return drawn_crops(5)


def test_only_what_is_worth_it_is_seen_in_mirrors(
    stage: RefinementStage, crops: Crops, rows: list[int]
) -> None:
    worth = np.array([True, False, True, False, False])
    logits = stage.classify(crops, is_worth_it=lambda first: worth)
    assert rows == [5, 3 * 2]  # the other views in one batch
    np.testing.assert_array_equal(logits[:, worth], stage.classify(crops)[:, worth])


def test_the_others_keep_the_logits_of_the_first_view(
    stage: RefinementStage, crops: Crops, rows: list[int]
) -> None:
    first: list[np.ndarray] = []

    def none(logits: np.ndarray) -> np.ndarray:
        first.append(logits)
        return np.zeros(5, bool)

    np.testing.assert_array_equal(stage.classify(crops, is_worth_it=none), first[0])
    assert rows == [5]


def test_some_among_all_have_the_logits_that_they_have_beside_the_others(
    stage: RefinementStage, crops: Crops, rows: list[int]
) -> None:
    among = np.array([False, True, False, True, True])
    every = stage.classify(crops)[:, among]
    rows.clear()
    some = stage.classify(crops.only(np.flatnonzero(among)), among=among)
    np.testing.assert_array_equal(some, every)
    assert rows == [3, 3 * 3]
    alone = stage.classify(crops.only(np.flatnonzero(among)))
    assert (alone != every).any()  # dropout by another place: without ``among`` they differ


@pytest.mark.parametrize("logit", [-50.0, 50.0])
def test_no_logit_is_beyond_the_bound_and_its_spread_is_as_it_was(
    crops: Crops, logit: float
) -> None:
    free = made_stage([], logit=logit).classify(crops)
    held = made_stage([], logit=logit, bound=0.5).classify(crops)
    np.testing.assert_allclose(held.mean(0), np.copysign(0.5, logit), atol=1e-4)
    np.testing.assert_allclose(held.std(0), free.std(0), rtol=1e-4)


def test_a_bound_that_none_reaches_changes_no_bit(stage: RefinementStage, crops: Crops) -> None:
    free = stage.classify(crops)
    reach = float(np.abs(free.mean(0)).max())
    assert np.abs(free).max() > reach
    np.testing.assert_array_equal(made_stage([], bound=reach).classify(crops), free)
    moved = (made_stage([], bound=reach * 0.99).classify(crops) != free).any(0)
    assert moved.tolist() == (np.abs(free.mean(0)) > reach * 0.99).tolist()
