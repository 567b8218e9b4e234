"""Candidates that are nothing in one view are not seen in the others, which changes no other's."""

from __future__ import annotations

import numpy as np
import pytest

from medical.detection.refinement import Crops, RefinementStage
from models.runtime.dropout import DropoutLayers
from models.runtime.networks import Embedded, RefinementNetworks

FEATURES = 6


@pytest.fixture
def rows() -> list[int]:
    """How many candidates were seen, view by view."""
    return []


@pytest.fixture
def stage(rows: list[int]) -> RefinementStage:
    draw = np.random.default_rng(0)
    sizes = [(8, FEATURES), (8, 8), (6, 8)]
    weights = tuple(draw.normal(0, 1, size).astype(np.float32) for size in sizes)
    layers = DropoutLayers(weights, tuple(np.zeros(len(w), np.float32) for w in weights), 0.3)

    def features(near: np.ndarray, context: np.ndarray, near_mm: np.ndarray) -> np.ndarray:
        rows.append(len(near))
        return np.asarray(near.reshape(len(near), -1)[:, :FEATURES])

    def outlining(near: np.ndarray, context: np.ndarray, near_mm: np.ndarray) -> Embedded:
        return Embedded(features(near, context, near_mm), near)

    return RefinementStage(
        RefinementNetworks(features, outlining, classifier=layers, outline=layers), samples=8
    )


@pytest.fixture
def crops() -> Crops:
    draw = np.random.default_rng(1)
    near, context = (draw.random((5, 1, 32, 32, 32), np.float32) for _ in range(2))
    return Crops(near, context, np.full(5, 30.0, np.float32))


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
