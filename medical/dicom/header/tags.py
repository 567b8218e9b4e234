"""Read one header value tolerantly: a missing or malformed value is ``None``, never an exception.

Header values come from outside. pydicom converts them on access and may then raise nearly
anything, hence the wide net here, at the boundary, and nowhere else. What a unique identifier is,
and how we derive one, stands here too.
"""

from __future__ import annotations

import logging
import math
import re
import threading
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, lru_cache
from typing import Any

from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_ALIKE = frozenset({
    *("Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "SliceThickness", "KVP"),
    *("XRayTubeCurrent", "Exposure", "FilterType", "SpiralPitchFactor", "ImageType", "Modality"),
    *("ReconstructionDiameter", "GantryDetectorTilt", "BodyPartExamined", "PatientPosition"),
    *("SoftwareVersions", "TransferSyntaxUID", "SOPClassUID", "SamplesPerPixel", "Rows", "Columns"),
    *("PhotometricInterpretation", "PixelSpacing", "ImageOrientationPatient", "AcquisitionNumber"),
    *("RescaleSlope", "RescaleIntercept", "BitsAllocated", "BitsStored", "HighBit", "SeriesNumber"),
    *("PixelRepresentation", "ContrastBolusAgent", "LossyImageCompression"),
})  # fmt: skip
"""What the images of a series have alike, and nobody's name: converted once, not in each file."""
_PLAIN = frozenset({"CS", "DA", "DS", "IS", "LO", "SH", "TM", "UI", "US"})
_NAMESPACE = uuid.UUID("5b0f7f0e-6d0e-4f0b-9c53-0e8f5f1c7a11")


def value(dataset: Dataset, keyword: str) -> Any:
    """Return the element's value; ``None`` when missing, empty or not to be understood."""
    try:
        element = dataset.get_item(_tag_of(keyword))
        if element is None:
            return None
        if isinstance(element, RawDataElement) and _is_plain(element):
            convert = _kept_converted if keyword in _ALIKE else _converted
            return convert(element.tag, element.VR, element.value, element.is_little_endian)
        header_value = dataset.get(keyword)
    except Exception:
        return None
    return None if header_value in ("", b"") else header_value


def _is_plain(element: RawDataElement) -> bool:
    """Whether nothing but its own bytes decides what an element means."""
    content = element.value or b""
    return element.VR in _PLAIN and content.isascii() and b"\x1b" not in content


def _converted(tag: BaseTag, vr: str, content: bytes, little: bool) -> Any:
    """Convert a plain value as pydicom's data sets do, without asking them what else may hold."""
    raw = RawDataElement(
        tag,
        vr,
        len(content),
        content,
        0,
        is_implicit_VR=False,
        is_little_endian=little,
    )
    header_value = convert_raw_data_element(raw).value
    return None if header_value in ("", b"") else header_value


_kept_converted = lru_cache(maxsize=512)(_converted)
"""Of a value that the images of a series share; not to be changed by who gets it."""


@cache
def _tag_of(keyword: str) -> BaseTag:
    return Tag(keyword)


def text(dataset: Dataset, keyword: str, *, most: int = 128) -> str:
    """Return the value as one line of at most that many characters.

    Several values are joined by ``/``, nothing is ``""``.
    """
    header_value = value(dataset, keyword)
    if header_value is None:
        return ""
    if isinstance(header_value, (list, tuple)) or hasattr(header_value, "append"):
        header_value = "/".join(str(part) for part in header_value)
    return " ".join(str(header_value).replace("\0", " ").split())[:most]


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first finite number, or ``None``."""
    parts = numbers(dataset, keyword)
    return parts[0] if parts else None


def whole(dataset: Dataset, keyword: str) -> int | None:
    """Return the first number as an integer, or ``None``."""
    parsed = number(dataset, keyword)
    return None if parsed is None else int(parsed)


def numbers(dataset: Dataset, keyword: str) -> list[float]:
    """All values as finite floats; empty when any of them is no finite number."""
    header_value = value(dataset, keyword)
    if header_value is None:
        return []
    if isinstance(header_value, (str, bytes)) or not isinstance(header_value, Sequence):
        parts: list[Any] = list(header_value) if hasattr(header_value, "append") else [header_value]
    else:
        parts = list(header_value)
    try:
        result = [float(part) for part in parts]
    except (TypeError, ValueError, OverflowError):
        return []
    return result if all(math.isfinite(part) for part in result) else []


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; empty when it is missing or no sequence."""
    header_value = value(dataset, keyword)
    try:
        return [item for item in header_value or [] if isinstance(item, Dataset)]
    except Exception:
        return []


class _Silence:
    """Counts who wants silence, in whatever thread: it ends when the last one has gone."""

    def __init__(self) -> None:
        self._lock, self._users, self._end = threading.Lock(), 0, ExitStack()

    def begin(self) -> None:
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            self._end.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            for name in ("pydicom", "highdicom"):
                logger = logging.getLogger(name)
                self._end.callback(setattr, logger, "disabled", logger.disabled)
                logger.disabled = True

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._end.close()


_silence = _Silence()


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Silence remarks of pydicom and highdicom, which may quote the header they stumbled over."""
    _silence.begin()
    try:
        yield
    finally:
        _silence.end()


def valid_uid(uid: str) -> bool:
    """Digits and dots, at most 64: safe as a file name, too (DICOM PS3.5 section 9)."""
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def derived_uid(*parts: str) -> UID:
    """Derive the UID under 2.25 that belongs to these words, always the same one.

    Standard:
        PS3.5 B.2, UIDs derived from a UUID.
    """
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(parts)).int}")
