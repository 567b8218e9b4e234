"""Reads the voxels of a volume file: from the place that was checked, no more than announced.

A header says how the voxels are stored, and where they lie. The file is opened step by step below
the header's folder and no link is followed, so what is read is what was checked. Packed voxels are
unpacked piece by piece; what comes out beyond the announced size is not unpacked, so a bomb takes
no more memory than the volume that it claims to be.
"""

from __future__ import annotations

import bz2
import math
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from medical.dicom.stacking.stack import MAX_VOXELS
from medical.errors import InputError
from medical.i18n.messages import message
from medical.io.header_text import REMEDY

Packing = Literal["raw", "deflate", "bzip2"]
"""``deflate`` stands for zlib's own and gzip's frame alike; the bytes tell which."""
Affine = NDArray[np.float64]
MAX_SIDE = 4096
"""Voxels along an axis, as for DICOM; a plane is read at once."""
_CHUNK_BYTES = 1 << 20
_MAX_RATIO = {"raw": 1, "deflate": 1100, "bzip2": 1 << 20}
"""What the packing cannot exceed; bzip2 has no such limit worth naming."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A volume on the disk, before any of its voxels is read.

    Args:
        header: the file that was named.
        parts: the file with the voxels, as steps down from the header's folder; none when they
            follow the header in its own file.
        offset: where they begin in that file, bytes; ``None`` when they are its last bytes.
        skip: bytes to pass over once unpacked.
        packing: of the voxels.
        dtype: of one voxel, with its byte order.
        shape: voxels along ``x, y, z`` and any further axes, the first running fastest.
        affine: 4 x 4, from voxel ``(x, y, z)`` to LPS millimetres.
        slope: HU = slope * stored + intercept.
        intercept: see ``slope``.
    """

    header: Path
    parts: tuple[str, ...]
    offset: int | None
    packing: Packing
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    affine: Affine
    skip: int = 0
    slope: float = 1.0
    intercept: float = 0.0


