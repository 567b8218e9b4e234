"""The attention maps that lie beside a result, one for each of the model's findings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medical.detection.findings import Finding
from medical.scoring.heatmap_files import nifti_path
from medical.store.reading import ReadFinding


def maps_of(folder: Path, findings: Sequence[ReadFinding]) -> dict[int, Path]:
    """Find number and map of each finding that has one; what a reader added has none."""
    own = [one.measured for one in findings if isinstance(one.measured, Finding)]
    paths = {one.id: nifti_path(folder, one) for one in own}
    return {number: path for number, path in paths.items() if path.is_file()}


def lacks_maps(folder: Path, findings: Sequence[ReadFinding]) -> bool:
    """Whether a finding of the model has no map yet."""
    own = sum(isinstance(one.measured, Finding) for one in findings)
    return len(maps_of(folder, findings)) < own
