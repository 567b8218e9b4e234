"""Lungs of the synthetic chest without nodules: more vessels to learn from than real CTs hold."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from medical.ct.prepare import prepare
from medical.ct.volume import CtVolume, SeriesSource
from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.engine import NoduleEngine
from medical.synthesis.insertion.mixture import Mixture
from medical.synthesis.nodules.pool import NodulePool
from medical.synthesis.phantom.chest import make_chest

BATCH, PATCH = 64, 96
CHESTS, _SHARE = 12, 0.3
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


def phantom_lungs(count: int = CHESTS) -> list[TrainingCase]:
    """``count`` chests, each half a minute of one core."""
    processes = min(count, os.cpu_count() or 1)
    # spawned: a forked process hangs in torch's threads once its parent has used them
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(phantom_lung, range(_FIRST_SEED, _FIRST_SEED + count)))


def engine_of(
    cases: list[TrainingCase],
    made: list[TrainingCase],
    pool: NodulePool,
    *,
    device: torch.device,
    mixture: Mixture,
) -> NoduleEngine:
    """The engine that 0.5.0 was taught with: real lungs, and chests for a share of the patches.

    Args:
        cases: real lungs.
        made: what ``phantom_lungs`` gives.
        pool: nodules to insert.
        device: where batches are made.
        mixture: what is set into them.
    """
    engine = NoduleEngine([*cases, *made], pool, device=device, patch=PATCH, mixture=mixture)
    weights, real = engine.background.weights, len(cases)
    odds = _SHARE / (1 - _SHARE)
    weights[real:] *= odds * float(weights[:real].sum()) / float(weights[real:].sum())
    return engine


def engine_of_data(data: Path, *, device: torch.device, mixture: Mixture) -> NoduleEngine:
    """The same of what ``shared_cases`` wrote."""
    cases = [TrainingCase.load(path) for path in sorted((data / "cases").glob("*.npz"))]
    pool = NodulePool.load(data / "pool.npz")
    return engine_of(cases, phantom_lungs(), pool, device=device, mixture=mixture)
