"""AUC, rank correlation and coverage, with bootstraps over patients and by their pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import rankdata

from medical.evaluation.intervals import draw_scans, percentile_interval

DRAWS = 1000
MALIGNANT, BENIGN = 4, 2
Column = Float[np.ndarray, " n"]


def auc(truth: Bool[np.ndarray, " n"], score: Column) -> float:
    """Area under the ROC curve; ties count half."""
    ranks = rankdata(score)
    positive = int(truth.sum())
    negative = len(truth) - positive
    if not positive or not negative:
        return float("nan")
    wins = ranks[truth].sum() - positive * (positive + 1) / 2
    return float(wins / (positive * negative))


def rank_correlation(target: Column, score: Column) -> float:
    """Spearman's."""
    return float(np.corrcoef(rankdata(target), rankdata(score))[0, 1])


class PatientBootstrap:
    """The same draws of patients for every figure, so that differences are paired.

    Args:
        patients: of each nodule.
    """

    def __init__(self, patients: Sequence[str]) -> None:
        names = sorted(set(patients))
        place = {name: number for number, name in enumerate(names)}
        rows: list[list[int]] = [[] for _ in names]
        for number, patient in enumerate(patients):
            rows[place[patient]].append(number)
        drawn = draw_scans(len(names), draws=DRAWS)
        self.samples: list[Int[np.ndarray, " m"]] = [
            np.concatenate([rows[patient] for patient in draw]) for draw in drawn
        ]

    def interval(self, figure: Callable[[Int[np.ndarray, " m"]], float]) -> tuple[float, float]:
        """Interval of a figure of some rows."""
        return percentile_interval(np.array([figure(rows) for rows in self.samples]))


def decided(rating: Int[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Nodules that the readers call benign (1, 2) or malignant (4, 5)."""
    return (rating <= BENIGN) | (rating >= MALIGNANT)


def auc_of(rating: Int[np.ndarray, " n"], score: Column, rows: Int[np.ndarray, " m"]) -> float:
    """AUC of malignant against benign among some rows."""
    chosen = rows[decided(rating[rows])]
    return auc(rating[chosen] >= MALIGNANT, score[chosen])


def reader_ceiling(readers: Sequence[tuple[int, ...]]) -> tuple[Column, Column, list[int]]:
    """Pair each reader with the mean of the others, where there are at least three.

    Returns:
        His rating, the others' mean, and the number of the nodule, of every pair.
    """
    own, others, rows = [], [], []
    for number, ratings in enumerate(readers):
        if len(ratings) < 3:
            continue
        for place, rating in enumerate(ratings):
            own.append(float(rating))
            others.append(float(np.mean(ratings[:place] + ratings[place + 1 :])))
            rows.append(number)
    return np.array(own), np.array(others), rows
