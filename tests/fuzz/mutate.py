"""Damage bytes, and elements of DICOM: the same chance gives the same damage."""

from __future__ import annotations

import io
import random
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

_LENGTHS = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\x00\x00\x00\x00")
_NUMBERS = ("0", "-1", "1e308", "nan", "-inf", "65535", "4294967295", "1e-300", "", "99999999999")
_VALUES: tuple[Any, ...] = (*_NUMBERS, "../../etc", "\x00", "ISO 2022 IR 87", "a" * 70_000, "1\\2")


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return the content with one to four faults, of bytes or, in DICOM, of elements."""
    if content[128:132] == b"DICM" and chance.random() < 0.5:
        try:
            return _elements(content, chance)
        except Exception:  # pydicom cannot write what we asked for: bytes then
            pass
    spoiled = bytearray(content)
    # half of the faults near the head, where lengths and sizes stand
    for _ in range(chance.randint(1, 4)):
        if not spoiled:
            break
        _fault(spoiled, chance)
    return bytes(spoiled)


def _fault(spoiled: bytearray, chance: random.Random) -> None:
    reach = len(spoiled) if chance.random() < 0.5 else min(len(spoiled), 2_000)
    at = chance.randrange(reach)
    size = chance.choice((1, 2, 4, 8, 64, 1024))
    match chance.randrange(8):
        case 0:
            spoiled[at] ^= 1 << chance.randrange(8)
        case 1:
            spoiled[at : at + size] = chance.randbytes(size)
        case 2:
            del spoiled[at:]
        case 3:
            del spoiled[at : at + size]
        case 4:
            spoiled[at:at] = chance.randbytes(size)
        case 5:
            spoiled[at : at + 4] = chance.choice(_LENGTHS)
        case 6:
            other = chance.randrange(len(spoiled))
            spoiled[at : at + size] = spoiled[other : other + size]
        case 7:
            _digits(spoiled, at, chance)


def _digits(spoiled: bytearray, at: int, chance: random.Random) -> None:
    """Replace a number that is written out."""
    start = next((i for i in range(at, min(at + 300, len(spoiled))) if 48 <= spoiled[i] <= 57), -1)
    if start < 0:
        return
    end = start
    while end < len(spoiled) and 48 <= spoiled[end] <= 57:
        end += 1
    spoiled[start:end] = chance.choice(_NUMBERS).encode()


def _elements(content: bytes, chance: random.Random) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(content), force=True)
    for _ in range(chance.randint(1, 4)):
        places = list(_places(dataset))
        holder, tag = chance.choice(places)
        if tag not in holder:
            continue
        element = holder[tag]
        match chance.randrange(5):
            case 0:
                del holder[tag]
            case 1:
                element._value = chance.choice(_VALUES)
            case 2 if element.VR == "SQ":
                element._value = Sequence(list(element.value) * chance.choice((0, 2, 30)))
            case 2 | 3:
                _number(element, chance)
            case 4:
                other, name = chance.choice(places)
                if name in other:
                    holder[tag]._value = other[name].value
    out = io.BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def _number(element: Any, chance: random.Random) -> None:
    wild = (0, -1, 1, 2, 65535, 2**31 - 1, 2**32 - 1)
    if element.VR in ("US", "UL", "SS", "SL"):
        element._value = chance.choice(wild) % (65536 if element.VR == "US" else 2**32)
    elif element.VR in ("DS", "IS"):
        count = chance.choice((0, 1, 2, 3, 6, 7))
        element._value = [chance.choice(_NUMBERS) for _ in range(count)]
    elif element.VR in ("OB", "OW"):
        value = bytes(element.value)
        element._value = value[: chance.randrange(len(value) + 1)]
    elif element.VR == "FL":
        element._value = [chance.choice((float("nan"), float("inf"), 1e38, 0.0))]


def _places(dataset: Dataset) -> list[tuple[Dataset, Any]]:
    places = []
    for element in dataset:
        places.append((dataset, element.tag))
        if element.VR == "SQ":
            for item in element.value:
                places += _places(item)
    return places
