import numpy as np
import pytest

from tests.benchmarks.folds.predictions import PREDICTIONS
from tests.benchmarks.folds.recipes import QUESTIONS, VARIANTS, answer, read_recipes
from tests.benchmarks.folds.scans import UNSEEN


def test_a_difference_is_the_mean_over_pairs_and_lungs():
    by_variant = {"x": np.array([0.5, 0.6]), "y": np.array([0.6, 0.8]), "z": np.array([0.5, 0.5])}

    given = answer(by_variant, (("x", "y"), ("x", "z")))

    assert given.difference == pytest.approx((0.15 - 0.05) / 2)
    assert given.low <= given.difference <= given.high


def test_every_variant_of_every_question_was_read_on_every_lung():
    by_variant = read_recipes(PREDICTIONS / "recipes.csv")

    asked = {variant for pairs in QUESTIONS.values() for pair in pairs for variant in pair}
    assert asked <= set(by_variant) == set(VARIANTS)
    assert all(len(values) == len(UNSEEN) for values in by_variant.values())


def test_lungs_stand_in_one_order_whatever_the_table_s(tmp_path):
    table = tmp_path / "recipes.csv"
    rows = [("x", lung, n / 10) for n, lung in enumerate(UNSEEN)]
    rows += [("y", lung, n / 10) for n, lung in reversed(list(enumerate(UNSEEN)))]
    table.write_text("variant,lung,cpm\n" + "".join(f"{v},{lung},{c}\n" for v, lung, c in rows))

    by_variant = read_recipes(table)

    assert by_variant["x"].tolist() == by_variant["y"].tolist()
