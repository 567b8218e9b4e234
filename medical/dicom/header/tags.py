"""Read one header value tolerantly: a missing or malformed value is ``None``, never an exception.

Header values come from outside. pydicom converts them on access and may then raise nearly
anything, hence the wide net here, at the boundary, and nowhere else. What a unique identifier is,
and how we derive one, stands here too.
"""

from __future__ import annotations

import logging
import math
import re
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_NAMESPACE = uuid.UUID("5b0f7f0e-6d0e-4f0b-9c53-0e8f5f1c7a11")


def value(dataset: Dataset, keyword: str) -> Any:
    """Return the element's value; ``None`` when missing, empty or not to be understood."""
    try:
        found = dataset.get(keyword)
    except Exception:
        return None
    return None if found in ("", b"") else found


def text(dataset: Dataset, keyword: str) -> str:
    """Return the value as one line; several values are joined by ``/``, nothing is ``""``."""
    found = value(dataset, keyword)
    if found is None:
        return ""
    if isinstance(found, (list, tuple)) or hasattr(found, "append"):
        found = "/".join(str(part) for part in found)
    return " ".join(str(found).replace("\0", " ").split())[:128]


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first finite number, or ``None``."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def whole(dataset: Dataset, keyword: str) -> int | None:
    """Return the first number as an integer, or ``None``."""
    found = number(dataset, keyword)
    return None if found is None else int(found)


def numbers(dataset: Dataset, keyword: str) -> list[float]:
    """All values as finite floats; empty when any of them is no finite number."""
    found = value(dataset, keyword)
    if found is None:
        return []
    if isinstance(found, (str, bytes)) or not isinstance(found, Sequence):
        parts: list[Any] = list(found) if hasattr(found, "append") else [found]
    else:
        parts = list(found)
    try:
        result = [float(part) for part in parts]
    except (TypeError, ValueError, OverflowError):
        return []
    return result if all(math.isfinite(part) for part in result) else []


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; empty when it is missing or no sequence."""
    found = value(dataset, keyword)
    try:
        return [item for item in found or [] if isinstance(item, Dataset)]
    except Exception:
        return []


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Silence remarks of pydicom and highdicom, which may quote the header they stumbled over."""
    loggers = [logging.getLogger(name) for name in ("pydicom", "highdicom")]
    before = [logger.disabled for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.disabled = True
        try:
            yield
        finally:
            for logger, disabled in zip(loggers, before, strict=True):
                logger.disabled = disabled


def valid_uid(uid: str) -> bool:
    """Digits and dots, at most 64: safe as a file name, too (DICOM PS3.5 section 9)."""
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def derived_uid(*parts: str) -> UID:
    """Derive the UID under 2.25 that belongs to these words, always the same one.

    Standard:
        PS3.5 B.2, UIDs derived from a UUID.
    """
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(parts)).int}")
