"""The findings' outlines beside a result: the masks that they were measured on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medical.geometry import VolumeGeometry
from medical.nodule.outline import Outline
from medical.results.arrays import read_arrays, write_arrays

_MAX_BYTES = 64_000_000  # unpacked: some 2,000 outlines


def write(file: Path, outlines: Sequence[Outline]) -> None:
    """Write outlines, all of one shape: ``ids [n]``, ``masks [n, z, y, x]``, ``affines_lps_mm``."""
    write_arrays(
        file,
        ids=np.array([outline.finding_id for outline in outlines], np.int32),
        masks=np.array([outline.mask for outline in outlines], bool),
        affines_lps_mm=np.array([outline.geometry.affine_lps_mm for outline in outlines], float),
    )


def read(file: Path) -> tuple[Outline, ...]:
    """Read what ``write`` wrote.

    Raises:
        OSError: it is not there.
        ValueError: it is something else.
    """
    arrays = read_arrays(file, max_bytes=_MAX_BYTES)
    try:
        ids, masks, affines = (arrays[name] for name in ("ids", "masks", "affines_lps_mm"))
        if masks.dtype != np.bool_:
            raise ValueError(f"masks must be bool, got {masks.dtype}")
        return tuple(
            Outline(int(number), mask, VolumeGeometry(mask.shape, affine))
            for number, mask, affine in zip(ids, masks, affines, strict=True)
        )
    except (KeyError, TypeError) as error:
        raise ValueError("is no file of outlines") from error
