"""What a clinical rule says: the category and the rule that fired, or what was missing."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fired:
    """One rule of a published table held.

    Args:
        category: the table's own word, for example ``4A`` or ``CT at 3 months``.
        rule: the row that fired, in plain words.
        section: where in the source the row stands.
    """

    category: str
    rule: str
    section: str


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The table does not speak about this nodule, or cannot without more.

    Args:
        reason: why, in one sentence without a full stop.
        missing: names of the covariates that would have to be known; empty when the
            guideline excludes the patient or the nodule.
    """

    reason: str
    missing: tuple[str, ...] = ()


RuleResult = Fired | NotApplicable


def needs(*missing: str) -> NotApplicable:
    """Not applicable for want of covariates."""
    return NotApplicable(f"not applicable: {', '.join(missing)} not known", missing)


def round_half_up(value: float, *, digits: int) -> float:
    """Round as a person does on paper (0.5 goes up), not to even as Python does."""
    scale = 10.0**digits
    # A hair above the binary value: 5.95 is stored as 5.9500000000000002 or 5.9499999999999993.
    return math.floor(value * scale + 0.5 + 1e-9) / scale


def require_positive(**values: float | None) -> None:
    """Refuse sizes that no nodule has.

    Raises:
        ValueError: a value that is given is not a positive finite number; the message names it.
    """
    for name, value in values.items():
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be a positive number, got {value}")
