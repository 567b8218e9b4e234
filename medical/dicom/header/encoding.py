"""How a data set is really encoded, whatever its file meta says.

Converters rewrite the data set and leave the file meta as it was.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medical.dicom.header import tags

_PREAMBLE_BYTES = 132
_LONG = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT")
_META_GROUP = 0x0002


def written_syntax(dataset: Dataset) -> UID:
    """Return what the file meta says; empty where it says nothing."""
    meta = getattr(dataset, "file_meta", Dataset())
    return UID(str(tags.value(meta, "TransferSyntaxUID") or ""))


def has_explicit_vr(stream: BinaryIO) -> bool | None:
    """Whether the first element behind the file meta names its VR; ``None`` where it is cut off.

    The stream's place is kept.
    """
    before = stream.tell()
    try:
        stream.seek(0)
        start = _PREAMBLE_BYTES if stream.read(_PREAMBLE_BYTES)[-4:] == b"DICM" else 0
        stream.seek(start)
        while len(head := stream.read(8)) == 8:
            group = struct.unpack("<H", head[:2])[0]
            if group != _META_GROUP:
                return head[4:6].isalpha() and head[4:6].isupper()
            length = struct.unpack("<H", head[6:8])[0]
            if head[4:6] in _LONG:
                length = struct.unpack("<I", stream.read(4))[0]
            stream.seek(length, 1)
        return None
    except (struct.error, OSError):
        return None
    finally:
        stream.seek(before)


def contradicts(written: UID, *, explicit: bool | None, native_pixels: bool) -> bool:
    """Whether the data set is encoded otherwise than the file meta says.

    Args:
        written: transfer syntax of the file meta.
        explicit: whether the data set names its VRs.
        native_pixels: whether the pixel data has a length, which compressed pixels never have.
    """
    if not written.is_transfer_syntax or written.is_deflated:
        return False
    wrong_vr = explicit is not None and explicit == written.is_implicit_VR
    return wrong_vr or (native_pixels and written.is_compressed)


def native_syntax(*, explicit: bool | None, little: bool | None) -> UID:
    """Return the syntax of native pixels in a data set of this encoding."""
    if little is False:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if explicit is False else ExplicitVRLittleEndian
