"""One frame's pixels -> Hounsfield units.

Frames of a file are decoded one after the other, which keeps memory to the volume itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int16
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from medical.dicom.header import tags
from medical.dicom.header.encoding import has_explicit_vr, native_syntax
from medical.dicom.header.frames import Frame, stamp_of
from medical.dicom.header.image_elements import read_image
from medical.dicom.header.padding import AIR_HU, padded
from medical.dicom.header.unpack_limits import check_sizes
from medical.dicom.stacking.jpeg_ls import PLUGIN, add_to_pydicom
from medical.errors import InputError
from medical.i18n.messages import message

HU_LIKE_MINIMUM = -300
PLUGINS = {
    JPEGLSLossless: (*add_to_pydicom(), "pyjpegls", ""),  # three times faster than pydicom's first
    JPEGLSNearLossless: (*add_to_pydicom(), "pyjpegls", ""),
    RLELossless: ("pydicom",),  # pylibjpeg's panics on damaged data, past every "except Exception"
}
"""Decoders to try, in order; ``""`` stands for all that pydicom knows."""


NATIVE = (
    "",
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def decodes_unlocked(frame: Frame) -> bool:
    """Whether its pixels are decoded without Python's lock: threads then are faster than one."""
    return PLUGIN in PLUGINS.get(UID(frame.transfer_syntax), ())


class NotHounsfieldError(Exception):
    """The frame has no rescale and its values cannot be Hounsfield units."""


def decode_file(
    path: Path, frames: Sequence[Frame]
) -> Iterator[tuple[Frame, Int16[np.ndarray, "y x"]]]:
    """Decode planes of one file, in the given order.

    Raises:
        NotHounsfieldError: see there.
        InputError: the pixels are damaged, cut short, or of a kind that nobody can decode; or the
            file is not the one whose header was read.
    """
    done = 0
    for plugin in PLUGINS.get(UID(frames[0].transfer_syntax), ("",)):
        try:
            for frame, hu in _decode(path, frames[done:], plugin):
                _check_unchanged(path, frame)
                done += 1
                yield frame, hu
            return
        except (NotHounsfieldError, _ChangedError):
            raise
        except Exception as error:  # codecs raise anything on damaged bytes
            problem = error
    if not _is_known(frames[0].transfer_syntax):
        raise InputError(
            path,
            message(
                "its encoding, transfer syntax {uid}, is none of the standard's and cannot be read",
                uid=frames[0].transfer_syntax,
            ),
            message("Export the CT uncompressed, or in JPEG-LS or JPEG 2000"),
        ) from problem
    raise InputError(
        path,
        message(
            "pixel data is damaged, cut short or cannot be decoded ({kind})",
            kind=type(problem).__name__,
        ),
        message("Export the original CT series from the archive again"),
    ) from problem


class _ChangedError(InputError):
    """A file changed between its header and its pixels."""


def _check_unchanged(path: Path, frame: Frame) -> None:
    """Refuse pixels that may be another patient's: whose they are, the header was asked."""
    if frame.stamp is not None and stamp_of(path.stat()) != frame.stamp:
        raise _ChangedError(
            path,
            message("the file was changed while the series was read"),
            message("Wait until the whole series has arrived, then read it again"),
        )


def _is_known(transfer_syntax: str) -> bool:
    """Whether the encoding is one of the standard's; makers of scanners have their own."""
    return not transfer_syntax or not UID(transfer_syntax).is_private


def _decode(
    path: Path, frames: Sequence[Frame], plugin: str
) -> Iterator[tuple[Frame, Int16[np.ndarray, "y x"]]]:
    several = len(frames) > 1 or frames[0].index > 0
    source, header = _source(path, frames[0])
    if frames[0].transfer_syntax not in NATIVE and UID(frames[0].transfer_syntax) != RLELossless:
        dataset = source if isinstance(source, Dataset) else dcmread(path, force=True)
        check_sizes(dataset, frames)
        if not several:  # a file of many frames is not held in memory
            source, header = dataset, dataset
    indices = [frame.index for frame in frames] if several else None
    for frame, stored in zip(frames, _arrays(source, header, indices, plugin), strict=True):
        yield frame, to_hu(_true_values(stored, header, frame), frame)


