"""``predictions.csv`` in LUNA16's submission format, with our columns after its five."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medical.detection.conclude import Mark

NAME = "predictions.csv"
COLUMNS = (
    "seriesuid",
    "coordX",
    "coordY",
    "coordZ",
    "probability",
    "probability_low",
    "probability_high",
    "diameter_mm",
)


def write_marks(folder: Path, series_uid: str, marks: Sequence[Mark]) -> None:
    """Write one series' marks into its folder."""
    beside = folder / f"{NAME}.partial"
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for mark in marks:
            low, high = mark.probability_ci95
            numbers = (mark.probability, low, high)
            writer.writerow(
                [
                    series_uid,
                    *(f"{v:.3f}" for v in mark.center_lps_mm),
                    *(f"{v:.6f}" for v in numbers),
                    f"{mark.diameter_mm:.2f}",
                ]
            )
    beside.replace(folder / NAME)


def gather_predictions(out: Path) -> Path:
    """Put the marks of every series under ``out`` into ``out/predictions.csv``."""
    beside = out / f"{NAME}.partial"
    with beside.open("w", newline="", encoding="utf-8") as gathered:
        writer = csv.writer(gathered)
        writer.writerow(COLUMNS)
        for part in sorted(out.glob(f"*/{NAME}")):
            with part.open(newline="", encoding="utf-8") as file:
                writer.writerows(list(csv.reader(file))[1:])
    beside.replace(out / NAME)
    return out / NAME
