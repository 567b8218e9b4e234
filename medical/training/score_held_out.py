"""What a model says of the held-out scans, as tables for the LUNA16 protocol."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from medical.ct.prepare import NoLungError, prepare
from medical.evaluation.tables import Mark, ReferenceFinding, Tables
from medical.scoring.scorer import Scorer
from medical.training.cases.gather import Gathered
from medical.training.cases.truth import lesions_of
from models.zoo.loader import StoredModel

_log = logging.getLogger(__name__)

_SAMPLES = 16


def score_held_out(models: Sequence[StoredModel], gathered: Gathered) -> list[Tables]:
    """Score the held-out scans with each model; each CT is decoded and prepared once for all.

    Args:
        models: to compare; none has seen the scans.
        gathered: cases of the run.

    Returns:
        One table a model, all of the same scans, so that they can be compared scan by scan.
    """
    scorers = [Scorer(model, samples=_SAMPLES) for model in models]
    marks: list[list[Mark]] = [[] for _ in models]
    references: list[ReferenceFinding] = []
    for handle in gathered.held_out:
        ct, uid = handle.load(), handle.series_instance_uid
        references += lesions_of(gathered.truth, ct, path=gathered.truth_path)
        try:
            prepared = prepare(ct, with_sides=True)
        except NoLungError as error:
            _log.info(f"not evaluated: {handle.path}: {error}")
            continue
        for mine, scorer in zip(marks, scorers, strict=True):
            reading = scorer.read(ct, prepared=prepared)
            mine += [Mark(uid, mark.center_lps_mm, mark.probability) for mark in reading.marks]
        _log.info(f"evaluated {uid}")
    series = tuple(handle.series_instance_uid for handle in gathered.held_out)
    return [
        Tables(series_uids=series, nodules=tuple(references), irrelevant=(), marks=tuple(mine))
        for mine in marks
    ]