def _arrays(
    source: Path | Dataset, header: Dataset, indices: list[int] | None, plugin: str
) -> Iterator[NDArray[Any]]:
    """Decode frames as they are stored, and fill in the header of what is a path still."""
    options: dict[str, Any] = {
        "raw": True,
        "indices": indices,
        "decoding_plugin": plugin,
        "correct_unused_bits": False,  # it would wrap padding that lies outside of Bits Stored
    }
    if isinstance(source, Dataset):  # as ``iter_pixels`` does, which asks for its options twice
        decoder = get_decoder(source.file_meta.TransferSyntaxUID)
        yield from (stored for stored, _ in decoder.iter_array(source, **options))
    else:
        yield from iter_pixels(source, ds_out=header, **options)


def _source(path: Path, frame: Frame) -> tuple[Path | Dataset, Dataset]:
    """Return what pydicom shall decode, and the header that goes with it.

    Of a compressed file of one frame what its pixels are decoded by. Else usually the path, so that
    only the wanted frames are read. Deflated files, and those that do not name their encoding, or
    a wrong one, must be read as a whole.
    """
    if frame.image_at is not None:
        image = read_image(path, start=frame.image_at, transfer_syntax=frame.transfer_syntax)
        return (path, Dataset()) if image is None else (image, image)
    if frame.transfer_syntax not in ("", DeflatedExplicitVRLittleEndian):
        return path, Dataset()
    with path.open("rb") as stream:
        dataset = dcmread(stream, force=True)
        explicit = has_explicit_vr(stream)
    if not frame.transfer_syntax:
        little = dataset.original_encoding[1]
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = native_syntax(explicit=explicit, little=little)
    return dataset, dataset


def _true_values(stored: NDArray[Any], header: Dataset, frame: Frame) -> NDArray[Any]:
    """Undo what old scanners do with unused bits: values shifted up, overlays above them."""
    if stored.shape != (frame.rows, frame.columns):
        raise ValueError(f"decoded {stored.shape}, announced {(frame.rows, frame.columns)}")
    bits = tags.whole(header, "BitsStored")
    high = tags.whole(header, "HighBit")
    if bits is None or high is None or frame.transfer_syntax not in NATIVE:
        return stored
    if high >= bits:
        stored = stored >> (high + 1 - bits)
    if frame.embedded_overlay and stored.dtype.kind == "u":
        stored = stored & ((1 << bits) - 1)
    return stored


def to_hu(stored: NDArray[Any], frame: Frame) -> Int16[np.ndarray, "y x"]:
    """Rescale, put air where padding is, and keep what an int16 can hold.

    Values below -1024 HU, as scanners write outside the field of view, become air too.
    """
    slope = 1.0 if frame.slope is None else frame.slope
    intercept = 0.0 if frame.intercept is None else frame.intercept
    padding = frame.padding
    mask = None
    if padding is not None:
        mask = padded(stored, padding, slope=slope, intercept=intercept)
    if frame.slope is None:
        measured = stored if mask is None or mask.all() else stored[~mask]
        if float(measured.min()) > HU_LIKE_MINIMUM:
            raise NotHounsfieldError
    values = _rescaled(stored, slope, intercept)
    hu: NDArray[np.int16] = values.clip(AIR_HU, np.iinfo(np.int16).max, out=values).astype(np.int16)
    if mask is not None:
        hu[mask] = AIR_HU
    return hu


def _rescaled(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[Any]:
    are_whole = stored.dtype.kind in "iu" and intercept.is_integer()  # Float Pixel Data are not
    if slope == 1.0 and are_whole and abs(intercept) < 1 << 20:
        wide = np.int32 if stored.dtype.itemsize <= 2 else np.int64
        return np.asarray(np.add(stored, wide(intercept), dtype=wide))
    return np.asarray(np.rint(stored.astype(np.float64) * slope + intercept))
