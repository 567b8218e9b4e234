"""NIfTI: headers of .nii and .nii.gz, and what we write; only here does LPS become its RAS."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int16
from numpy.typing import NDArray

from medical.errors import InputError
from medical.files import written_atomically
from medical.geometry import VolumeGeometry
from medical.i18n.messages import message
from medical.io.header_text import REMEDY
from medical.io.pixels import Affine, Stored

RAS_TO_LPS: Affine = np.diag([-1.0, -1.0, 1.0, 1.0])
_HEADER_BYTES = 540  # NIfTI-2's; NIfTI-1's is shorter
_MAX_OFFSET = 1 << 20
NIFTI_FROM_LPS = (-1.0, -1.0, 1.0)
"""Signs that turn LPS millimetres into NIfTI's RAS, and back."""


def read_nifti_header(path: Path) -> Stored:
    """Read the header of a NIfTI file.

    Raises:
        InputError: it is damaged, of a kind that is no CT, or says too little.
    """
    import nibabel
    from nibabel.imageglobals import logger

    logger.disabled = True  # its remarks on odd headers go to standard error
    start, packed = _first_bytes(path)
    second = start[:4] in (b"\x1c\x02\0\0", b"\0\0\x02\x1c")
    form = nibabel.Nifti2Header if second else nibabel.Nifti1Header
    # without what other programs append to it (extensions): only its own bytes were read
    header = form(start[: form.template_dtype.itemsize])
    dtype = header.get_data_dtype()
    if dtype.fields is not None or dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise InputError(path, message("a colour or complex image, not CT"), REMEDY)
    if header["qform_code"] == 0 and header["sform_code"] == 0:
        problem = message("the header does not say where the volume lies (no qform, no sform)")
        raise InputError(path, problem, REMEDY)
    offset = int(header.get_data_offset())
    if not 348 <= offset <= _MAX_OFFSET:
        raise InputError(
            path, message("the header is damaged: its pixels lie far behind it"), REMEDY
        )
    slope, intercept = header.get_slope_inter()
    return Stored(
        header=path,
        parts=(),
        offset=0 if packed else offset,
        packing="deflate" if packed else "raw",
        dtype=dtype,
        shape=tuple(int(count) for count in header.get_data_shape()),
        affine=RAS_TO_LPS @ header.get_best_affine(),
        skip=offset if packed else 0,
        slope=1.0 if slope is None else float(slope),
        intercept=0.0 if intercept is None else float(intercept),
    )


def _first_bytes(path: Path) -> tuple[bytes, bool]:
    """Read the header, and whether the file is packed, by its content: names lie."""
    with path.open("rb") as stream:
        start = stream.read(1 << 12)
    if start[:2] != b"\x1f\x8b":
        return start[:_HEADER_BYTES], False
    return zlib.decompressobj(wbits=47).decompress(start, _HEADER_BYTES), True


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
