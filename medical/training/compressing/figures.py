"""The figures of a compression's steps: a file, and a plot of size and time against CPM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from medical.evaluation.result import Evaluation
from medical.evaluation.tables import Candidate, Tables
from medical.files import write_atomic
from medical.training.gate import Verdict
from models.compression.footprint import Footprint


class StepFigures(BaseModel):
    """All that was measured of one step; kept, so that a resumed run need not measure it again.

    ``sensitivity`` is at 1/8 to 8 false positives a scan of the held-out scans, intervals by scan;
    ``calibration_error`` is the expected one, with the teacher's calibration.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: str
    sha256: str
    file_bytes: int
    parameters: int
    channels: int
    multiplications: int
    window_ms_best: float
    window_ms_median: float
    peak_mib: float
    cpm: float | None
    cpm_ci95: tuple[float, float] | None
    sensitivity: dict[str, float | None]
    sensitivity_ci95: dict[str, tuple[float, float] | None]
    calibration_error: float | None
    candidates: tuple[tuple[str, float, float, float, float], ...]
    verdict: str = ""
    promotable: bool = False

    def tables(self, like: Tables) -> Tables:
        """Put this step's candidates beside another's scans and nodules."""
        return Tables(
            series_uids=like.series_uids,
            nodules=like.nodules,
            irrelevant=like.irrelevant,
            candidates=tuple(Candidate(uid, (x, y, z), p) for uid, x, y, z, p in self.candidates),
        )

    def judged(self, verdict: Verdict) -> StepFigures:
        """Return the same with what the gate says."""
        return self.model_copy(update={"verdict": verdict.why, "promotable": verdict.replaces})


def curve_fields(evaluation: Evaluation) -> dict[str, object]:
    """Return what of an evaluation stands in ``StepFigures``."""
    of_probabilities = evaluation.calibration
    return {
        "cpm": evaluation.cpm,
        "cpm_ci95": evaluation.cpm_ci95,
        "sensitivity": dict(evaluation.sensitivity),
        "sensitivity_ci95": {
            f"{point.false_positives_per_scan:g}": point.sensitivity_ci95
            for point in evaluation.curve
        },
        "calibration_error": of_probabilities.expected_calibration_error
        if of_probabilities
        else None,
    }


def cost_fields(footprint: Footprint) -> dict[str, float]:
    """Return what of a footprint stands in ``StepFigures``."""
    return {
        "window_ms_best": footprint.best_ms,
        "window_ms_median": footprint.median_ms,
        "peak_mib": footprint.peak_mib,
    }


class StepBook:
    """Figures of the steps that were measured, in a file.

    Args:
        path: JSON lines, one a step.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        self._rows = [StepFigures.model_validate_json(line) for line in lines]

    def find(self, step: str, sha256: str) -> StepFigures | None:
        """Figures of a step of these very weights."""
        return next((r for r in self._rows if (r.step, r.sha256) == (step, sha256)), None)

    def add(self, row: StepFigures) -> None:
        """Keep figures in place of the step's older ones."""
        self._rows = [r for r in self._rows if r.step != row.step] + [row]
        write_atomic(self._path, "".join(r.model_dump_json() + "\n" for r in self._rows))


def plot_pareto(rows: Sequence[StepFigures], path: Path) -> None:
    """Write size and time against the mean sensitivity as PNG; a bar is its 95 % interval."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    shown = [row for row in rows if row.cpm is not None]
    for place, (axis, label) in enumerate(
        ((_megabytes, "File, MB"), (_milliseconds, "Window of 64 voxels, one core, ms"))
    ):
        axes = figure.add_subplot(1, 2, place + 1)
        for row in shown:
            cpm, (low, high) = row.cpm or 0.0, row.cpm_ci95 or (row.cpm or 0.0, row.cpm or 0.0)
            bar = [[max(0.0, cpm - low)], [max(0.0, high - cpm)]]
            axes.errorbar([axis(row)], [cpm], yerr=bar, fmt="o", capsize=3, label=row.step)
        axes.set(xscale="log", ylim=(0, 1.02), xlabel=label, ylabel="Mean sensitivity (CPM)")
        # plain numbers at 1, 2 and 5: a range of one decade would have them all, as powers
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(color="0.9")
    if shown:
        figure.axes[0].legend(loc="lower left", fontsize=8)
    figure.savefig(path, dpi=110)


def _megabytes(row: StepFigures) -> float:
    return row.file_bytes / 1e6


def _milliseconds(row: StepFigures) -> float:
    return row.window_ms_best
