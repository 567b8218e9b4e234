"""Findings drawn with their maps."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from medical.explain.methods import METHODS, SHOWN
from tests.benchmarks.explain.findings import Case
from tests.benchmarks.explain.mask_alone import MASK_ALONE
from tests.benchmarks.explain.rows import Rows

DRAWN = (0.0, 0.25, 0.5, 0.75, 1.0)  # from the worst to the best of the inserted findings


def middle_of(case: Case) -> int:
    """The slice through the predicted centre."""
    return round(case.crop.center_voxel[0])


def slice_name(case: Case, method: str) -> str:
    """File of a map's middle slice."""
    return f"{case.name} {method}.npy"


def chosen_to_draw(cases: list[Case], rows: Rows) -> list[Case]:
    """All real lesions; of each copy's first finding the worst, quartiles and best by energy."""

    def energy(case: Case) -> float:
        return rows[case.name, SHOWN][1].energy

    firsts = {case.scan: case for case in reversed(cases) if not case.real}.values()
    ranked = sorted(firsts, key=energy)
    places = dict.fromkeys(round(share * (len(ranked) - 1)) for share in DRAWN if ranked)
    return [*(case for case in cases if case.real), *(ranked[place] for place in places)]


def draw(cases: list[Case], rows: Rows, keep: Path, path: Path) -> None:
    """Draw the CT, then each map over it, of ``chosen_to_draw``; the energy stands at the row."""
    chosen = chosen_to_draw(cases, rows)
    names = [name for name in (*METHODS, MASK_ALONE) if any(method == name for _, method in rows)]
    figure_, axes = plt.subplots(
        len(chosen),
        1 + len(names),
        figsize=(2 * (1 + len(names)), 2.1 * len(chosen)),
        squeeze=False,  # a single finding is a row, too
    )
    for axis, name in zip(axes[0], ["CT", *names], strict=True):
        axis.set_title(name, fontsize=9)
    for row, case in zip(axes, chosen, strict=True):
        z, near = middle_of(case), case.crop.near()[1:]
        for axis, name in zip(row, ["CT", *names], strict=True):
            axis.imshow(case.crop.hu[z][near], cmap="gray", vmin=-1350, vmax=150)
            map_file = keep / slice_name(case, name)
            if map_file.exists():
                values = np.load(map_file)[near]
                axis.imshow(values, cmap="inferno", vmin=0, vmax=1, alpha=np.sqrt(values) * 0.8)
            elif name != "CT":
                axis.set_xlabel("not run", fontsize=7)
            axis.contour(case.nodule[z][near], levels=[0.5], colors="cyan", linewidths=0.8)
            axis.set_xticks([])
            axis.set_yticks([])
        kind = "real" if case.real else "inserted"
        inside = rows[case.name, SHOWN][1].energy
        label = f"{kind}, {case.crop.diameter_mm:.0f} mm, energy {inside:.2f}"
        row[0].set_ylabel(label, fontsize=8)
    figure_.tight_layout(pad=0.3)
    figure_.savefig(path, dpi=90)
    plt.close(figure_)
