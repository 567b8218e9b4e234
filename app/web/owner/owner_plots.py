"""The plots of the owner's pages, in the page's colours, as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.web.owner.plot_frame import AMBER, BLUE, GREY, INK, new_figure, plain, png, settings
from app.web.words import gettext
from medical.evaluation.expected_performance import Expected
from medical.evaluation.site_monitoring import Scores
from models.zoo.card import ReliabilityRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def operating_plot(points: Sequence[Expected], scored_at: float) -> bytes:
    """Sensitivity and false positives per scan over the threshold, with their intervals."""
    with settings():
        figure, left = new_figure()
        right = left.twinx()
        x = [point.threshold for point in points]
        _band(left, x, [p.sensitivity for p in points], [p.sensitivity_ci95 for p in points], BLUE)
        false = [point.false_positives for point in points]
        _band(right, x, false, [point.false_positives_ci95 for point in points], AMBER)
        left.axvline(scored_at, color=GREY, linestyle=":", linewidth=1)
        left.set(xlim=(0, 1), ylim=(0, 1.02), xlabel=gettext("Threshold"))
        left.set_ylabel(gettext("Sensitivity, inserted nodules"), color=BLUE)
        right.set_ylim(bottom=0)
        right.set_ylabel(gettext("False positives per scan"), color=AMBER)
        plain(right)
        return png(figure)


def reliability_plot(rows: Sequence[ReliabilityRow]) -> bytes:
    """Share of nodules over the probability given; the diagonal is perfect."""
    with settings():
        figure, axes = new_figure()
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
        x = [row.mean_probability for row in rows]
        y = [row.share_nodules for row in rows]
        below = [max(0.0, row.share_nodules - row.share_ci95[0]) for row in rows]
        above = [max(0.0, row.share_ci95[1] - row.share_nodules) for row in rows]
        axes.errorbar(x, y, yerr=(below, above), fmt="o", color=BLUE, markersize=5, capsize=3)
        for row in rows:
            axes.annotate(
                str(row.candidates),
                (row.mean_probability, row.share_nodules),
                xytext=(6, 5 if row.share_nodules < 0.1 else -11),  # not among the ticks
                textcoords="offset points",
                fontsize=8,
                color=GREY,
            )
        axes.set(xlim=(0, 1), ylim=(-0.02, 1.02))
        axes.set(xlabel=gettext("Predicted probability"), ylabel=gettext("Share of nodules"))
        return png(figure)


def scores_plot(scores: Scores) -> bytes:
    """Both distribution functions of the marks' probabilities."""
    with settings():
        figure, axes = new_figure()
        sides = (
            (scores.calibration, AMBER, gettext("Calibration set")),
            (scores.latest, BLUE, gettext("Latest")),
        )
        for values, colour, name in sides:
            if values:
                axes.ecdf(values, color=colour, linewidth=1.8, label=name)
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.set(
            xlabel=gettext("Predicted probability"),
            ylabel=gettext("Share of candidates at or below"),
        )
        axes.legend(loc="lower right", frameon=False, labelcolor=INK)
        return png(figure)


def _band(
    axes: Axes,
    x: list[float],
    y: list[float],
    intervals: list[tuple[float, float]],
    colour: str,
) -> None:
    low, high = zip(*intervals, strict=True)
    axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(x, y, color=colour, linewidth=1.8, marker="o", markersize=3.5)
