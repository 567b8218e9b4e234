"""What the header of a volume file says: how the voxels are stored, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Packing = Literal["raw", "deflate", "bzip2"]
"""``deflate`` stands for zlib's own and gzip's frame alike; the bytes tell which."""

Affine = NDArray[np.float64]


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
