"""The catalogue, and a message in a reader's language.

The ``.po`` file itself is read and compiled in memory, once: so no compiled copy can be older than
it, and a checkout, an editable installation and a wheel all work without a step of building.
"""

from __future__ import annotations

import gettext
import re
import string
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from medical.i18n.messages import Message, fill

Language = Literal["en", "zh"]
LANGUAGES: dict[Language, str] = {"en": "English", "zh": "中文"}
PO_FILE = Path(__file__).parent / "locale" / "zh" / "LC_MESSAGES" / "starlung.po"
_MIN_LETTERS = 5  # of a text with blanks, to be told from any other text
_MIN_LETTERS_AND_COUNT = 3  # of one with a number, which little else has
_MAX_KEPT = 10_000


def translate(text: str, language: Language) -> str:
    """Say a message, or a sentence that was kept as plain English, in a language.

    Of a message's values those that are messages are translated too; what a user typed is not.

    A kept sentence (a note in ``findings.json``, why a study failed in the database) is English
    alone: whoever reads the file or searches the list needs no catalogue. What it was made of is
    found again by the texts of the catalogue, also in results of another site or version. What is
    in none of them stays as it is.
    """
    if language == "en":
        return str(text)
    made = text if isinstance(text, Message) else recognize(str(text))
    if made is None:
        return str(text)
    template = chinese().gettext(made.text)
    if made.plural:
        count = made.values["count"]
        number = count if isinstance(count, int) else 2
        template = chinese().ngettext(made.text, made.plural, number)
    values = {
        name: translate(value, language) if isinstance(value, Message) else value
        for name, value in made.values.items()
    }
    return fill(template, values) if values else template


@lru_cache(maxsize=_MAX_KEPT)
def recognize(sentence: str) -> Message | None:
    """Find the message that says ``sentence``; ``None`` where the catalogue has no such text.

    Of several texts that fit, the one with the most letters of its own is taken.
    """
    if sentence in _whole_sentences():
        return Message.made_of(sentence, {})
    for pattern, text, plural in _patterns():
        if match := pattern.fullmatch(sentence):
            values = {name: recognize(value) or value for name, value in match.groupdict().items()}
            return Message.made_of(text, values, plural=plural)
    first, comma, others = sentence.rpartition(", ")  # a list of what is known
    parts = {"first": recognize(first), "others": recognize(others)} if comma else {}
    return Message.made_of("{first}, {others}", parts) if parts and all(parts.values()) else None


@cache
def chinese() -> gettext.GNUTranslations:
    """Return the Chinese translations.

    Raises:
        FileNotFoundError: the package was installed without its data.
    """
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with PO_FILE.open("rb") as file:
        write_mo(compiled, read_po(file, locale="zh"))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def _texts() -> tuple[tuple[str, str], ...]:
    """English texts of the catalogue, each with its plural."""
    from babel.messages.pofile import read_po

    with PO_FILE.open("rb") as file:
        entries = [entry.id for entry in read_po(file, locale="zh") if entry.id]
    return tuple((text, "") if isinstance(text, str) else (text[0], text[1]) for text in entries)


@cache
def _whole_sentences() -> frozenset[str]:
    return frozenset(text for text, _ in _texts() if not _blanks(text))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Return what each text with blanks looks like, those with the most letters first."""
    templates = [
        (_letters(form), re.compile(_pattern(form), re.DOTALL), text, plural)
        for text, plural in _texts()
        for form in filter(None, (text, plural))
        if _letters(form) >= (_MIN_LETTERS_AND_COUNT if "count" in _blanks(form) else _MIN_LETTERS)
        and _blanks(form)
    ]
    templates.sort(key=lambda template: -template[0])
    return tuple(template[1:] for template in templates)


def _parts(text: str) -> Iterator[tuple[str, str | None]]:
    for literal, name, _, _ in string.Formatter().parse(text):
        yield literal, name


def _blanks(text: str) -> list[str]:
    return [name for _, name in _parts(text) if name is not None]


def _letters(text: str) -> int:
    return sum(len(literal) for literal, _ in _parts(text))


def _pattern(text: str) -> str:
    seen: set[str] = set()
    pieces = []
    for literal, name in _parts(text):
        pieces.append(re.escape(literal))
        if name is not None:
            form = r"\d[\d,]*" if name == "count" else ".+?"
            pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>{form})")
            seen.add(name)
    return "".join(pieces)


class Translator:
    """One language: ``say("Added by {name}.", name="Anna")``.

    Args:
        language: of the reader.
        clock: zone of the reader's clock, by which moments in messages are told; UTC, and named
            so, where it is not given: what is said may be kept, and read elsewhere.
    """

    def __init__(self, language: Language, *, clock: tzinfo | None = None) -> None:
        self.language, self._clock = language, clock

    def __call__(self, text: str, /, **values: object) -> str:
        """Say ``text`` (English, written out at the call) with its blanks filled."""
        return self.translate(Message.made_of(text, values))

    def plural(self, singular: str, many: str, /, count: int, **values: object) -> str:
        """Say something of a count, see :func:`medical.i18n.messages.plural_message`."""
        return self.translate(Message.made_of(singular, {"count": count, **values}, plural=many))

    def translate(self, text: str) -> str:
        """Say a message or a kept sentence."""
        if self._clock is not None and isinstance(text, Message):
            text = text.on_clock(self._clock)
        return translate(text, self.language)

    def among(self, texts: Mapping[Any, Message], key: object) -> str:
        """Say the text that stands for ``key``.

        Raises:
            KeyError: none does.
        """
        return translate(texts[key], self.language)

    def sentences(self, parts: list[str]) -> str:
        """Sentences one after another; Chinese sets no space between them."""
        return ("" if self.language == "zh" else " ").join(parts)
