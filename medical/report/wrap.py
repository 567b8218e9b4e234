"""Break text into lines by the width that it takes: a Chinese character is as wide as two letters.

Chinese breaks between any two characters, other writing between words; closing punctuation never
begins a line and an opening bracket never ends one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING, _CLOSING = "（「『【《", "。，、；：？！）」』】》"
_PIECE = re.compile(
    rf"[{_OPENING}]*(?:[^\s{_WIDE}]+|[{_WIDE}])[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+|\s+"
)


def width(text: str) -> int:
    """Columns that ``text`` takes: two for a wide character, one for any other."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most ``columns`` columns; one empty line for a text without content.

    Raises:
        ValueError: ``columns`` is less than two, the width of one character.
    """
    if columns < 2:
        raise ValueError(f"columns must be at least 2, got {columns}")
    lines, line = [], ""
    for piece in _pieces(text, columns):
        if line and width(line + piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        line = (line + piece) if line else piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str, columns: int) -> Iterator[str]:
    """Yield what stays on one line; a piece wider than a whole line is cut."""
    for piece in _PIECE.findall(text):
        part = ""
        for one in piece:
            if width(part + one) > columns:
                yield part
                part = ""
            part += one
        yield part
