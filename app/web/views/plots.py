"""The plots of the model's and the drift page, drawn from their numbers in the page's colours."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.web.words import gettext, page_language
from medical.evaluation.expected_performance import Expected
from medical.evaluation.froc import FALSE_POSITIVES_PER_SCAN
from medical.evaluation.intervals import share_interval
from medical.evaluation.result import CurvePoint, Evaluation, SizeBin
from medical.evaluation.site_monitoring import Scores
from medical.report.font.typesetting import register_plot_font
from models.zoo.card import ReliabilityRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


INK, GREY = "#d7dee6", "#8c99a8"
BLUE, AMBER = "#4fb3cc", "#e0b464"
_GROUND, _GRID = "#0d1116", "#232b35"
_INCHES, _DPI = (6.2, 3.9), 180
THIRD = (4.5, 3.3)
"""Inches of a plot that is a third of the page wide."""


def new_figure(*, inches: tuple[float, float] = _INCHES) -> tuple[Figure, Axes]:
    """Make an empty plot with a grid; smaller inches make its words larger on the page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Not pyplot: it keeps global state, and pages are drawn in threads.
    figure = Figure(figsize=inches, dpi=_DPI, layout="constrained", facecolor=_GROUND)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(color=_GRID, linewidth=0.8)
    plain(axes)
    return figure, axes


def plain(axes: Axes) -> None:
    """Take away ground, ticks and spines; a second y axis needs it too."""
    axes.set_facecolor("none")
    axes.tick_params(colors=GREY, length=0)
    for label in (axes.xaxis.label, axes.yaxis.label):
        if label.get_color() in ("black", "k"):
            label.set_color(INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def settings() -> Any:
    """Fonts and colours within ``with``."""
    import matplotlib

    chinese = page_language() == "zh"
    names = [register_plot_font(), "DejaVu Sans"] if chinese else ["DejaVu Sans"]
    return matplotlib.rc_context(
        {"font.family": names, "font.size": 9, "axes.labelcolor": INK, "text.parse_math": False}
    )


def png(figure: Figure) -> bytes:
    """Render the plot as PNG."""
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()


def show_plot(png: bytes, alt: str) -> None:
    """Show a plot with words for who cannot see it, which ``st.image`` does not take."""
    encoded = base64.b64encode(png).decode()
    source, text = f"data:image/png;base64,{encoded}", html.escape(alt)
    st.html(f'<img class="starlung-plot" alt="{text}" src="{source}">')


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


def reliability_plot(
    rows: Sequence[ReliabilityRow], *, inches: tuple[float, float] = _INCHES
) -> bytes:
    """Share of nodules over the probability given; the diagonal is perfect."""
    with settings():
        figure, axes = new_figure(inches=inches)
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
    """Both distribution functions of the candidates' probabilities."""
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


def froc_plot(evaluation: Evaluation) -> bytes:
    """Sensitivity over false positives per scan; the seven points of the mean are marked."""
    from matplotlib.ticker import FixedLocator, NullLocator

    rates = FALSE_POSITIVES_PER_SCAN
    with settings():
        figure, axes = new_figure(inches=THIRD)
        _curve(axes, evaluation.curve)
        marked = [(rate, evaluation.sensitivity.get(f"{rate:g}")) for rate in rates]
        known = [(rate, value) for rate, value in marked if value is not None]
        axes.plot(
            [point[0] for point in known], [point[1] for point in known], "o", color=BLUE, ms=5
        )
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(FixedLocator(rates))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([f"{rate:g}" for rate in rates])
        axes.set(xlim=(rates[0] / 1.3, rates[-1] * 1.2), ylim=(0, 1.02))
        axes.set(xlabel=gettext("False positives per scan"), ylabel=gettext("Sensitivity"))
        return png(figure)


def size_plot(bins: Sequence[SizeBin]) -> bytes:
    """Sensitivity by diameter with exact intervals; the nodules are counted at each point."""
    filled = [size_bin for size_bin in bins if size_bin.nodules]
    series = [_Series(gettext("by any candidate"), BLUE, [size_bin.found for size_bin in filled])]
    at_point = [
        size_bin.found_at_operating_point
        for size_bin in filled
        if size_bin.found_at_operating_point is not None
    ]
    if filled and len(at_point) == len(filled):
        series.append(_Series(gettext("at the operating point"), AMBER, at_point))
    with settings():
        figure, axes = new_figure(inches=THIRD)
        for place, curve in enumerate(series):
            _shares(axes, curve, filled, shift=0.42 * (place - (len(series) - 1) / 2))
        axes.set_xticks(range(len(filled)), [_size(size_bin) for size_bin in filled])
        axes.set(xlim=(-0.6, len(filled) - 0.4), ylim=(0, 1.04))
        axes.set(xlabel=gettext("Diameter, mm"), ylabel=gettext("Sensitivity"))
        if len(series) > 1:
            axes.legend(loc="lower right", frameon=False, labelcolor=INK)
        return png(figure)


@dataclass(frozen=True, slots=True)
class _Series:
    """Nodules found in each bin, by what."""

    title: str
    colour: str
    counts: list[int]


def _curve(axes: Axes, points: Sequence[CurvePoint]) -> None:
    x = [point.false_positives_per_scan for point in points]
    axes.plot(x, [point.sensitivity for point in points], color=BLUE, linewidth=1.8)
    banded = [
        (point.false_positives_per_scan, *point.sensitivity_ci95)
        for point in points
        if point.sensitivity_ci95 is not None
    ]
    if banded:
        rates, low, high = zip(*banded, strict=True)
        axes.fill_between(rates, low, high, color=BLUE, alpha=0.18, linewidth=0)


def _shares(axes: Axes, curve: _Series, bins: Sequence[SizeBin], *, shift: float) -> None:
    shares = [count / row.nodules for count, row in zip(curve.counts, bins, strict=True)]
    ends = [
        share_interval(count, row.nodules) for count, row in zip(curve.counts, bins, strict=True)
    ]
    below = [share - low for share, (low, _) in zip(shares, ends, strict=True)]
    above = [high - share for share, (_, high) in zip(shares, ends, strict=True)]
    x = [place + shift for place in range(len(bins))]
    axes.errorbar(
        x,
        shares,
        yerr=(below, above),
        fmt="o",
        color=curve.colour,
        markersize=5,
        capsize=3,
        label=curve.title,
    )
    for place, (low, high), count, row in zip(x, ends, curve.counts, bins, strict=True):
        under = low > 0.1  # else it would stand among the ticks
        axes.annotate(
            f"{count}/{row.nodules}",
            (place, low if under else high),
            xytext=(0, -4 if under else 4),
            textcoords="offset points",
            ha="center",
            va="top" if under else "bottom",
            fontsize=7,
            color=GREY,
        )


def _size(size_bin: SizeBin) -> str:
    low, high = size_bin.diameter_from_mm, size_bin.diameter_to_mm
    if high is None:
        return gettext("{low} and more", low=f"{low:g}")
    return gettext("{low} to {high}", low=f"{low:g}", high=f"{high:g}")
