"""What a reading without findings does not rule out: least size, sensitivity, and their source."""

from __future__ import annotations

from dataclasses import dataclass

from medical.detection.calibration import MIN_DIAMETER_MM
from medical.evaluation.expected_performance import expected_at_points
from models.zoo.card import ModelCard

_SAME_POINT = 0.005


@dataclass(frozen=True, slots=True)
class DetectionLimits:
    """What the card says of the model at the operating point of a series.

    Args:
        least_mm: smaller nodules are seldom marked; the model was made for larger ones.
        sensitivity: share of inserted nodules found; ``None`` where the card has no such figure.
        sensitivity_ci95: its exact interval.
        nodules: how many inserted nodules it was measured on.
        scans: in how many scans.
        source: name and version of the card.
    """

    least_mm: float = MIN_DIAMETER_MM
    sensitivity: float | None = None
    sensitivity_ci95: tuple[float, float] = (0.0, 1.0)
    nodules: int = 0
    scans: int = 0
    source: str = ""


def detection_limits(card: ModelCard | None, operating_point: float) -> DetectionLimits:
    """Return the limits at ``operating_point``.

    Args:
        card: of the weights that scored; ``None`` where they are no longer here.
        operating_point: at which the series was scored.
    """
    points = expected_at_points(card) if card is not None else []
    if card is None or not points:
        return DetectionLimits()
    point = min(points, key=lambda one: abs(one.threshold - operating_point))
    if abs(point.threshold - operating_point) > _SAME_POINT:
        return DetectionLimits()
    return DetectionLimits(
        MIN_DIAMETER_MM,
        point.sensitivity,
        point.sensitivity_ci95,
        card.operating_nodules,
        card.operating_scans,
        f"{card.name} {card.version}",
    )
