"""Where each finding's attention map lies beside ``findings.json``; loads no torch."""

from __future__ import annotations

from pathlib import Path

from medical.detection.findings import Finding


def nifti_path(folder: Path, finding: Finding) -> Path:
    """Where a finding's map lies."""
    return folder / f"heatmap-{finding.id}.nii.gz"
