"""What the files of a result are called."""

from __future__ import annotations

import re

FINDINGS = "findings.json"
PREDICTIONS = "predictions.csv"
ACQUISITION = "acquisition.json"
INPUT = "input.json"
SIGNATURE = "signature.json"
MAP = re.compile(r"heatmap-\d+\.(nii\.gz|dcm)")
VIEWER, GROWTH = "viewer", "growth"
IMAGES, SHEET = "ct.nii.gz", "volume.json"
PARTIAL = ".partial-"  # see medical.files
