"""Second stages judged on lungs that none had seen, and what the page quotes of it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.folds.second.second_stages import (
    MODELS,
    Candidates,
    average,
    count_for_all,
    judge_stage,
    print_second_stages,
)
from tests.benchmarks.leave_out.seen_scan import SeenScan

PAGE = Path(__file__).parents[4] / "docs" / "benchmarks" / "folds.md"
NONE = np.zeros((0, 4))
NODULE = np.array([[50.0, 50.0, 50.0, 8.0]])
ELSEWHERE = np.array([[20.0, 20.0, 20.0, 8.0]])
PLACES = np.concatenate([NODULE, ELSEWHERE])


def hybrid(lung: str, nodule: float) -> SeenScan:
    """A nodule that was set in, and something else of 0.4."""
    scores = np.array([nodule, 0.4])
    return SeenScan(f"{lung}+1", lung, PLACES, scores, NONE, NONE, NODULE, NONE)


def as_it_is(lung: str, scores: tuple[float, float]) -> SeenScan:
    """A lesion that is there, and something else."""
    return SeenScan(lung, lung, PLACES, np.array(scores), NODULE, NONE, NONE, NONE)


def test_a_share_is_chosen_on_the_other_lungs() -> None:
    first = [hybrid(lung, 0.0) for lung in ("a", "b", "e")] + [hybrid("c", 0.6)]
    first.append(as_it_is("a", (1.0, 0.0)))
    logits = {f"{lung}+1": np.array([1.0, 0.0]) for lung in ("a", "b", "e")}
    figures = judge_stage(first, {**logits, "a": np.zeros(2), "c+1": np.array([0.0, 1.0])})
    assert figures.share == 0.5
    assert figures.by_share[0, 3] == 1.0
    # what is best for the others is what c is told by, though it does harm there
    assert figures.crossed[:3].tolist() == [1.0] * 3
    assert figures.crossed[3] < 1.0


def test_false_positives_are_counted_where_the_weakest_lesion_passes() -> None:
    scans = [as_it_is("a", (3.0, 2.0)), as_it_is("b", (1.0, 5.0))]
    assert count_for_all(scans) == 1.0  # both other places are above 1.0
    assert count_for_all(scans[:1]) == 0.0


def test_a_lesion_without_a_candidate_never_passes() -> None:
    lost = SeenScan("a", "a", ELSEWHERE, np.array([1.0]), NODULE, NONE, NONE, NONE)
    assert count_for_all([lost]) == float("inf")


def test_several_are_averaged_scan_by_scan() -> None:
    stages = {"x": {"a": np.array([0.0, 2.0])}, "y": {"a": np.array([4.0, 0.0])}}
    assert average(stages, ("x", "y"))["a"].tolist() == [2.0, 1.0]


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_logits_stand_in_the_order_of_the_candidates(model: Candidates) -> None:
    with model.predictions.open(newline="", encoding="utf-8") as file:
        scans = [row["scan"] for row in csv.DictReader(file) if row["kind"] == "views2"]
    for table in (model.table, model.features):
        with table.open(newline="", encoding="utf-8") as file:
            assert [row["scan"] for row in csv.DictReader(file)] == scans


def test_the_page_quotes_what_the_table_gives(capsys: pytest.CaptureFixture[str]) -> None:
    print_second_stages()
    page = PAGE.read_text("utf-8")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * 2 + 22 + 9
    for line in lines:
        assert line in page, line