class _Reader(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


def read_planes(stored: Stored) -> Iterator[NDArray[Any]]:
    """Planes ``[x, y]`` along z, in the file's own type and before slope and intercept.

    Args:
        stored: of a shape that ``check_shape`` takes.

    Raises:
        InputError: the pixel file is missing or a link, or voxels are missing.
    """
    x, y, z = stored.shape[:3]
    plane_bytes = x * y * stored.dtype.itemsize
    with _open(stored) as stream:
        _check_bytes(stored, os.fstat(stream.fileno()).st_size)
        reader = _unpacking(stored, stream)
        _exactly(stored, reader, stored.skip)
        for _ in range(z):
            plane = np.frombuffer(_exactly(stored, reader, plane_bytes), stored.dtype)
            yield plane.reshape((x, y), order="F")


def check_shape(path: Path, shape: tuple[int, ...]) -> None:
    """One 3D volume, of a size that memory can hold.

    Raises:
        InputError: it is not.
    """
    size = " x ".join(map(str, shape))
    if len(shape) < 3 or any(count != 1 for count in shape[3:]) or min(shape) < 1:
        raise InputError(
            path,
            message("not one 3D volume but {size}", size=size),
            message("Save one time point as one volume"),
        )
    if min(shape[:3]) < 2:
        raise InputError(path, message("only a single slice"), message("Give the whole volume"))
    if math.prod(shape) > MAX_VOXELS or max(shape) > MAX_SIDE:
        problem = message("a volume of {size} voxels is too large to read", size=size)
        raise InputError(path, problem, message("Give one chest CT of at most 1024 x 1024 x 600"))


def _check_bytes(stored: Stored, size: int) -> None:
    voxel_bytes = math.prod(stored.shape) * stored.dtype.itemsize
    there = size if stored.offset is None else size - stored.offset
    if voxel_bytes > there * _MAX_RATIO[stored.packing]:
        raise InputError(
            stored.header, message("the file is cut short: voxels are missing"), REMEDY
        )


@contextmanager
def _open(stored: Stored) -> Iterator[BinaryIO]:
    """Open the file with the voxels, at the first of them."""
    with ExitStack() as stack:
        if stored.parts:
            stream = stack.enter_context(_open_below(stored.header, stored.parts))
        else:
            stream = stack.enter_context(stored.header.open("rb"))
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise InputError(stored.header, message("its pixel file is no plain file"), REMEDY)
        at = stored.offset
        if at is None:
            voxel_bytes = math.prod(stored.shape) * stored.dtype.itemsize
            at = max(0, os.fstat(stream.fileno()).st_size - voxel_bytes)
        stream.seek(at)
        yield stream


def _open_below(header: Path, parts: tuple[str, ...]) -> BinaryIO:
    """Open a file below the header's folder without following a link on the way."""
    name, flags = parts[-1], os.O_RDONLY | getattr(os, "O_BINARY", 0)
    shown = name.encode("utf-8", "replace").decode()
    try:
        if os.open not in os.supports_dir_fd:  # Windows: a link there needs an administrator
            place = header.parent.joinpath(*parts)
            if any(step.is_symlink() for step in (place, *place.parents[: len(parts) - 1])):
                raise InputError(
                    header,
                    message("its pixel file {name} is a link", name=shown),
                    REMEDY,
                    names=(shown,),
                )
            return place.open("rb")
        folder = os.open(header.parent, flags | os.O_DIRECTORY)
        try:
            for part in parts[:-1]:
                inner = os.open(part, flags | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = inner
            # not to wait at a pipe: that it is a plain file is known only once it is open
            descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
        return os.fdopen(descriptor, "rb")
    except FileNotFoundError as problem:
        missing = message("its pixel file {name} is missing", name=shown)
        raise InputError(header, missing, REMEDY, names=(shown,)) from problem
    except (OSError, ValueError) as problem:
        refused = message("its pixel file {name} cannot be opened, or is a link", name=shown)
        raise InputError(header, refused, REMEDY, names=(shown,)) from problem


def _unpacking(stored: Stored, stream: BinaryIO) -> _Reader:
    match stored.packing:
        case "raw":
            return stream
        case "deflate":
            return Inflating(stream)
        case "bzip2":
            return bz2.BZ2File(stream)


def _exactly(stored: Stored, reader: _Reader, count: int) -> bytes:
    """Read that many bytes in pieces: a packed piece never grows beyond them."""
    voxels = bytearray()
    while len(voxels) < count:
        piece = reader.read(min(_CHUNK_BYTES, count - len(voxels)))
        if not piece:
            raise InputError(
                stored.header, message("the file is cut short: voxels are missing"), REMEDY
            )
        voxels += piece
    return bytes(voxels)


class Inflating:
    """Unpacks zlib, gzip (with several members) or, where told so, bare deflate, as it is read.

    Args:
        stream: what is packed.
        bare: without any frame, as DICOM has it.
    """

    def __init__(self, stream: _Reader, *, bare: bool = False) -> None:
        self._stream = stream
        self._wbits = -zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32
        self._machine = zlib.decompressobj(self._wbits)
        self._packed = b""

    def read(self, size: int = _CHUNK_BYTES, /) -> bytes:
        """At least one and at most ``size`` bytes; nothing at the end.

        Raises:
            zlib.error: the bytes are damaged.
        """
        while True:
            if not self._packed:
                self._packed = self._stream.read(_CHUNK_BYTES >> 4)
            if self._machine.eof:
                if not self._packed.startswith(b"\x1f\x8b"):  # no further member of a gzip
                    return b""
                self._machine = zlib.decompressobj(self._wbits)
            unpacked = self._machine.decompress(self._packed, size)
            ended = not self._packed
            self._packed = self._machine.unconsumed_tail or self._machine.unused_data
            if unpacked or ended:
                return unpacked
