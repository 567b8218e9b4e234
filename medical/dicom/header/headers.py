"""One file's header -> usable CT planes, or why there are none.

Pixel data is not read here, only measured: a file that ends before its pixels do is truncated.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian

from medical.dicom.header import classic, enhanced, tags
from medical.dicom.header.acquisition import series_header
from medical.dicom.header.encoding import contradicts, has_explicit_vr, written_syntax
from medical.dicom.header.frames import (
    BrokenFile,
    CtFile,
    ScannedFile,
    SeriesHeader,
    SkippedFile,
    stamp_of,
)
from medical.dicom.header.kinds import reason_to_refuse, reason_to_skip
from medical.dicom.header.unpack_limits import TooLargeError
from medical.errors import InputError
from medical.i18n.messages import message

UNDEFINED_LENGTH = 0xFFFFFFFF
RE_EXPORT = message("Export the original CT series from the archive again")


@dataclass(frozen=True, slots=True)
class _Pixels:
    """What follows the header: whether pixel data begins there, is all there and is native."""

    present: bool
    complete: bool
    native: bool = False


def scan_file(path: Path) -> ScannedFile | None:
    """Read the header of one file.

    Returns:
        ``None`` when the file is no DICOM at all; a ``BrokenFile`` when it is, but cannot be used.
    """
    try:
        with path.open("rb") as stream:
            if not _looks_like_dicom(stream):
                return None
            stamp = stamp_of(os.fstat(stream.fileno()))
            dataset = dcmread(stream, stop_before_pixels=True, force=True)
            pixels = _measure_pixels(stream, dataset)
            _forget_wrong_syntax(stream, dataset, pixels)
    except InvalidDicomError:
        return None
    except TooLargeError as problem:
        error = InputError(
            path, message("a deflated file that {problem}", problem=problem.args[0]), RE_EXPORT
        )
        return BrokenFile(path, None, error)
    except PermissionError:
        error = InputError(
            path, message("may not be read"), message("Give this user the right to read the file")
        )
        return BrokenFile(path, None, error)
    except Exception as problem:  # a damaged header makes pydicom raise nearly anything
        error = InputError(
            path, message("damaged DICOM header ({kind})", kind=type(problem).__name__), RE_EXPORT
        )
        return BrokenFile(path, None, error, truncated=True)
    scanned = _sort_out(path, dataset, pixels)
    if not isinstance(scanned, CtFile):
        return scanned
    return replace(scanned, frames=tuple(replace(plane, stamp=stamp) for plane in scanned.frames))


def _sort_out(path: Path, dataset: Dataset, pixels: _Pixels) -> ScannedFile:
    """Decide what the file is good for."""
    header = series_header(dataset)
    if not tags.value(dataset, "SOPClassUID") and not tags.value(dataset, "Modality"):
        error = InputError(
            path, message("cut short or empty: its header names no image type"), RE_EXPORT
        )
        return BrokenFile(path, None, error, truncated=True)
    skip = reason_to_skip(dataset, header)
    if skip is not None:
        return SkippedFile(path, header, tags.text(dataset, "Modality") or "other", skip)
    refusal = reason_to_refuse(dataset)
    if refusal is not None:
        return BrokenFile(path, header, InputError(path, *refusal))
    if not pixels.present:
        error = InputError(path, message("the file has no pixel data"), RE_EXPORT)
        return BrokenFile(path, header, error, truncated=True)
    if not pixels.complete:
        error = InputError(path, message("the file is cut short: pixel data is missing"), RE_EXPORT)
        return BrokenFile(path, header, error, truncated=True)
    return _ct_file(path, dataset, header)


def _ct_file(path: Path, dataset: Dataset, header: SeriesHeader) -> CtFile | BrokenFile:
    """Planes of a CT file that has pixels."""
    if tags.items(dataset, "PerFrameFunctionalGroupsSequence"):
        frames, planes = enhanced.frames(path, dataset), enhanced.frame_count(dataset)
    else:
        frames, planes = classic.frames(path, dataset), 1
    if not frames:
        error = InputError(
            path,
            message(
                "Image Position (Patient), Image Orientation (Patient) or Pixel Spacing is "
                "missing or invalid, so its planes cannot be placed in the patient"
            ),
            message(
                "Export the original axial CT series from the scanner or the archive, not a "
                "screenshot or secondary capture"
            ),
        )
        return BrokenFile(path, header, error)
    return CtFile(path, header, frames, unplaced=planes - len(frames))


def _looks_like_dicom(stream: BinaryIO) -> bool:
    """Recognise a DICOM preamble, or a bare data set that starts with group 0002 or 0008."""
    head = stream.read(132)
    stream.seek(0)
    if head[128:132] == b"DICM":
        return True
    if len(head) < 12:
        return False
    group = head[:2]
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    implicit = head[6:8] == b"\0\0"  # a first element of less than 64 KiB
    return group in (b"\2\0", b"\0\2", b"\x08\0", b"\0\x08") and (explicit or implicit)


def _measure_pixels(stream: BinaryIO, dataset: Dataset) -> _Pixels:
    """Look at the element at which ``dcmread`` stopped, without reading its value."""
    if written_syntax(dataset) == DeflatedExplicitVRLittleEndian:
        return _Pixels(present=True, complete=True)  # known only once inflated: when decoding
    at, end = stream.tell(), os.fstat(stream.fileno()).st_size
    head = stream.read(12)
    little = dataset.original_encoding[1] is not False
    order = "<" if little else ">"
    if len(head) < 8 or struct.unpack(order + "HH", head[:4])[0] != 0x7FE0:
        return _Pixels(present=False, complete=False)
    explicit = head[4:6] in (b"OB", b"OW", b"OF", b"OD", b"UN", b"OV")
    if explicit and len(head) < 12:
        return _Pixels(present=True, complete=False)
    length = struct.unpack(order + "I", head[8:12] if explicit else head[4:8])[0]
    if length == UNDEFINED_LENGTH:
        return _Pixels(present=True, complete=True)  # a missing end shows when decoding
    whole = at + (12 if explicit else 8) + length <= end
    return _Pixels(present=length > 0, complete=whole, native=True)


def _forget_wrong_syntax(stream: BinaryIO, dataset: Dataset, pixels: _Pixels) -> None:
    """Take out a transfer syntax that the data set contradicts: decoding finds the true one."""
    explicit = has_explicit_vr(stream)
    if contradicts(written_syntax(dataset), explicit=explicit, native_pixels=pixels.native):
        del dataset.file_meta.TransferSyntaxUID
