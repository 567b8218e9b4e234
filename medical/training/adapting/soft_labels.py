"""How candidates on pseudo-labels count where a model is calibrated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medical.training.adapting.pseudo_labels import PseudoLabels, at_pseudo_labels
from medical.training.calibration.fit import CandidateScores, rows_of
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.score_cache import concatenated


def with_soft_labels(part: CalibrationData, labels: PseudoLabels) -> CalibrationData:
    """Return a CT's collection in which nobody is sure of the pseudo-labels.

    A candidate on one counts as a nodule by the probability that the old model gave it, and as a
    false positive by the rest: counted as false alone it would teach that strong candidates are
    false, left out that there are no strong false positives.
    """
    hit, p = at_pseudo_labels(part.center_voxel, labels)
    if not hit.any():
        return part
    scores = part.scores
    weight = np.where(hit, scores.weight * (1 - p), scores.weight)
    half = rows_of(scores, hit)
    as_nodule = replace(half, is_nodule=np.ones(hit.sum(), bool), weight=half.weight * p[hit])
    return replace(
        part,
        scores=concatenated(CandidateScores, [replace(scores, weight=weight), as_nodule]),
        scan=np.concatenate([part.scan, part.scan[hit]]),
        center_voxel=np.concatenate([part.center_voxel, part.center_voxel[hit]]),
    )
