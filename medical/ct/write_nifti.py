"""The one place where StarLung's patient millimetres (LPS) become NIfTI's (RAS)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int16
from numpy.typing import NDArray

from medical.files import written_atomically
from medical.geometry import VolumeGeometry

NIFTI_FROM_LPS = (-1.0, -1.0, 1.0)
"""Signs that turn LPS millimetres into NIfTI's RAS, and back."""


def nifti_affine(geometry: VolumeGeometry) -> NDArray[np.float64]:
    """Return the 4x4 affine from voxels ``(x, y, z)`` to RAS millimetres, as NIfTI stores it."""
    affine = geometry.affine_lps_mm[:, [2, 1, 0, 3]].copy()
    affine[:3] *= np.array(NIFTI_FROM_LPS)[:, None]
    return affine


def write_nifti(
    values: Int16[np.ndarray, "z y x"] | Float32[np.ndarray, "z y x"],
    geometry: VolumeGeometry,
    path: Path,
    *,
    description: str = "",
) -> None:
    """Write a volume as NIfTI in the type of its values, whole or not at all.

    ``.nii.gz`` is packed at gzip level 1: it is written while somebody waits, and higher levels
    save a tenth of the bytes for several times the seconds.

    Args:
        values: HU, or a map.
        geometry: where the voxels lie in the patient.
        path: ends in ``.nii`` or ``.nii.gz``; its folder is made where it is missing.
        description: kept in the header, cut after 79 bytes.
    """
    import nibabel

    image = nibabel.Nifti1Image(values.T, nifti_affine(geometry))
    image.header.set_xyzt_units("mm", "sec")
    image.header["descrip"] = description.encode()[:79]
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_atomically(path) as beside:
        nibabel.save(image, beside)
