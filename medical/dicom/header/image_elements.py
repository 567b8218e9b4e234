"""The elements of a file that its pixels are decoded by, read without what comes before them.

A CT slice's header has a hundred elements, of which ten describe its pixels. Sorting reads them
all; decoding a compressed slice needs the ten and the pixels, and begins where the first of them
lies.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.tag import Tag
from pydicom.uid import UID, RLELossless
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

_DESCRIBING = tuple(
    Tag(keyword)
    for keyword in (
        *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames"),
        *("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
        *("ExtendedOffsetTable", "ExtendedOffsetTableLengths"),  # nothing keeps them behind
    )
)
_EXPLICIT_LITTLE = (False, True)  # no implicit VR, little endian: PS3.5 A.4
_HEAD_BYTES = 8  # tag, VR and length


def start_of_image(dataset: Dataset, transfer_syntax: str) -> int | None:
    """Where in its file the first element that describes the pixels begins.

    Args:
        dataset: header of a file, as read.
        transfer_syntax: of its pixels.

    Returns:
        ``None`` where the file is read from its start: it is not compressed, of which pydicom
        reads no more than a frame, or not encoded as compressed files are.
    """
    syntax = UID(transfer_syntax)
    if syntax.is_private or not syntax.is_transfer_syntax or not syntax.is_compressed:
        return None
    if syntax == RLELossless or dataset.original_encoding != _EXPLICIT_LITTLE:
        return None
    elements = [item for tag in _DESCRIBING if (item := dataset.get_item(tag)) is not None]
    if not elements or any(item.VR in EXPLICIT_VR_LENGTH_32 for item in elements):
        return None
    places = [
        item.value_tell if isinstance(item, RawDataElement) else item.file_tell or 0
        for item in elements
    ]
    return min(places) - _HEAD_BYTES if all(places) else None


def read_image(path: Path, *, start: int, transfer_syntax: str) -> Dataset | None:
    """Read a compressed file from the elements that describe its pixels to its end.

    Returns:
        ``None`` where none of them begins there as explicit little endian has it: written as UN or
        implicit, which a value that was converted since does not tell.

    Args:
        path: of the file.
        start: as ``start_of_image`` says.
        transfer_syntax: of its pixels.

    Raises:
        Exception: whatever pydicom raises on damaged files.
    """
    with path.open("rb") as stream:
        stream.seek(start)
        if not _is_explicit_head(stream.read(_HEAD_BYTES)):
            return None
        stream.seek(start)
        dataset = read_dataset(stream, *_EXPLICIT_LITTLE)
    dataset.file_meta = _meta(transfer_syntax)
    return dataset


def _is_explicit_head(head: bytes) -> bool:
    """Whether an element that describes pixels begins so, with two bytes for its length."""
    if len(head) < _HEAD_BYTES:
        return False
    group, element, vr = struct.unpack("<HH2s2x", head)
    known = vr.isalpha() and vr.isupper() and vr.decode("ascii") not in EXPLICIT_VR_LENGTH_32
    return known and Tag(group, element) in _DESCRIBING


@lru_cache(maxsize=8)
def _meta(transfer_syntax: str) -> FileMetaDataset:
    """Say how pixels are encoded; what decodes only reads it."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(transfer_syntax)
    return meta
