"""Counts in sentences: ``1 slice was``, ``2 slices were``."""

from __future__ import annotations

import string
from typing import Any


def counted(count: int, one: str, many: str = "") -> str:
    """Word a count and its noun, in English.

    Args:
        count: how many.
        one: what stands behind 1, with the verb where there is one.
        many: what stands behind any other count; ``one`` with an s where not given.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def fill(text: str, /, **values: object) -> str:
    """Fill the blanks of a catalogue's sentence.

    ``{count:mark is|marks are}`` gives one of the two by the value; all else is as in
    ``str.format``.
    """
    return _FORMATTER.vformat(text, (), values)


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" not in format_spec:
            return str(super().format_field(value, format_spec))
        one, many = format_spec.split("|")
        shown = value if isinstance(value, str) else f"{value:.0f}"
        return one if shown == "1" else many


_FORMATTER = _Formatter()
