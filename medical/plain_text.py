"""Texts for people: counts in sentences, and texts from files or people made harmless.

Programs would else read more into what comes from outside.
"""

from __future__ import annotations

import re

_BREAKS_AND_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^&])")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def one_line(text: str) -> str:
    """Without line breaks, control characters and changes of the writing direction.

    A comment with a line break could else add lines to a report that nobody wrote.
    """
    return _BREAKS_AND_CONTROLS.sub(" ", text).strip()


def as_markdown(text: str) -> str:
    """Escape a text so that Markdown shows it as it stands: no link, picture, formula, heading."""
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def csv_cell(value: object) -> object:
    """Escape a cell that a spreadsheet would take for a formula; numbers stay as they are."""
    if not isinstance(value, str):
        return value
    plain = one_line(value)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def counted(count: int, singular: str, many: str = "") -> str:
    """Word a count and its noun, in English.

    Args:
        count: how many.
        singular: what stands behind 1, with the verb where there is one.
        many: what stands behind any other count; ``singular`` with an s where not given.
    """
    return f"{count} {singular if count == 1 else many or f'{singular}s'}"
