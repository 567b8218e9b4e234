"""The findings' outlines beside a result: the masks that they were measured on."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medical.files import write_atomic
from medical.geometry import VolumeGeometry
from medical.nodule.outline import Outline

_MAX_BYTES = 64_000_000  # unpacked: some 2,000 outlines


def write(file: Path, outlines: Sequence[Outline]) -> None:
    """Write outlines, all of one shape: ``ids [n]``, ``masks [n, z, y, x]``, ``affines_lps_mm``."""
    content = io.BytesIO()
    np.savez_compressed(
        content,
        ids=np.array([outline.finding_id for outline in outlines], np.int32),
        masks=np.array([outline.mask for outline in outlines], bool),
        affines_lps_mm=np.array([outline.geometry.affine_lps_mm for outline in outlines], float),
    )
    write_atomic(file, content.getvalue())


def read(file: Path) -> tuple[Outline, ...]:
    """Read what ``write`` wrote.

    Raises:
        OSError: it is not there.
        ValueError: it is something else.
    """
    content = file.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MAX_BYTES:
                raise ValueError("outlines are larger than any that are written")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            ids, masks, affines = (arrays[name] for name in ("ids", "masks", "affines_lps_mm"))
        if masks.dtype != np.bool_:
            raise ValueError(f"masks must be bool, got {masks.dtype}")
        return tuple(
            Outline(int(number), mask, VolumeGeometry(mask.shape, affine))
            for number, mask, affine in zip(ids, masks, affines, strict=True)
        )
    except (zipfile.BadZipFile, KeyError, TypeError, EOFError) as error:
        raise ValueError("is no file of outlines") from error
