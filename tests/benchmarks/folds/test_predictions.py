"""The bound of the second stage's logit is beyond all that the stored predictions hold."""

from __future__ import annotations

import csv

import pytest

from models.zoo.loader import find_model
from tests.benchmarks.folds.compare import LITE, LITE_32
from tests.benchmarks.folds.predictions import PREDICTIONS

SHIPPED = [
    ("starlung-fast", "narrow-margins/fast-int8.csv"),
    ("starlung-fast", "shifted-box/fast-int8.csv"),
    ("starlung-fast", "fast.csv"),
    ("starlung-lite", LITE),
    ("starlung-lite", LITE_32),
    ("starlung-base", "shipped.csv"),
]


@pytest.mark.parametrize(("name", "file"), SHIPPED)
def test_no_logit_of_a_shipped_model_is_near_the_bound(name: str, file: str) -> None:
    with (PREDICTIONS / file).open(newline="", encoding="utf-8") as stream:
        logits = [float(row["second"]) for row in csv.DictReader(stream) if row["second"]]
    assert len(logits) >= 4320
    assert max(map(abs, logits)) < 0.75 * find_model(name).card.refinement_bound
