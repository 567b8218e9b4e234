"""What the model's page makes of an evaluation."""

from __future__ import annotations

import pytest

from app.web.views.evaluation_panel import evaluation_figures, reliability_rows
from app.web.views.plots import froc_plot, size_plot
from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.result import Evaluation
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """Three scans: nodules of 5 (found at 0.9) and 10 mm (missed), one false positive at 0.4."""
    nodules = (ReferenceFinding("a", (0, 0, 0), 5.0), ReferenceFinding("a", (50, 0, 0), 10.0))
    candidates = (Candidate("a", (1, 0, 0), 0.9), Candidate("b", (0, 0, 0), 0.4))
    tables = Tables(("a", "b", "c"), nodules, (), candidates)
    return evaluate_tables(tables, operating_point=0.4, bootstraps=50).evaluation


def test_figures_stand_with_their_intervals_and_counts(evaluation: Evaluation) -> None:
    page = evaluation_figures(evaluation)
    assert "2 nodules, 3 scans" in page
    assert "Sensitivity at threshold 0.4</small><b>50%</b><small>1%–99%</small>" in page
    assert "False positives per scan at threshold 0.4</small><b>0.33</b><small>0.01–1.86" in page
    assert "<b>50%</b><small>1%–99%</small>" in page, "nodule-free scans without a mark"


def test_without_an_operating_point_no_figure_is_made_up(evaluation: Evaluation) -> None:
    page = evaluation_figures(evaluation.model_copy(update={"operating_point": None}))
    assert "threshold" not in page
    assert "CPM" in page


def test_reliability_has_exact_intervals_and_no_empty_bins(evaluation: Evaluation) -> None:
    assert evaluation.calibration is not None
    rows = reliability_rows(evaluation.calibration)
    assert [(row.candidates, row.share_nodules) for row in rows] == [(1, 0.0), (1, 1.0)]
    assert rows[0].share_ci95 == pytest.approx((0.0, 0.975))


@pytest.mark.parametrize("update", [{}, {"curve": []}], ids=["curve", "seven points"])
def test_the_curve_is_drawn_from_numbers(evaluation: Evaluation, update: dict[str, object]) -> None:
    assert froc_plot(evaluation.model_copy(update=update)).startswith(PNG)


def test_sizes_are_drawn_where_there_are_nodules(evaluation: Evaluation) -> None:
    assert size_plot(evaluation.size_bins).startswith(PNG)
