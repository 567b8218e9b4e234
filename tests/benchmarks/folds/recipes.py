"""What differs between 0.5.0's recipe and the present one, taken apart on lungs that both left out.

``predictions/recipes.csv``: mean sensitivity for nodules INSERTED into each lung of the fold
``unseen``, at thresholds of its own, first stage alone. ``a`` to ``h``: 560 s from nothing on one
accelerator. ``i``, ``j``: ``c`` taught on for 1,330 s by four processes of 32 patches with the
present recipe's nodules, 13,900 steps. ``l``, ``m``: starlung-fast's recipe from nothing, 1,220 s
by four processes of 64 patches, 11,650 steps.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medical.evaluation.intervals import draw_scans, percentile_interval
from tests.benchmarks.folds.scans import UNSEEN

VARIANTS = {
    "a": "local attention, echoes, 55 % real nodules (the present recipe)",
    "b": "global attention, no echo, 35 % (0.5.0's recipe)",
    "c": "local attention, echoes, 35 %",
    "d": "global attention, echoes, 55 %",
    "e": "local attention, no echo, 35 %",
    "f": "as c, two thirds of the channels",
    "g": "global attention, echoes, 35 %",
    "h": "as c, another seed",
    "i": "c taught on with 1.8 million patches, one view of the whole box",
    "j": "the same weights, two views",
    "k": "0.5.0, windows and two views",
    "l": "starlung-fast from nothing, 3.0 million patches, one view of the whole box",
    "m": "the same weights, two views",
}
QUESTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "global attention and two views, against local and one": (("c", "g"), ("a", "d"), ("e", "b")),
    "each batch used twice": (("e", "c"), ("b", "g")),
    "55 % real nodules among what is inserted, against 35 %": (("c", "a"), ("g", "d")),
    "two thirds of the channels": (("c", "f"), ("h", "f")),
    "another seed": (("c", "h"),),
    "taught on with nine times the patches, one view": (("c", "i"),),
    "a second view of the whole box": (("i", "j"),),
    "taught on, one view, against 0.5.0": (("k", "i"),),
    "taught on, two views, against 0.5.0": (("k", "j"),),
    "starlung-fast's first stage, one view, against 0.5.0's": (("k", "l"),),
    "starlung-fast's first stage, two views, against 0.5.0's": (("k", "m"),),
}


class Answer(NamedTuple):
    """A mean difference over lungs, and its 95 % interval by lung."""

    difference: float
    low: float
    high: float


def read_recipes(path: Path) -> dict[str, np.ndarray]:
    """Mean sensitivity of each variant, lungs in the order of ``UNSEEN`` ``[lungs]``.

    Raises:
        KeyError: a variant was not read on one of the lungs.
    """
    by_lung: dict[str, dict[str, float]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_lung.setdefault(row["variant"], {})[row["lung"]] = float(row["cpm"])
    return {variant: np.array([cpm[lung] for lung in UNSEEN]) for variant, cpm in by_lung.items()}


def answer(by_variant: dict[str, np.ndarray], pairs: tuple[tuple[str, str], ...]) -> Answer:
    """Mean over pairs of (without, with) of the difference, with its interval by lung."""
    apart = np.mean([by_variant[other] - by_variant[base] for base, other in pairs], axis=0)
    low, high = percentile_interval(apart[draw_scans(len(apart))].mean(1))
    return Answer(float(apart.mean()), low, high)


def print_recipes(path: Path) -> None:
    """Print each variant's mean, then what each choice gives."""
    by_variant = read_recipes(path)
    for variant, words in VARIANTS.items():
        print(f"  {by_variant[variant].mean():.3f}  {variant}: {words}")
    for words, pairs in QUESTIONS.items():
        given = answer(by_variant, pairs)
        print(f"  {given.difference:+.3f} [{given.low:+.3f}, {given.high:+.3f}]  {words}")
