"""Headers in lines of text, NRRD's and MetaImage's, read so strictly that they mean one thing only.

Readers of these formats differ in what they do with a key written twice or in other letters, and
in how far they read; a header made for that shows one of them a harmless file and another one any
file of this machine. Such headers are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from medical.errors import InputError
from medical.i18n.messages import message, plural_message

MAX_HEADER_BYTES = 1 << 16
REMEDY = message("Convert the original CT again, keeping Hounsfield units and the full header")
_PATTERN = re.compile(r"%[-+ 0#]*\d*[diux]|[*?\[\]]")
_NAMES_PIXELS = re.compile(rb"^(ElementDataFile[ \t]*=|data ?file:)[ \t]*(?P<name>[^\r\n]+)", re.M)
_LIST = re.compile(r"LIST\b", re.I)


def header_lines(path: Path, stream: BinaryIO) -> Iterator[tuple[str, int]]:
    """Yield the header's lines and where each ends in the file; the caller stops at the last.

    Raises:
        InputError: a line holds control characters, or the header is too long.
    """
    start = stream.read(MAX_HEADER_BYTES)
    at = 0
    while at < len(start):
        end = start.find(b"\n", at)
        if end < 0 and len(start) == MAX_HEADER_BYTES:
            problem = message(
                "its header is longer than {size} KiB",
                size=MAX_HEADER_BYTES >> 10,
            )
            raise InputError(path, problem, message("Save it again without comments"))
        end = len(start) if end < 0 else end  # a header without pixels may end with the file
        line = start[at:end].removesuffix(b"\r")
        if any(byte < 32 and byte != 9 for byte in line):
            raise InputError(
                path, message("the header is damaged: control characters in it"), REMEDY
            )
        at = end + 1
        yield os.fsdecode(line), at


class Fields:
    """Keys and values of a header, each key once and spelled as its format spells it.

    Args:
        path: named in errors.
        known: the keys that mean something to us; others are kept out.
    """

    def __init__(self, path: Path, known: Collection[str]) -> None:
        self._path = path
        self._known = frozenset(known)
        self._folded = frozenset(map(_folded, known))
        self._values: dict[str, str] = {}
        self._seen: set[str] = set()

    def add(self, key: str, value: str, *, allowed: bool = True) -> None:
        """Take in a line.

        Args:
            key: as it stands in the file.
            value: what follows it.
            allowed: whether a known key may be given in this form.

        Raises:
            InputError: the key comes twice, or is a known one in other letters or another form.
        """
        folded = _folded(key)
        if folded in self._seen:
            raise InputError(self._path, message("a key stands twice in its header"), REMEDY)
        self._seen.add(folded)
        if folded not in self._folded:
            return
        if key not in self._known or not allowed:
            problem = message(
                'its header spells the key "{folded}" in an unusual way', folded=folded
            )
            raise InputError(self._path, problem, REMEDY)
        self._values[key] = value.strip()

    def get(self, *keys: str) -> str | None:
        """Return the value of the only one of these keys that is given; ``None`` without any.

        Raises:
            InputError: two of them are given and disagree.
        """
        values = {self._values[key] for key in keys if key in self._values}
        if len(values) > 1:
            raise InputError(
                self._path,
                message("its header gives {keys} twice", keys=" and ".join(keys)),
                REMEDY,
            )
        return values.pop() if values else None

    def need(self, *keys: str) -> str:
        """As `get`.

        Raises:
            InputError: none of the keys is given.
        """
        value = self.get(*keys)
        if not value:
            raise InputError(
                self._path, message("its header lacks {keys}", keys=" or ".join(keys)), REMEDY
            )
        return value

    def numbers(self, *keys: str, count: int) -> list[float] | None:
        """Parse that many numbers; ``None`` when the key is not given.

        Raises:
            InputError: they are no numbers, or not as many.
        """
        text = self.get(*keys)
        if text is None:
            return None
        try:
            numbers = [float(part) for part in text.split()]
        except ValueError:
            numbers = []
        if len(numbers) != count:
            raise InputError(
                self._path,
                plural_message(
                    "its header lacks {count} number for {key}",
                    "its header lacks {count} numbers for {key}",
                    count,
                    key=keys[0],
                ),
                REMEDY,
            )
        return numbers

    def whole(self, key: str, *, default: int) -> int:
        """Parse a whole number.

        Raises:
            InputError: it is none.
        """
        return whole_numbers(self._path, key, self.get(key) or str(default), count=1)[0]


def whole_numbers(path: Path, key: str, text: str, *, count: int) -> tuple[int, ...]:
    """Parse that many whole numbers.

    Raises:
        InputError: they are none, or not as many.
    """
    parts = text.split()
    if len(parts) != count or not all(re.fullmatch(r"[+-]?[0-9]{1,12}", part) for part in parts):
        raise InputError(
            path,
            plural_message(
                "its header lacks {count} whole number for {key}",
                "its header lacks {count} whole numbers for {key}",
                count,
                key=key,
            ),
            REMEDY,
        )
    return tuple(int(part) for part in parts)


def parts_of_pixel_file(path: Path, name: str) -> tuple[str, ...]:
    """Return the steps from the header's folder to the file that holds the pixels.

    Raises:
        InputError: several files are named, or one outside of the header's folder.
    """
    beside = os.path.lexists(path.parent / name)
    if _LIST.match(name) or (_PATTERN.search(name) and not beside):
        raise InputError(
            path, message("pixels spread over several files"), message("Save as one volume file")
        )
    parts = tuple(name.replace("\\", "/").split("/"))
    if not name or any(part in ("", ".", "..") for part in parts) or ":" in parts[0]:
        raise InputError(path, message("its header names pixels outside of its folder"), REMEDY)
    return parts


def rename_pixel_file(path: Path, names: Mapping[str, str]) -> None:
    """Make a header name its pixel file by the name under which that was kept.

    Args:
        path: a volume file; one that names no file, or one that is not among ``names``, stays.
        names: as the header has it, and as it is called now.
    """
    with path.open("rb") as stream:
        start = stream.read(MAX_HEADER_BYTES)
    for match in _NAMES_PIXELS.finditer(start):
        name = names.get(os.fsdecode(match["name"]).strip())
        if name is not None:
            content = path.read_bytes()
            first, end = match.span("name")
            path.write_bytes(content[:first] + os.fsencode(name) + content[end:])
            return


def _folded(key: str) -> str:
    """Fold a key: what differs only in letters' case, blanks or joints is the same key."""
    return re.sub(r"[\s_.-]+", "", key).casefold()
