"""A second stage of drawn layers, and crops for it: for what does not depend on what it says."""

from __future__ import annotations

import math

import numpy as np

from medical.detection.refinement import Crops, RefinementStage
from models.runtime.dropout import DropoutLayers
from models.runtime.networks import Embedded, RefinementNetworks

FEATURES = 6


def made_stage(rows: list[int], *, logit: float = 0.0, bound: float = math.inf) -> RefinementStage:
    """Make a second stage.

    Args:
        rows: told of each batch that is classified how many crops it holds.
        logit: added to each of a candidate's.
        bound: of the stage.
    """
    draw = np.random.default_rng(0)
    sizes = [(8, FEATURES), (8, 8), (6, 8)]
    weights = tuple(draw.normal(0, 1, size).astype(np.float32) for size in sizes)
    biases = tuple(np.zeros(len(weight), np.float32) for weight in weights)
    biases[-1][0] = logit
    layers = DropoutLayers(weights, biases, 0.3)

    def features(near: np.ndarray, context: np.ndarray, near_mm: np.ndarray) -> np.ndarray:
        rows.append(len(near))
        return np.asarray(near.reshape(len(near), -1)[:, :FEATURES])

    def outlining(near: np.ndarray, context: np.ndarray, near_mm: np.ndarray) -> Embedded:
        return Embedded(np.asarray(near.reshape(len(near), -1)[:, :FEATURES]), near)

    networks = RefinementNetworks(features, outlining, classifier=layers, outline=layers)
    return RefinementStage(networks, samples=8, bound=bound)


def drawn_crops(count: int) -> Crops:
    """Draw what the second stage sees of so many candidates."""
    draw = np.random.default_rng(1)
    near, context = (draw.random((count, 1, 32, 32, 32), np.float32) for _ in range(2))
    return Crops(near, context, np.full(count, 30.0, np.float32))
