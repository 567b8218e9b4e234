"""The plots of an evaluation, drawn from its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web.owner.plot_frame import AMBER, BLUE, GREY, INK, new_figure, png, settings
from app.web.words import gettext
from medical.evaluation.froc import FALSE_POSITIVES_PER_SCAN
from medical.evaluation.intervals import share_interval
from medical.evaluation.result import CurvePoint, Evaluation, SizeBin

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def froc_plot(evaluation: Evaluation) -> bytes:
    """Sensitivity over false positives per scan; the seven points of the mean are marked."""
    from matplotlib.ticker import FixedLocator, NullLocator

    rates = FALSE_POSITIVES_PER_SCAN
    with settings():
        figure, axes = new_figure()
        _curve(axes, evaluation.curve)
        marked = [(rate, evaluation.sensitivity.get(f"{rate:g}")) for rate in rates]
        known = [(rate, value) for rate, value in marked if value is not None]
        axes.plot([one[0] for one in known], [one[1] for one in known], "o", color=BLUE, ms=5)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(FixedLocator(rates))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([f"{rate:g}" for rate in rates])
        axes.set(xlim=(rates[0] / 1.1, rates[-1] * 1.1), ylim=(0, 1.02))
        axes.set(xlabel=gettext("False positives per scan"), ylabel=gettext("Sensitivity"))
        return png(figure)


def size_plot(bins: Sequence[SizeBin]) -> bytes:
    """Sensitivity by diameter with exact intervals; the nodules are counted at each point."""
    filled = [one for one in bins if one.nodules]
    series = [_Series(gettext("by any candidate"), BLUE, [one.found for one in filled])]
    at_point = [
        one.found_at_operating_point for one in filled if one.found_at_operating_point is not None
    ]
    if filled and len(at_point) == len(filled):
        series.append(_Series(gettext("at the operating point"), AMBER, at_point))
    with settings():
        figure, axes = new_figure()
        for place, one in enumerate(series):
            _shares(axes, one, filled, shift=0.16 * (place - (len(series) - 1) / 2))
        axes.set_xticks(range(len(filled)), [_size(one) for one in filled])
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
    found: list[int]


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


def _shares(axes: Axes, one: _Series, bins: Sequence[SizeBin], *, shift: float) -> None:
    shares = [found / row.nodules for found, row in zip(one.found, bins, strict=True)]
    ends = [share_interval(found, row.nodules) for found, row in zip(one.found, bins, strict=True)]
    below = [share - low for share, (low, _) in zip(shares, ends, strict=True)]
    above = [high - share for share, (_, high) in zip(shares, ends, strict=True)]
    x = [place + shift for place in range(len(bins))]
    axes.errorbar(
        x,
        shares,
        yerr=(below, above),
        fmt="o",
        color=one.colour,
        markersize=5,
        capsize=3,
        label=one.title,
    )
    for place, share, found, row in zip(x, shares, one.found, bins, strict=True):
        axes.annotate(
            f"{found}/{row.nodules}",
            (place, share),
            xytext=(7, -3) if shift >= 0 else (-7, -3),
            textcoords="offset points",
            ha="left" if shift >= 0 else "right",
            fontsize=8,
            color=GREY,
        )


def _size(one: SizeBin) -> str:
    low, high = one.diameter_from_mm, one.diameter_to_mm
    if high is None:
        return gettext("{low} and more", low=f"{low:g}")
    return gettext("{low} to {high}", low=f"{low:g}", high=f"{high:g}")
