"""Counts in sentences: ``1 slice was``, ``2 slices were``."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """Word a count and its noun, in English.

    Args:
        count: how many.
        one: what stands behind 1, with the verb where there is one.
        many: what stands behind any other count; ``one`` with an s where not given.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"
