"""What a model says of the held-out scans, as tables for the LUNA16 protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from medical.ct.prepare import NoLungError
from medical.evaluation.tables import Mark, ReferenceFinding, Tables
from medical.scoring.scorer import Scorer
from medical.series_handle import SeriesHandle
from medical.training.cases.truth import lesions_of

_PASSES = 16


def held_out_tables(
    models: list[str],
    held_out: list[SeriesHandle],
    truth: list[ReferenceFinding],
    *,
    truth_path: Path,
    say: Callable[[str], None],
) -> list[Tables]:
    """Score the scans with each model.

    Args:
        models: names or folders.
        held_out: scans that none of the models has seen.
        truth: all lesions.
        truth_path: what errors name.
        say: told what could not be scored.

    Returns:
        One table a model, all of the same scans, so that they can be compared scan by scan.
    """
    scorers = [Scorer.named(name, passes=_PASSES) for name in models]
    marks: list[list[Mark]] = [[] for _ in models]
    references: list[ReferenceFinding] = []
    for handle in held_out:
        ct, uid = handle.load(), handle.series_instance_uid
        references += lesions_of(truth, ct, path=truth_path)
        for mine, scorer in zip(marks, scorers, strict=True):
            try:
                reading = scorer.read(ct)
            except NoLungError as error:
                say(f"not evaluated: {handle.path}: {error}")
                continue
            mine += [Mark(uid, mark.center_lps_mm, mark.probability) for mark in reading.marks]
        say(f"evaluated {uid}")
    series = tuple(handle.series_instance_uid for handle in held_out)
    return [
        Tables(series_uids=series, nodules=tuple(references), irrelevant=(), marks=tuple(mine))
        for mine in marks
    ]
