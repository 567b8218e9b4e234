"""How often readers confirmed what the model gave a probability for.

No measure of calibration: readers saw the probability, and only marks at or above the operating
point were shown to them. It tells an owner when the readers of a site disagree with the model.
"""

from __future__ import annotations

from collections.abc import Iterable

from medical.evaluation.intervals import share_interval
from models.zoo.card import ReliabilityRow

BINS = 10


def readers_reliability(
    said: Iterable[tuple[float, bool]], *, bins: int = BINS
) -> list[ReliabilityRow]:
    """Rows of equal width in probability; empty ones are left out.

    Args:
        said: probability given, and whether the reader confirmed the mark.
        bins: of the range 0 to 1.

    Raises:
        ValueError: a probability is outside 0 to 1.
    """
    groups: dict[int, list[tuple[float, bool]]] = {}
    for given, confirmed in said:
        if not 0 <= given <= 1:
            raise ValueError(f"a probability must lie between 0 and 1, got {given}")
        groups.setdefault(min(int(given * bins), bins - 1), []).append((given, confirmed))
    return [_row(groups[place]) for place in sorted(groups)]


def _row(group: list[tuple[float, bool]]) -> ReliabilityRow:
    confirmed = sum(one for _, one in group)
    return ReliabilityRow(
        mean_probability=sum(given for given, _ in group) / len(group),
        share_nodules=confirmed / len(group),
        share_ci95=share_interval(confirmed, len(group)),
        candidates=len(group),
    )
