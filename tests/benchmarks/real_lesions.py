"""The held-out real scans as DICOM, with their reference lesions in patient millimetres."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from medical.ct.volume import CtVolume
from medical.intake import open_input
from tests.benchmarks.shared_cases import DATA, HELD_OUT_SCANS


def reference_lesions(name: str) -> np.ndarray:
    """``[n, 4]`` rows (x, y, z, diameter), LPS millimetres."""
    columns = ("coordX", "coordY", "coordZ", "diameter_mm")
    with (DATA / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = [[float(row[c]) for c in columns] for row in csv.DictReader(file)
                if row["volume"] == name]  # fmt: skip
    return np.array(rows, float).reshape(-1, 4)


def read_scans(scans: dict[str, str]) -> Iterator[tuple[str, CtVolume, np.ndarray]]:
    """Name, CT and reference lesions of each, one at a time."""
    for name, path in scans.items():
        with tempfile.TemporaryDirectory() as work:
            ct = open_input(DATA / path, work_dir=Path(work)).chosen[0].load()
        yield name, ct, reference_lesions(name)


def read_held_out_scans() -> Iterator[tuple[str, CtVolume, np.ndarray]]:
    """What the shipped weights have not seen."""
    return read_scans(HELD_OUT_SCANS)
