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

from medical.detection.calibration import probability
from medical.detection.candidates import candidate_finder
from medical.detection.refinement import RefinementStage, cut
from medical.files import written_atomically
from medical.plain_text import counted
from medical.synthesis.case import TrainingCase
from models.zoo.loader import StoredModel
from models.zoo.ready import ready_networks

_log = logging.getLogger(__name__)

# the strongest: where a strange scanner makes the model propose candidates everywhere, others must
# stay background, or nothing could be learnt from that CT
MAX_A_CT = 5
_SAMPLES = 16
_MIN_MM = 4.0

PseudoLabels = Float[np.ndarray, "m 5"]
"""Rows ``(z, y, x, diameter in mm, probability)`` by the case's own voxels, the strongest first."""


class PseudoLabeler:
    """Finds pseudo-labels with one model; make it once, use it for many cases.

    Args:
        model: the old model.
        cache: folder where they are kept for the next start.
    """

    def __init__(self, model: StoredModel, *, cache: Path) -> None:
        self.model, self.cache = model, cache
        networks = ready_networks(model)
        self._find = candidate_finder(
            networks.first,
            whole_box=model.card.reads_whole_box,
            mirrored=model.card.reads_in_mirror,
        )
        self._second = RefinementStage(
            networks.refinement, samples=_SAMPLES, bound=model.card.refinement_bound
        )

    def of(self, case: TrainingCase) -> PseudoLabels:
        """Pick the strongest candidates at or above the operating point, ``MAX_A_CT`` at most."""
        stored = self.cache / f"{case.name}.{self._key()}.npy"
        if stored.exists():
            return np.asarray(np.load(stored, allow_pickle=False), np.float64).reshape(-1, 5)
        rows = self._find_labels(case)
        self.cache.mkdir(parents=True, exist_ok=True)
        with written_atomically(stored) as beside:
            np.save(beside, rows)
        return rows

    def _key(self) -> str:
        """Of all that decides who is suspected: the weights, and how their scores are read."""
        return self.model.card.digest[:12]

    def _find_labels(self, case: TrainingCase) -> PseudoLabels:
        hu = case.hu
        candidates = self._find(hu, case.lung)
        if len(candidates.logits) == 0:
            return np.zeros((0, 5))
        logits = self._second.classify(cut(hu, candidates.centers_voxel, candidates.diameters_mm))
        card = self.model.card
        p, _, _ = probability(
            card.calibration,
            candidates.logits,
            logits.mean(0),
            logits.std(0),
            candidates.diameters_mm,
        )
        rows = np.column_stack([candidates.centers_voxel, candidates.diameters_mm, p]).astype(
            np.float64
        )
        strong = rows[p >= card.operating_point]
        return np.asarray(strong[np.argsort(-strong[:, 4])][:MAX_A_CT])


def with_pseudo_labels(case: TrainingCase, labels: PseudoLabels) -> TrainingCase:
    """Return the case with its pseudo-labels as ignore regions."""
    rows: Float32[np.ndarray, "m 4"] = labels[:, :4].astype(np.float32)
    return replace(case, ignore_regions=rows)


def prepare_sides(
    cases: list[TrainingCase], labeler: PseudoLabeler
) -> tuple[list[TrainingCase], list[PseudoLabels]]:
    """Cases with their pseudo-labels, and these with their probabilities."""
    marked, every = [], []
    for case in cases:
        labels = labeler.of(case)
        _log.info(
            f"{case.name}: "
            + counted(
                len(labels),
                "candidate that may be a nodule is left out of the loss",
                "candidates that may be nodules are left out of the loss",
            )
        )
        marked.append(with_pseudo_labels(case, labels))
        every.append(labels)
    return marked, every


def at_pseudo_labels(
    centers: Float[np.ndarray, "n 3"], labels: PseudoLabels
) -> tuple[np.ndarray, np.ndarray]:
    """Which centres lie at a suspect ``[n]`` bool, and the probability of the one ``[n]``.

    At means within its radius, and within ``_MIN_MM`` in any case; the nearest counts.
    """
    if len(labels) == 0 or len(centers) == 0:
        return np.zeros(len(centers), bool), np.zeros(len(centers))
    apart = np.linalg.norm(centers[:, None] - labels[None, :, :3], axis=-1)
    reach = np.maximum(labels[:, 3] / 2, _MIN_MM)
    nearest = np.where(apart <= reach, apart, np.inf).argmin(1)
    hit = (apart <= reach).any(1)
    return hit, np.where(hit, labels[nearest, 4], 0.0)
