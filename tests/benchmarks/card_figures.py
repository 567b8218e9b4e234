"""What the owner's pages draw of the shipped card: the calibration set and reliability."""

from __future__ import annotations

from typing import Any

from medical.detection.held_out import HeldOut
from medical.detection.pipeline import NoduleReader
from medical.detection.reliability import left_out_reliability
from models.zoo.card import CalibrationScan, ModelCard
from models.zoo.loader import DEFAULT_MODEL, StoredModel, find_model
from tests.benchmarks.shared_cases import HELD_OUT_SCANS, read_scans


def described(card: ModelCard, held_out: HeldOut) -> dict[str, Any]:
    """The card's fields, from scans read whole with the card as it is."""
    reader = NoduleReader(StoredModel(find_model(DEFAULT_MODEL).folder, card))
    scans = []
    for _, ct, _ in read_scans(HELD_OUT_SCANS):
        marks = tuple(round(mark.probability, 4) for mark in reader.read(ct).marks)
        scans.append(CalibrationScan(acquisition=dict(ct.source.acquisition), marks=marks))
    return {"calibration_scans": tuple(scans), "reliability": left_out_reliability(held_out)}
