"""Draw every finding in the scans that the default was not trained on, to be looked at.

Run as ``python -m tests.benchmarks.overlays OUT``: one JPEG a scan, three columns a finding
(axial, coronal, sagittal, 80 mm across, lung window), the finding in cyan, reference lesions in
yellow; ``OUT/MODEL.png`` shows all findings of the calibration's eight CTs at a glance, axial,
60 mm across.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medical.ct.prepare import Prepared, prepare
from medical.detection.findings import Finding
from medical.scoring.scorer import Scorer
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.benchmarks.folds.scans import UNSEEN_PATHS
from tests.benchmarks.shared.cases import other_scans, read_scans

HALF_MM = 40
WINDOW_HU = (-1350, 150)
MOST = 8  # findings drawn a scan
PLANES = ((0, (1, 2)), (1, (0, 2)), (2, (0, 1)))
GLANCE_HALF_MM = 30
GLANCE_COLUMNS = 8


class Tile(NamedTuple):
    """One finding at a glance."""

    title: str
    cut: np.ndarray  # [y, x], HU


def view(prepared: Prepared, center: np.ndarray, axis: int, half_mm: int = HALF_MM) -> np.ndarray:
    """The slice through a point, ``2 * half_mm`` across, head up."""
    padded = np.pad(prepared.hu, half_mm, constant_values=-1024)
    at = np.round(center).astype(int) + half_mm
    box: list[Any] = [slice(c - half_mm, c + half_mm) for c in at]
    box[axis] = at[axis]
    return np.asarray(padded[tuple(box)])


def draw(
    panel: Any,
    prepared: Prepared,
    finding: Finding,
    lesions: np.ndarray,
    plane: tuple[int, tuple[int, int]],
) -> None:
    """One picture of one finding."""
    from matplotlib.patches import Circle

    axis, (down, across) = plane
    center = prepared.geometry.lps_to_voxel(np.array(finding.center_lps_mm))
    panel.imshow(view(prepared, center, axis), cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1])
    if axis:
        panel.invert_yaxis()
    # pixels sit at whole numbers: the cut starts at the rounded centre minus HALF_MM
    offset = center - np.round(center) + HALF_MM
    spot = (offset[across], offset[down])
    panel.add_patch(Circle(spot, finding.diameter_mm / 2 + 2, fill=False, color="cyan", lw=0.8))
    for row in lesions:
        other = prepared.geometry.lps_to_voxel(row[:3]) - np.round(center) + HALF_MM
        if abs(other[axis] - HALF_MM) < row[3] / 2:
            spot = (other[across], other[down])
            panel.add_patch(Circle(spot, row[3] / 2, fill=False, color="gold", lw=0.8, ls="--"))
    panel.set_axis_off()


def draw_scan(name: str, prepared: Prepared, findings: list[Finding], lesions: np.ndarray) -> Any:
    """A page of one scan."""
    from matplotlib.figure import Figure

    shown = findings[:MOST]
    rows = max(1, (len(shown) + 1) // 2)
    figure = Figure(figsize=(11, 1.9 * rows + 0.6), layout="constrained")
    panels = figure.subplots(rows, 6, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    for number, finding in enumerate(shown):
        row, left = divmod(number, 2)
        for column, plane in enumerate(PLANES):
            draw(panels[row, 3 * left + column], prepared, finding, lesions, plane)
        low, high = finding.probability_ci95
        panels[row, 3 * left + 1].set_title(
            f"{finding.id}: p {finding.probability:.2f} [{low:.2f}, {high:.2f}], "
            f"{finding.diameter_mm:.0f} mm, {finding.density}",
            fontsize=7,
        )
    figure.suptitle(f"{name}: {len(findings)} at the operating point", fontsize=9)
    return figure


def tiles_of(
    name: str, prepared: Prepared, findings: list[Finding], lesions: np.ndarray
) -> list[Tile]:
    """Each finding of a scan, those on a reference lesion said so."""
    tiles = []
    for finding in findings:
        place = np.array(finding.center_lps_mm)
        hit = any(np.linalg.norm(place - row[:3]) < row[3] / 2 for row in lesions)
        size = f"{finding.diameter_mm:.0f} mm p {finding.probability:.2f}"
        center = prepared.geometry.lps_to_voxel(place)
        cut = view(prepared, center, 0, GLANCE_HALF_MM)
        tiles.append(Tile(f"{name}\n{size}{' REF' if hit else ''}", cut))
    return tiles


def draw_glance(tiles: list[Tile]) -> Any:
    """All tiles on one page."""
    from matplotlib.figure import Figure

    rows = max(1, -(-len(tiles) // GLANCE_COLUMNS))
    figure = Figure(figsize=(12, 1.75 * rows), layout="constrained")
    panels = figure.subplots(rows, GLANCE_COLUMNS, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    for panel, tile in zip(panels.flat, tiles, strict=False):
        panel.imshow(tile.cut, cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1])
        panel.set_title(tile.title, fontsize=7)
    return figure


def main() -> None:
    """Read and draw."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    reader = Scorer(find_model(DEFAULT_MODEL))
    seen = reader.card.scans_seen_in_training
    tiles: list[Tile] = []
    others = {name: path for name, path in other_scans().items() if name not in seen}
    for name, ct, lesions in read_scans({**UNSEEN_PATHS, **others}):
        findings = reader.read(ct).findings.findings
        prepared = prepare(ct)
        figure = draw_scan(name, prepared, findings, lesions)
        figure.savefig(out / f"{name}.jpg", dpi=110, pil_kwargs={"quality": 80})
        if name in UNSEEN_PATHS:
            tiles += tiles_of(name, prepared, findings, lesions)
        places = [np.linalg.norm(np.subtract(f.center_lps_mm, r[:3])) for f in findings
                  for r in lesions]  # fmt: skip
        nearest = f", nearest to a reference {min(places):.1f} mm" if places else ""
        print(f"{name}: {len(findings)} findings{nearest}")
    draw_glance(tiles).savefig(out / f"{reader.card.name}.png", dpi=100)


if __name__ == "__main__":
    main()
