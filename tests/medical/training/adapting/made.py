"""Made collections of raw scores, and a model of tiny networks, for tests without any CT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from medical.training.calibration.fit import CandidateScores, SizeErrors
from medical.training.calibration.raw_scores import CalibrationData
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.two_stage import TwoStage
from models.zoo.card import Calibration
from models.zoo.loader import CARD, DEFAULT_MODEL, WEIGHTS, StoredModel, find_model, sha256_of
from models.zoo.networks import save_networks


def plain_calibration() -> Calibration:
    """Reads a candidate's probability as the logistic of its detector's logit."""
    plain = {"intercept": 0.0, "detector_slope": 1.0, "refiner_slope": 0.0, "least_mm": 0.0}
    return find_model(DEFAULT_MODEL).card.calibration.model_copy(update=plain)


def part_of(
    *,
    candidates: list[float],
    centers: list[tuple[float, float, float]] | None = None,
    nodules: list[float | None],
    mm: float = 8.0,
) -> CalibrationData:
    """One CT: logits of its candidates, and of those on inserted nodules (None: missed)."""
    hits = [nodule for nodule in nodules if nodule is not None]
    logits = np.array([*candidates, *hits], float)
    count, first = len(logits), len(candidates)
    rows, row = [], first
    for nodule in nodules:
        rows.append(-1 if nodule is None else row)
        row += nodule is not None
    at = np.full((count, 3), np.nan)
    places = centers if centers is not None else [(50.0 * (n + 1),) * 3 for n in range(first)]
    at[:first] = np.array(places, float).reshape(-1, 3)
    is_nodule = np.arange(count) >= first
    errors = np.linspace(-0.2, 0.2, len(hits))
    return CalibrationData(
        CandidateScores(
            logits, np.zeros(count), np.zeros(count), is_nodule, np.ones(count), np.full(count, 9.0)
        ),
        SizeErrors(errors, errors, np.zeros(len(hits))),
        np.zeros(count, int),
        np.zeros(len(hits), int),
        np.array([nodule is not None for nodule in nodules], bool),
        np.full(len(nodules), mm),
        np.array(rows, int),
        at,
    )


def drawn_part(
    seed: int, *, shift: float = 0.0, nodules: int = 40, candidates: int = 20
) -> CalibrationData:
    """One CT with nodules that mostly score above its candidates; ``shift`` moves every logit."""
    rng = np.random.default_rng(seed)
    return part_of(
        candidates=list(rng.normal(-2.5 + shift, 1.0, candidates)),
        nodules=list(rng.normal(1.5 + shift, 1.0, nodules)),
    )


def tiny_model(folder: Path) -> StoredModel:
    """A stored model whose networks take a moment and find nothing; it is for no figure."""
    torch.manual_seed(0)
    detector = DetectorConfig(widths=(4, 8, 8, 8), channels=8)
    refiner = RefinerConfig(widths=(4, 4, 8), hidden=8)
    folder.mkdir(parents=True)
    save_networks(TwoStage(detector.build(), refiner.build()), folder / WEIGHTS)
    card = find_model(DEFAULT_MODEL).card.model_copy(
        update={
            "name": "tiny",
            "sha256": sha256_of(folder / WEIGHTS),
            "detector": detector.to_dict(),
            "refiner": refiner.to_dict(),
            "networks": {},
            "scans_seen_in_training": ["elsewhere"],
        }
    )
    card.write(folder / CARD)
    return StoredModel(folder, card)
