"""NRRD headers: .nrrd, and .nhdr with its data file.

Source:
    "Definition of NRRD File Format", Teem, https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medical.errors import InputError
from medical.i18n.messages import message
from medical.io.header_text import REMEDY, Fields, header_lines, parts_of_pixel_file, whole_numbers
from medical.io.pixels import Affine, Packing, Stored

_KINDS = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_TYPES = {name: kind for kind, names in _KINDS.items() for name in names}
_PACKING: dict[str, Packing] = {
    "raw": "raw",
    "gz": "deflate",
    "gzip": "deflate",
    "bz2": "bzip2",
    "bzip2": "bzip2",
}
_WAYS = {"left": (0, 1), "right": (0, -1), "posterior": (1, 1), "anterior": (1, -1)}
_WAYS |= {"superior": (2, 1), "inferior": (2, -1)}
_SHORT = {"LPS": "left-posterior-superior", "RAS": "right-anterior-superior"}
_SHORT |= {"LAS": "left-anterior-superior"}
_SHORT |= {f"{short}T": long for short, long in _SHORT.items()}
_DATA = ("data file", "datafile")
_SKIPS = ("line skip", "lineskip"), ("byte skip", "byteskip")
_KEYS = (
    *("type", "dimension", "sizes", "endian", "encoding", "kinds", "spacings"),
    *("space", "space dimension", "space units", "space directions", "space origin"),
    *_DATA,
    *_SKIPS[0],
    *_SKIPS[1],
)
_MAX_SKIP = 1 << 20


def read_nrrd_header(path: Path) -> Stored:
    """Read the header of a .nrrd or .nhdr file.

    Raises:
        InputError: it is damaged, ambiguous, of a kind that is no CT, or says too little.
    """
    fields, end = _fields(path)
    axes = fields.whole("dimension", default=0)
    if not 1 <= axes <= 8:
        raise InputError(path, message("the header is damaged or incomplete"), REMEDY)
    shape = whole_numbers(path, "sizes", fields.need("sizes"), count=axes)
    steps = _steps(path, fields, axes)
    if steps is None:
        problem = message("the header does not say how large its voxels are (no space directions)")
        raise InputError(path, problem, REMEDY)
    spatial = [axis for axis, step in enumerate(steps) if step is not None]
    if any(size > 1 and axis not in spatial for axis, size in enumerate(shape)):
        raise InputError(path, message("a colour or vector image, not CT"), REMEDY)
    kind = _TYPES.get(fields.need("type").lower())
    packing = _PACKING.get(fields.need("encoding").lower())
    if kind is None or packing is None:
        raise InputError(
            path,
            message("a type or encoding of voxels that is not read"),
            message("Save it as gzip"),
        )
    target, (skip, offset) = fields.get(*_DATA), _skipped(path, fields, packing)
    return Stored(
        header=path,
        parts=() if target is None else parts_of_pixel_file(path, target),
        offset=None if skip == -1 else offset + (end if target is None else 0),
        packing=packing,
        dtype=np.dtype(_byte_order(path, fields, kind) + kind),
        shape=tuple(shape[axis] for axis in spatial),
        affine=_affine(path, fields, [step for step in steps if step is not None]),
        skip=skip if packing != "raw" else 0,
    )


def _fields(path: Path) -> tuple[Fields, int]:
    """Everything up to the empty line, and where that ends."""
    fields = Fields(path, _KEYS)
    end = 0
    with path.open("rb") as stream:
        for number, (line, end) in enumerate(header_lines(path, stream)):  # noqa: B007
            if number == 0:
                if not re.fullmatch(r"NRRD000[1-6]", line.strip()):
                    raise InputError(path, message("the header is damaged or no NRRD"), REMEDY)
            elif not line:
                break
            elif not line.startswith("#"):
                key, joint, value = line.partition(":")
                if not joint:
                    raise InputError(path, message("the header is damaged or incomplete"), REMEDY)
                # "key:=value" is a note of whoever wrote the file; no field may come that way
                fields.add(key, value, allowed=not value.startswith("="))
    return fields, end


def _skipped(path: Path, fields: Fields, packing: Packing) -> tuple[int, int]:
    """Return what is skipped once unpacked, and the offset in the file."""
    lines, skip = (int(fields.get(*keys) or 0) if _plain(fields, keys) else -2 for keys in _SKIPS)
    if lines or not -1 <= skip <= _MAX_SKIP or (skip == -1 and packing != "raw"):
        raise InputError(path, message("its header skips lines or bytes before its pixels"), REMEDY)
    return skip, skip if packing == "raw" and skip > 0 else 0


def _plain(fields: Fields, keys: Sequence[str]) -> bool:
    return re.fullmatch(r"-?[0-9]{1,9}", fields.get(*keys) or "0") is not None


def _byte_order(path: Path, fields: Fields, kind: str) -> str:
    order = {"little": "<", "big": ">"}.get((fields.get("endian") or "").lower())
    if order is None and not kind.endswith("1"):
        raise InputError(path, message("its header does not give its byte order (endian)"), REMEDY)
    return order or "<"


def _steps(path: Path, fields: Fields, axes: int) -> list[list[float] | None] | None:
    """For each axis the step from voxel to voxel; ``None`` for one that is not in space."""
    text = fields.get("space directions")
    if text is not None:
        words = re.findall(r"none|\([^()]*\)", text)
        if len(words) != axes or re.sub(r"none|\([^()]*\)|\s", "", text):
            raise InputError(path, message("its space directions do not fit its axes"), REMEDY)
        return [None if word == "none" else _vector(path, word) for word in words]
    spacings = fields.numbers("spacings", count=axes)
    if spacings is None:
        return None
    spatial = [axis for axis, spacing in enumerate(spacings) if np.isfinite(spacing)]
    units = dict(zip(spatial, np.eye(len(spatial)).tolist(), strict=True))
    return [
        [spacing * part for part in units[axis]] if axis in units else None
        for axis, spacing in enumerate(spacings)
    ]


def _vector(path: Path, text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.strip("() ").split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise InputError(path, message("its directions or origin are no numbers"), REMEDY)
    return numbers


def _affine(path: Path, fields: Fields, steps: list[list[float]]) -> Affine:
    """From voxel to LPS; a fourth axis, of time points, comes after the patient's three."""
    if len(steps) < 3:
        return np.eye(4)  # refused with its shape
    units = re.findall(r'"([^"]*)"', fields.get("space units") or "")
    if any(unit.lower() not in ("", "mm", "millimeter", "millimeters") for unit in units):
        raise InputError(path, message("its lengths are not in millimetres"), REMEDY)
    given = fields.get("space origin")
    origin = [0.0] * len(steps) if given is None else _vector(path, given)
    if any(len(vector) not in (3, len(steps)) for vector in (*steps, origin)):
        raise InputError(path, message("its space directions do not fit its axes"), REMEDY)
    own = np.eye(4)
    own[:3, :3] = np.transpose([step[:3] for step in steps[:3]])
    own[:3, 3] = origin[:3]
    return _to_lps(path, fields.get("space")) @ own


def _to_lps(path: Path, space: str | None) -> Affine:
    """From the header's space to LPS; where it names none, its axes are taken for LPS."""
    turned = np.eye(4)
    if space is None:
        return turned
    name = space.lower().removesuffix("-time")
    ways = [_WAYS.get(word) for word in _SHORT.get(name.upper(), name).split("-")]
    known = [way for way in ways if way is not None]
    if len(known) != len(ways) or sorted(axis for axis, _ in known) != [0, 1, 2]:
        problem = message("the header does not say how the volume lies in the patient (space)")
        raise InputError(path, problem, REMEDY)
    turned[:3, :3] = 0
    for column, (axis, sign) in enumerate(known):
        turned[axis, column] = sign
    return turned
