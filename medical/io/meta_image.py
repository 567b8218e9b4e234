"""MetaImage headers: .mhd with its .raw or .zraw, .mha.

Source:
    The MetaIO documentation of ITK, "Reading a brick of bytes" and its table of tags.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medical.errors import InputError
from medical.i18n.messages import message
from medical.io.header_text import REMEDY, Fields, header_lines, parts_of_pixel_file, whole_numbers
from medical.io.pixels import Affine, Stored

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_ORIGIN = ("Offset", "Position", "Origin")
_MATRIX = ("TransformMatrix", "Rotation", "Orientation")
_ORDER = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")
_TRUTHS = {"True": True, "False": False, "1": True, "0": False}
_UNITS = ("mm", "millimeter", "millimeters", "?")
_KEYS = (
    *("ObjectType", "NDims", "DimSize", "ElementType", "ElementDataFile", "HeaderSize"),
    *("BinaryData", "CompressedData", "CompressedDataSize", "ElementNumberOfChannels"),
    *("ElementSpacing", "ElementSize", "DistanceUnits", *_ORIGIN, *_MATRIX, *_ORDER),
    *("ElementToIntensityFunctionSlope", "ElementToIntensityFunctionOffset"),
)


def read_meta_image_header(path: Path) -> Stored:
    """Read the header of a .mhd or .mha file.

    Raises:
        InputError: it is damaged, ambiguous, of a kind that is no CT, or says too little.
    """
    fields = Fields(path, _KEYS)
    end = 0
    with path.open("rb") as stream:
        for line, end in header_lines(path, stream):  # noqa: B007  (used after the loop)
            key, joint, value = line.partition("=")
            if not line.strip():
                continue
            if not joint:
                raise InputError(path, message("the header is damaged or incomplete"), REMEDY)
            fields.add(key.strip(), value)
            if key.strip() == "ElementDataFile":
                break
    dimensions = fields.whole("NDims", default=0)
    if fields.get("ElementNumberOfChannels") not in (None, "1"):
        raise InputError(path, message("a colour or vector image, not CT"), REMEDY)
    if not 1 <= dimensions <= 8:
        raise InputError(path, message("the header is damaged or incomplete"), REMEDY)
    shape = whole_numbers(path, "DimSize", fields.need("DimSize"), count=dimensions)
    parts, offset = _place(path, fields, end)
    return Stored(
        header=path,
        parts=parts,
        offset=offset,
        packing="deflate" if _truth(path, fields, "CompressedData") else "raw",
        dtype=_dtype(path, fields),
        shape=shape,
        affine=_affine(path, fields, dimensions),
    )


def _place(path: Path, fields: Fields, end: int) -> tuple[tuple[str, ...], int | None]:
    """File and offset of the pixels; ``None`` when they are the file's last bytes."""
    target, skipped = fields.need("ElementDataFile"), fields.whole("HeaderSize", default=0)
    if skipped < -1:
        raise InputError(path, message("the header is damaged or incomplete"), REMEDY)
    if target == "LOCAL":
        if skipped:
            raise InputError(path, message("its header gives two places for its pixels"), REMEDY)
        return (), end
    return parts_of_pixel_file(path, target), None if skipped == -1 else skipped


def _dtype(path: Path, fields: Fields) -> np.dtype[np.generic]:
    kind = _TYPES.get(fields.need("ElementType"))
    if kind is None:
        raise InputError(path, message("a colour or vector image, not CT"), REMEDY)
    if fields.get("BinaryData") is not None and not _truth(path, fields, "BinaryData"):
        raise InputError(
            path, message("its pixels are written as text"), message("Save it with binary data")
        )
    for name, plain in (("Slope", 1.0), ("Offset", 0.0)):
        given = fields.numbers(f"ElementToIntensityFunction{name}", count=1)
        if given is not None and given != [plain]:
            raise InputError(path, message("its values are scaled in the header"), REMEDY)
    return np.dtype((">" if _truth(path, fields, *_ORDER) else "<") + kind)


def _truth(path: Path, fields: Fields, *keys: str) -> bool:
    truth = _TRUTHS.get((fields.get(*keys) or "False").capitalize())
    if truth is None:
        raise InputError(
            path, message("its header gives {keys} as neither True nor False", keys=keys[0]), REMEDY
        )
    return truth


def _affine(path: Path, fields: Fields, dimensions: int) -> Affine:
    """From voxel to LPS; the rows of the transform matrix are the directions of the axes."""
    if dimensions < 3:
        return np.eye(4)
    if (fields.get("DistanceUnits") or "mm").lower() not in _UNITS:
        raise InputError(path, message("its lengths are not in millimetres"), REMEDY)
    spacing = fields.numbers("ElementSpacing", count=dimensions)
    if spacing is None:
        spacing = fields.numbers("ElementSize", count=dimensions)
    origin = fields.numbers(*_ORIGIN, count=dimensions)
    matrix = fields.numbers(*_MATRIX, count=dimensions**2)
    if spacing is None:
        problem = message("the header does not say how large its voxels are (no ElementSpacing)")
        raise InputError(path, problem, REMEDY)
    if origin is None and matrix is None:
        problem = message(
            "the header does not say where the volume lies (no Offset, no TransformMatrix)"
        )
        raise InputError(path, problem, REMEDY)
    affine = np.eye(4)
    turned = np.eye(dimensions) if matrix is None else np.reshape(matrix, (dimensions,) * 2)
    affine[:3, :3] = turned[:3, :3].T * spacing[:3]
    affine[:3, 3] = (origin or [0.0] * 3)[:3]
    return affine
