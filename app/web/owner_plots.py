"""The plots of the owner's pages, in the page's colours, as PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.web.words import Words
from medical.evaluation.drift import Scores
from medical.evaluation.expected import Expected
from medical.report.fonts import chinese_font
from models.zoo.card import ReliabilityRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GROUND, _INK, _GREY, _GRID = "#0d1116", "#d7dee6", "#8c99a8", "#232b35"
_BLUE, _AMBER = "#4fb3cc", "#e0b464"
_INCHES, _DPI = (6.2, 3.9), 180


def operating_plot(points: Sequence[Expected], scored_at: float, words: Words) -> bytes:
    """Sensitivity and false positives per scan over the threshold, with their intervals."""
    with _settings(words):
        figure, left = _figure()
        right = left.twinx()
        x = [point.threshold for point in points]
        _band(left, x, [p.sensitivity for p in points], [p.sensitivity_ci95 for p in points], _BLUE)
        false = [point.false_positives for point in points]
        _band(right, x, false, [point.false_positives_ci95 for point in points], _AMBER)
        left.axvline(scored_at, color=_GREY, linestyle=":", linewidth=1)
        left.set(xlim=(0, 1), ylim=(0, 1.02), xlabel=words("axis_threshold"))
        left.set_ylabel(words("sensitivity"), color=_BLUE)
        right.set_ylim(bottom=0)
        right.set_ylabel(words("false_positives"), color=_AMBER)
        _plain(right)
        return _png(figure)


def reliability_plot(rows: Sequence[ReliabilityRow], words: Words) -> bytes:
    """Share of nodules over the probability given; the diagonal is perfect."""
    with _settings(words):
        figure, axes = _figure()
        axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1)
        x = [row.mean_probability for row in rows]
        y = [row.share_nodules for row in rows]
        below = [max(0.0, row.share_nodules - row.share_ci95[0]) for row in rows]
        above = [max(0.0, row.share_ci95[1] - row.share_nodules) for row in rows]
        axes.errorbar(x, y, yerr=(below, above), fmt="o", color=_BLUE, markersize=5, capsize=3)
        for row in rows:
            axes.annotate(
                str(row.candidates),
                (row.mean_probability, row.share_nodules),
                xytext=(6, -11),
                textcoords="offset points",
                fontsize=8,
                color=_GREY,
            )
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.set(xlabel=words("axis_probability"), ylabel=words("axis_share"))
        return _png(figure)


def scores_plot(scores: Scores, words: Words) -> bytes:
    """Both distribution functions of the marks' probabilities."""
    with _settings(words):
        figure, axes = _figure()
        sides = (
            (scores.calibration, _AMBER, "fact_calibration"),
            (scores.latest, _BLUE, "fact_latest"),
        )
        for values, colour, name in sides:
            if values:
                axes.ecdf(values, color=colour, linewidth=1.8, label=words(name))
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.set(xlabel=words("axis_probability"), ylabel=words("axis_marks"))
        axes.legend(loc="lower right", frameon=False, labelcolor=_INK)
        return _png(figure)


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


def _figure() -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Not pyplot: it keeps global state, and pages are drawn in threads.
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained", facecolor=_GROUND)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(color=_GRID, linewidth=0.8)
    _plain(axes)
    return figure, axes


def _plain(axes: Axes) -> None:
    axes.set_facecolor("none")
    axes.tick_params(colors=_GREY, length=0)
    for label in (axes.xaxis.label, axes.yaxis.label):
        if label.get_color() in ("black", "k"):
            label.set_color(_INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _settings(words: Words) -> Any:
    import matplotlib

    family = chinese_font() if words.language == "zh" else None
    names = [family, "DejaVu Sans"] if family else ["DejaVu Sans"]
    return matplotlib.rc_context(
        {"font.family": names, "font.size": 9, "axes.labelcolor": _INK, "text.parse_math": False}
    )


def _png(figure: Figure) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()
