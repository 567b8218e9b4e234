"""Findings with the malignancy that StarNet reads."""

from __future__ import annotations

from collections.abc import Sequence

from medical.detection.findings import Finding, Malignancy, RatingModel
from medical.malignancy.reader import MalignancyReader, RiskReading

_DIGITS = 3


def with_malignancy(findings: Sequence[Finding], readings: Sequence[RiskReading]) -> list[Finding]:
    """Return the findings, each with its own reading."""
    return [
        finding.model_copy(update={"malignancy": malignancy_of(reading)})
        for finding, reading in zip(findings, readings, strict=True)
    ]


def malignancy_of(reading: RiskReading) -> Malignancy:
    """Round a reading for the record."""
    low, high = reading.ci95
    return Malignancy(
        risk=round(reading.risk, _DIGITS),
        ci95=(round(low, _DIGITS), round(high, _DIGITS)),
        image_weight=round(reading.image_weight, _DIGITS),
        text_weight=round(reading.text_weight, _DIGITS),
    )


def reference_of(reader: MalignancyReader) -> RatingModel:
    """Name what rates findings."""
    card = reader.card
    return RatingModel(
        name=card.name,
        version=card.version,
        sha256=card.sha256,
        digest=card.digest,
        outcomes=card.outcomes,
    )
