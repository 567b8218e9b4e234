"""What a threshold gave on the held-out scans of a model card, each with its exact interval."""

from __future__ import annotations

from dataclasses import dataclass

from medical.evaluation.intervals import rate_interval, share_interval
from models.zoo.card import ModelCard, OperatingChoice


@dataclass(frozen=True, slots=True)
class Expected:
    """One point of the operating curve.

    Args:
        threshold: candidates at or above it count.
        sensitivity: share of the inserted nodules that was found.
        sensitivity_ci95: exact binomial, nodules taken as independent of each other.
        false_positives: per scan.
        false_positives_ci95: exact Poisson.
    """

    threshold: float
    sensitivity: float
    sensitivity_ci95: tuple[float, float]
    false_positives: float
    false_positives_ci95: tuple[float, float]


def expected_at_points(card: ModelCard) -> list[Expected]:
    """Return the card's measured points by rising threshold.

    None where the card has no curve, or does not say how many nodules and scans it was measured on:
    a figure without its interval is not shown.
    """
    if card.operating_nodules < 1 or card.operating_scans < 1:
        return []
    points = [_expected(choice, card) for choice in card.operating_curve]
    return sorted(points, key=lambda point: point.threshold)


def _expected(choice: OperatingChoice, card: ModelCard) -> Expected:
    found_count = round(choice.sensitivity * card.operating_nodules)
    false = round(choice.false_positives_per_scan * card.operating_scans)
    return Expected(
        choice.threshold,
        choice.sensitivity,
        share_interval(found_count, card.operating_nodules),
        choice.false_positives_per_scan,
        rate_interval(false, card.operating_scans),
    )
