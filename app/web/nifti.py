"""The one place where StarLung's patient millimetres (LPS) become NIfTI's (RAS), for the viewer."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medical.ct.volume import CtVolume
from medical.geometry import VolumeGeometry

NIFTI_FROM_LPS = (-1.0, -1.0, 1.0)
"""Signs that turn LPS millimetres into NIfTI's RAS, and back."""


def nifti_affine(geometry: VolumeGeometry) -> NDArray[np.float64]:
    """Return the 4x4 affine from voxels ``(x, y, z)`` to RAS millimetres, as NIfTI stores it."""
    affine = geometry.affine_lps_mm[:, [2, 1, 0, 3]].copy()
    affine[:3] *= np.array(NIFTI_FROM_LPS)[:, None]
    return affine


def write_nifti(volume: CtVolume, path: Path) -> None:
    """Write ``volume`` as int16 NIfTI, gzip level 1, whole or not at all.

    Level 1 because the file is written while somebody waits; higher levels save a tenth of the
    bytes for several times the seconds.
    """
    import nibabel

    image = nibabel.Nifti1Image(volume.hu.T, nifti_affine(volume.geometry))
    image.header.set_xyzt_units("mm", "sec")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=".nii.gz", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        nibabel.save(image, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
