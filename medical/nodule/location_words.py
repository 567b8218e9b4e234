"""A finding's location in another language; loads nothing large."""

from __future__ import annotations

from collections.abc import Callable, Collection


def translate_location(
    location: str, word: Callable[[str], str], known: Collection[str], *, chinese: bool
) -> str:
    """Translate what ``side_and_zone`` wrote; words that are not known stay.

    Args:
        location: the text.
        word: gives a word in the language.
        known: words that it knows.
        chinese: whether words stand without spaces.
    """
    parts = []
    for part in location.split(", "):
        pieces = [part] if part in known else part.split()
        between = "" if chinese else " "
        parts.append(between.join(word(one) if one in known else one for one in pieces))
    return ("，" if chinese else ", ").join(parts)
