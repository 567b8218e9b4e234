"""Reliability: what StarNet said beside what the readers rated."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

from tests.benchmarks.starnet.predictions import Predictions

mpl.use("Agg")
_BINS = 8


def draw_reliability(p: Predictions, path: Path) -> None:
    """Draw nodules of similar risk: mean risk against mean rating, with and without text."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(4.2, 4.2))
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for condition, label in (("own", "image and text"), ("none", "image alone")):
        risk = p.risk("starnet", f"{condition} by second stage")
        parts = np.array_split(np.argsort(risk), _BINS)
        risks = [risk[part].mean() for part in parts]
        rated = [p.target[part].mean() for part in parts]
        error = [1.96 * p.target[part].std() / len(part) ** 0.5 for part in parts]
        axes.errorbar(risks, rated, yerr=error, marker="o", markersize=4, label=label, capsize=2)
    axes.set(
        xlabel="risk by StarNet", ylabel="readers' mean rating, 1 to 5 as 0 to 1",
        xlim=(0, 1), ylim=(0, 1), aspect="equal",
    )  # fmt: skip
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
