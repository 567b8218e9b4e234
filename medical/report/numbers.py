"""Numbers as readers see them: what rounds to certainty is never shown as certain."""

from __future__ import annotations

NEARLY_ONE, NEARLY_NONE = "> 0.99", "< 0.01"


def probability_text(probability: float) -> str:
    """Two decimals; ``> 0.99`` and ``< 0.01`` where these would read 1.00 or 0.00.

    Raises:
        ValueError: it lies outside [0, 1].
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability lies in [0, 1], got {probability}")
    text = f"{probability:.2f}"
    return {"1.00": NEARLY_ONE, "0.00": NEARLY_NONE}.get(text, text)


def probability_interval_text(low: float, high: float) -> str:
    """Both ends of an interval, joined so that no sign runs into the dash."""
    ends = (probability_text(low), probability_text(high))
    plain = not any(end in (NEARLY_ONE, NEARLY_NONE) for end in ends)
    return ("–" if plain else " – ").join(dict.fromkeys(ends))
