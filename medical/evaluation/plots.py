"""The figures beside ``evaluation.json``: FROC with its bootstrap band, and reliability."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from medical.evaluation.froc import FALSE_POSITIVES_PER_SCAN, Bootstrap, FrocCurve
from medical.evaluation.result import Calibration, Evaluation
from medical.plain_text import counted

_INK, _BAND = "#1f4e79", "#9dc3e6"


def plot_froc(curve: FrocCurve, band: Bootstrap, evaluation: Evaluation, path: Path) -> None:
    """Write the FROC curve over the seven operating points as PNG."""
    figure = _figure()
    axes = figure.add_subplot()
    axes.fill_between(
        band.grid, band.low, band.high, color=_BAND, alpha=0.5, linewidth=0,
        label="95 % bootstrap interval by scan",
    )  # fmt: skip
    axes.plot(band.grid, curve.at(band.grid), color=_INK, label="FROC")
    points = FALSE_POSITIVES_PER_SCAN
    axes.plot(points, curve.at(points), "o", color=_INK, markersize=4)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(points))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{value:g}" for value in points])
    axes.set(xlim=(points[0], points[-1]), ylim=(0, 1.005))
    axes.set(xlabel="False positives per scan", ylabel="Sensitivity", title=_title(evaluation))
    axes.grid(color="0.9")
    axes.legend(loc="lower right", frameon=False)
    _save(figure, path)


def plot_reliability(calibration: Calibration, path: Path) -> None:
    """Write the reliability diagram as PNG; the number of candidates stands at each point."""
    figure = _figure()
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], "--", color="0.6", label="Perfect calibration")
    rows = [
        (row.mean_probability, row.share_nodules, row.candidates)
        for row in calibration.reliability
        if row.mean_probability is not None and row.share_nodules is not None
    ]
    axes.plot([row[0] for row in rows], [row[1] for row in rows], "o-", color=_INK)
    for probability, share, candidates in rows:
        axes.annotate(
            str(candidates), (probability, share), xytext=(4, -10), textcoords="offset points",
            fontsize=7, color="0.35",
        )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="Probability given", ylabel="Share of nodules")
    axes.set_title(f"Expected calibration error {calibration.expected_calibration_error:.3f}")
    axes.grid(color="0.9")
    axes.legend(loc="upper left", frameon=False)
    _save(figure, path)


def _title(evaluation: Evaluation) -> str:
    counts = f"{counted(evaluation.nodules, 'nodule')} in {counted(evaluation.scans, 'scan')}"
    if evaluation.cpm is None:
        return counts
    if evaluation.cpm_ci95 is None:
        return f"CPM {evaluation.cpm:.3f}, {counts}"
    low, high = evaluation.cpm_ci95
    return f"CPM {evaluation.cpm:.3f} ({low:.3f} to {high:.3f}), {counts}"


def _figure() -> Figure:
    # Not pyplot: no global state, so plots can be made in a web server's thread.
    figure = Figure(figsize=(6.4, 4.8), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    figure.text(0.01, 0.005, "StarLung, research use only", fontsize=6, color="0.5")
    figure.savefig(path, metadata={"Software": None})
