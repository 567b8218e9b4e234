"""What a file may make us unpack: limits set before anybody makes room for it.

Deflated: pydicom unpacks a file in the Deflated Explicit VR Little Endian transfer syntax (PS3.5
A.5) whole, by ``zlib.decompress``, whatever comes out: three megabytes may become as many
gigabytes. It has no setting for that, and which files it takes for deflated only it knows; so the
module through which its reader calls zlib is replaced by one that stops. `medical.dicom` does so
when it is imported.

Compressed images: a few kilobytes of JPEG 2000, JPEG-LS or JPEG may announce sixty thousand rows,
whatever the DICOM header says, and the decoders make room for what the image announces.

Source:
    JPEG 2000: ITU-T T.800 A.5.1 (SIZ). JPEG: ITU-T T.81 B.2.2 (SOF). JPEG-LS: ITU-T T.87 C.2.2.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import pydicom.filereader
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from medical.dicom.header.frames import Frame
from medical.i18n.messages import message

MIN_LIMIT_BYTES = 64 << 20
MAX_LIMIT_BYTES = 1536 << 20
"""The largest volume that is read at all, as 16-bit values, and its header."""
LIKELY_RATIO = 20
"""CT packs to a third; more than this is not expected of files beyond the least limit."""
_J2K = b"\xff\x4f\xff\x51"
_JP2 = b"\0\0\0\x0cjP  "
_JPEG = b"\xff\xd8"
_SIZES = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, 0xFF, *range(0xD0, 0xD9)})
_MAX_COMPONENTS = 4


class TooLargeError(ValueError):
    """A deflated file unpacks to more than a CT of its size would."""


class _LimitedZlib:
    """zlib, but for a limit on what ``decompress`` returns."""

    def __getattr__(self, name: str) -> Any:
        return getattr(zlib, name)

    @staticmethod
    def decompress(data: bytes, wbits: int = zlib.MAX_WBITS) -> bytes:
        """As zlib's.

        Raises:
            TooLargeError: more comes out than allowed; no more than that is unpacked.
            zlib.error: the bytes are damaged or cut short.
        """
        limit = min(MAX_LIMIT_BYTES, MIN_LIMIT_BYTES + LIKELY_RATIO * len(data))
        machine = zlib.decompressobj(wbits)
        unpacked = machine.decompress(data, limit)
        if machine.unconsumed_tail or (len(unpacked) == limit and not machine.eof):
            raise TooLargeError(message("unpacks to more than {size} MiB", size=limit >> 20))
        if not machine.eof:
            raise zlib.error("incomplete or truncated stream")
        return unpacked


def limit_pydicom() -> None:
    """Have pydicom's reader call zlib through the limit; for the whole process."""
    vars(pydicom.filereader)["zlib"] = _LimitedZlib()


class OtherSizeError(ValueError):
    """A compressed image is of another size than its DICOM header says."""


def check_sizes(dataset: Dataset, frames: Sequence[Frame]) -> None:
    """Compare the wanted frames of a file with their header, without decoding them.

    Args:
        dataset: the file as read, in an encapsulated transfer syntax; decode this, not the file
            anew.
        frames: planes of it.

    Raises:
        OtherSizeError: one announces another size.
        Exception: whatever pydicom raises on damaged files.
    """
    wanted = {frame.index: (frame.rows, frame.columns) for frame in frames}
    count = dataset.get("NumberOfFrames") or 1
    codestreams = generate_frames(dataset.PixelData, number_of_frames=int(count))
    for index, content in enumerate(codestreams):
        size = announced_size(content)
        if index in wanted and size != wanted[index]:
            raise OtherSizeError(f"announces {size}, not {wanted[index]}")


def announced_size(image: bytes) -> tuple[int, int] | None:
    """Rows and columns of a compressed image; ``None`` where it is of no kind known here.

    Raises:
        OtherSizeError: it announces two sizes, or more components than an image has.
        struct.error: it is cut short.
    """
    if image.startswith(_JP2):  # a file in a file; the decoder takes it too
        image = image[max(0, image.find(_J2K)) :]
    if image.startswith(_J2K):
        right, down, left, top = struct.unpack_from(">4I", image, 8)
        (components,) = struct.unpack_from(">H", image, 40)
        if components > _MAX_COMPONENTS:
            raise OtherSizeError(f"announces {components} components")
        return down - top, right - left
    return _jpeg_size(image) if image.startswith(_JPEG) else None


def _jpeg_size(image: bytes) -> tuple[int, int] | None:
    """Return the size in the frame's header, which precedes the first scan."""
    at, size = 2, None
    while at + 4 <= len(image):
        if image[at] != 0xFF:
            break
        marker = image[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _SIZES:
            _, rows, columns, components = struct.unpack_from(">BHHB", image, at + 4)
            if size not in (None, (rows, columns)) or components > _MAX_COMPONENTS:
                raise OtherSizeError("announces two sizes, or too many components")
            size = rows, columns
        if marker == 0xDA:
            break
        at += 2 + int(struct.unpack_from(">H", image, at + 2)[0])
    return size
