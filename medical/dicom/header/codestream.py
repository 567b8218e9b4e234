"""The size that a compressed image gives for itself, before anybody makes room for it.

A few kilobytes of JPEG 2000, JPEG-LS or JPEG may announce sixty thousand rows, whatever the DICOM
header says, and the decoders make room for what the image announces.

Source:
    JPEG 2000: ITU-T T.800 A.5.1 (SIZ). JPEG: ITU-T T.81 B.2.2 (SOF). JPEG-LS: ITU-T T.87 C.2.2.
"""

from __future__ import annotations

import struct
from pathlib import Path

from pydicom import dcmread
from pydicom.encaps import generate_frames

from medical.dicom.header.frames import Frame

_J2K = b"\xff\x4f\xff\x51"
_JP2 = b"\0\0\0\x0cjP  "
_JPEG = b"\xff\xd8"
_SIZES = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, 0xFF, *range(0xD0, 0xD9)})
_MAX_COMPONENTS = 4


class OtherSizeError(ValueError):
    """A compressed image is of another size than its DICOM header says."""


def check_sizes(path: Path, frames: list[Frame]) -> None:
    """Compare the wanted frames of a file with their header, without decoding them.

    Args:
        path: a file in an encapsulated transfer syntax.
        frames: planes of it.

    Raises:
        OtherSizeError: one announces another size.
        Exception: whatever pydicom raises on damaged files.
    """
    dataset = dcmread(path, force=True)
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
