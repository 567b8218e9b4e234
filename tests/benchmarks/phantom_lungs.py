"""Lungs of the synthetic chest without nodules: more vessels to learn from than real CTs hold."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import numpy as np

from medical.ct.insertion.engine import NoduleEngine
from medical.ct.phantom.chest import make_chest
from medical.ct.prepare import prepare
from medical.ct.volume import CtVolume, SeriesSource
from medical.retraining.cases import TrainingCase

_SHAPE, _SPACING_MM = (270, 304, 312), (1.0, 1.0, 1.0)
_NOISE_HU = (8.0, 40.0)
_FIRST_SEED = 100  # what tests and the sample are made of stays apart


def phantom_lung(seed: int) -> TrainingCase:
    """One chest on its 1 mm grid; the same seed gives the same voxels."""
    name = f"phantom-{seed}"
    noise = float(np.random.default_rng(seed).uniform(*_NOISE_HU))
    chest = make_chest(seed, nodules=(), shape=_SHAPE, spacing_mm=_SPACING_MM, noise_hu=noise)
    ct = CtVolume(chest.hu, chest.geometry, SeriesSource(name))
    none = np.zeros((0, 4), np.float32)
    return TrainingCase.from_prepared(prepare(ct), none, name=name)


def phantom_lungs(count: int, *, processes: int) -> list[TrainingCase]:
    """``count`` chests, each half a minute of one core."""
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(phantom_lung, range(_FIRST_SEED, _FIRST_SEED + count)))


def give_share(engine: NoduleEngine, *, last: int, share: float) -> None:
    """Let the last cases of an engine give a share of its patches."""
    weights = engine.background.weights
    others = float(weights[:-last].sum())
    weights[-last:] *= share / (1 - share) * others / float(weights[-last:].sum())
