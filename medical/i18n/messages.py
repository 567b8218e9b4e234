"""English sentences that remember what they were made of, so that they can be translated later."""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Self

from medical.i18n.moments import Moment


class Message(str):
    """An English sentence, and the text of the catalogue and the values that made it.

    It is the sentence: logs, files and databases that keep it keep plain English.

    Attributes:
        text: as the catalogue holds it, with the blanks.
        plural: the text for any count but one; empty where nothing is counted.
        values: what stands in the blanks.
    """

    text: str
    plural: str
    values: Mapping[str, object]

    @classmethod
    def made_of(cls, text: str, values: Mapping[str, object], *, plural: str = "") -> Self:
        """Fill the blanks of ``text``, or of ``plural`` unless ``values["count"]`` is one."""
        english = plural if plural and values["count"] != 1 else text
        made = cls(fill(english, values) if values else english)
        made.text, made.plural, made.values = text, plural, values
        return made

    def on_one_line(self) -> Self:
        """Return the message with every value on one line: a name from outside may break it."""
        values = {
            name: " ".join(value.split()) if type(value) is str else value
            for name, value in self.values.items()
        }
        return self.made_of(self.text, values, plural=self.plural)

    def on_clock(self, zone: tzinfo) -> Self:
        """Return the message with its moments as a clock in ``zone`` shows them."""

        def local(value: object) -> object:
            if isinstance(value, Message | Moment):
                return value.on_clock(zone)
            return value

        values = {name: local(value) for name, value in self.values.items()}
        return self.made_of(self.text, values, plural=self.plural)

    def without(self, name: str, instead: Self) -> Self:
        """Return the message with ``instead`` for a name, which may be a patient's, in its values.

        Args:
            name: what must not be said.
            instead: what is said for it.
        """

        def free(value: object) -> object:
            if isinstance(value, Message):
                return value.without(name, instead)
            if not isinstance(value, str) or not name:
                return value
            return instead if value == name else value.replace(name, instead)

        values = {key: free(value) for key, value in self.values.items()}
        return self.made_of(self.text, values, plural=self.plural)


def message(text: str, /, **values: object) -> Message:
    """Say something; ``text`` must be written out at the call, for the catalogue is read from it.

    Args:
        text: English, with blanks as in ``str.format``.
        values: what stands in the blanks.
    """
    return Message.made_of(text, values)


def plural_message(singular: str, many: str, /, count: int, **values: object) -> Message:
    """Say something of a count, which stands in the blank ``{count}``.

    Args:
        singular: English for a count of one.
        many: English for any other.
        count: how many.
        values: what stands in the other blanks.
    """
    return Message.made_of(singular, {"count": count, **values}, plural=many)


def fill(text: str, values: Mapping[str, object]) -> str:
    """Fill the blanks; a value that is text already is put in as it is, whatever its blank says."""
    return _FORMATTER.vformat(text, (), values)


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return value if isinstance(value, str) else str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()
