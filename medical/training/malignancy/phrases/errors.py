"""Typing errors of people who write reports."""

from __future__ import annotations

import numpy as np

KEYS = "abcdefghijklmnopqrstuvwxyz"


def with_typing_errors(text: str, *, share: float, rng: np.random.Generator) -> str:
    """Swap, drop, double or replace letters.

    Args:
        text: as meant; digits stay, so that no error changes a size.
        share: of characters with an error.
        rng: draws.
    """
    out: list[str] = []
    for sign in text:
        if not sign.isalpha() or rng.random() >= share:
            out.append(sign)
            continue
        match int(rng.integers(4)):
            case 0:
                pass
            case 1:
                out += [sign, sign]
            case 2:
                out.append(KEYS[int(rng.integers(len(KEYS)))] if sign.isascii() else "")
            case _:
                out.insert(max(0, len(out) - 1), sign)
    return "".join(out)
