"""How probabilities and intervals are written, the same in worklist, page and report.

Only figures and signs, so it reads the same in every language.
"""

from __future__ import annotations

NEARLY_ONE, NEARLY_NONE = "> 0.99", "< 0.01"
_WHOLE = "0–1"


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
    """Word an interval of probabilities: ``0.86–0.97``, ``≥ 0.86`` where it reaches up to 1.

    ``≤ 0.14`` where it reaches down to 0, one figure where both ends are the same one.
    """
    first, last = probability_text(low), probability_text(high)
    if first == last:
        return first
    if last == NEARLY_ONE:
        return _WHOLE if first == NEARLY_NONE else f"≥ {first}"
    return f"≤ {last}" if first == NEARLY_NONE else f"{first}–{last}"


def interval_text(low: float, high: float, form: str) -> str:
    """Word an interval of anything that is never negative: ``6.1–7.0``; one figure for both ends.

    Args:
        low: lower end.
        high: upper end.
        form: how each end is written, as ``format`` knows it.
    """
    first, last = format(low, form), format(high, form)
    return first if first == last else f"{first}–{last}"
