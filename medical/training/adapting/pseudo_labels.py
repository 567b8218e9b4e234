"""What nobody marked in an unlabelled CT and may be a nodule all the same.

Taught as background it would teach the model to leave nodules out (docs/lessons.md tells of a
metastasis that was). So whatever the old model would report as a finding is left out of the loss.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from medical.counts import counted
from medical.detection.calibration import probability
from medical.detection.candidates import WINDOW, find_candidates
from medical.detection.refinement import RefinementStage, cut
from medical.files import written_atomically
from medical.synthesis.case import TrainingCase
from models.detector.runtime import compiled_convolutions, compiled_detector
from models.zoo.loader import StoredModel
from models.zoo.networks import load_networks

_log = logging.getLogger(__name__)

MOST_A_CT = 5  # the strongest: where a strange scanner makes the model mark everything, the rest
# must stay background, or nothing could be learnt from that CT
_SAMPLES = 16
_LEAST_MM = 4.0

Suspects = Float[np.ndarray, "m 5"]
"""Rows ``(z, y, x, diameter in mm, probability)`` by the case's own voxels, the strongest first."""


class Suspicion:
    """Finds suspects with one model; make it once, use it for many cases.

    Args:
        model: the old model.
        kept: folder where they are kept for the next start.
    """

    def __init__(self, model: StoredModel, *, kept: Path) -> None:
        self.model, self.kept = model, kept
        networks = load_networks(model)
        self._detect = compiled_detector(networks.detector, window=WINDOW)
        refiner = networks.refiner
        self._second = RefinementStage(refiner, compiled_convolutions(refiner), samples=_SAMPLES)

    def of(self, case: TrainingCase) -> Suspects:
        """Pick the strongest marks at or above the operating point, ``MOST_A_CT`` at most."""
        stored = self.kept / f"{case.name}.{self._key()}.npy"
        if stored.exists():
            return np.asarray(np.load(stored, allow_pickle=False), np.float64).reshape(-1, 5)
        rows = self._look(case)
        self.kept.mkdir(parents=True, exist_ok=True)
        with written_atomically(stored) as beside:
            np.save(beside, rows)
        return rows

    def _key(self) -> str:
        """Of all that decides who is suspected: the weights, and how their scores are read."""
        return self.model.card.digest[:12]

    def _look(self, case: TrainingCase) -> Suspects:
        hu = case.hu
        found = find_candidates(hu, case.lung, self._detect)
        if len(found.logits) == 0:
            return np.zeros((0, 5))
        logits = self._second.classify(cut(hu, found.centers_voxel, found.diameters_mm))
        card = self.model.card
        p, _, _ = probability(
            card.calibration, found.logits, logits.mean(0), logits.std(0), found.diameters_mm
        )
        rows = np.column_stack([found.centers_voxel, found.diameters_mm, p]).astype(np.float64)
        strong = rows[p >= card.operating_point]
        return np.asarray(strong[np.argsort(-strong[:, 4])][:MOST_A_CT])


def with_suspects(case: TrainingCase, suspects: Suspects) -> TrainingCase:
    """Return the case with its suspects as doubtful."""
    rows: Float32[np.ndarray, "m 4"] = suspects[:, :4].astype(np.float32)
    return replace(case, doubtful=rows)


def prepare_sides(
    cases: list[TrainingCase], suspicion: Suspicion
) -> tuple[list[TrainingCase], list[Suspects]]:
    """Cases with their suspects, and these with their probabilities."""
    marked, every = [], []
    for case in cases:
        suspects = suspicion.of(case)
        _log.info(
            f"{case.name}: "
            + counted(
                len(suspects),
                "mark that may be a nodule is left out of the loss",
                "marks that may be nodules are left out of the loss",
            )
        )
        marked.append(with_suspects(case, suspects))
        every.append(suspects)
    return marked, every


def at_suspects(
    centers: Float[np.ndarray, "n 3"], suspects: Suspects
) -> tuple[np.ndarray, np.ndarray]:
    """Which centres lie at a suspect ``[n]`` bool, and the probability of the one ``[n]``.

    At means within its radius, and within ``_LEAST_MM`` in any case; the nearest counts.
    """
    if len(suspects) == 0 or len(centers) == 0:
        return np.zeros(len(centers), bool), np.zeros(len(centers))
    apart = np.linalg.norm(centers[:, None] - suspects[None, :, :3], axis=-1)
    reach = np.maximum(suspects[:, 3] / 2, _LEAST_MM)
    nearest = np.where(apart <= reach, apart, np.inf).argmin(1)
    hit = (apart <= reach).any(1)
    return hit, np.where(hit, suspects[nearest, 4], 0.0)
