"""CT volumes in research formats: NIfTI, NRRD and MetaImage (.mhd with its .raw, .mha).

These files carry no patient, study or scanner; the file's stem stands for the series UID. Voxels
must be Hounsfield units. Axes are put in the patient's order (z to the head, y to the back, x to
the left), because the files order them as they like.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int16
from numpy.typing import NDArray

from medical.ct.volume import CtVolume, SeriesSource
from medical.dicom.lung_coverage import lung_notes
from medical.dicom.padding import AIR_HU
from medical.dicom.quality import coverage_notes, sorted_notes, thickness_notes
from medical.dicom.stack import MAX_VOXELS
from medical.errors import InputError
from medical.geometry import VolumeGeometry

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mhd", ".mha")
MAX_GZIP_RATIO = 1100  # deflate cannot pack better than 1032 to 1
AIR_AT_MOST_HU = -300
SPACING_RANGE_MM = (0.01, 50.0)
META_FIELDS = {"ndims", "dimsize", "elementtype", "elementdatafile"}
PIXEL_FILE_FIELDS = ("elementdatafile", "data file", "datafile")
REMEDY = "Convert the original CT again, keeping Hounsfield units and the full header"
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])

Affine = NDArray[np.float64]


def is_volume_file(path: Path) -> bool:
    """Whether the name ends like a volume file."""
    return path.name.lower().endswith(SUFFIXES)


def volume_stem(path: Path) -> str:
    """The file's name without its ending: ``case1`` for ``case1.nii.gz``."""
    ending = next((end for end in SUFFIXES if path.name.lower().endswith(end)), "")
    return path.name[: len(path.name) - len(ending)] or "volume"


def read_volume_file(path: Path, *, series_instance_uid: str | None = None) -> CtVolume:
    """Read one volume file.

    Args:
        path: a file for which ``is_volume_file`` holds.
        series_instance_uid: the file's stem unless given.

    Raises:
        InputError: the file is damaged, too large, not one volume, or not in Hounsfield units.
    """
    try:
        nifti = path.name.lower().endswith((".nii", ".nii.gz"))
        values, affine = _read_nifti(path) if nifti else _read_with_sitk(path)
    except InputError:
        raise
    except Exception as problem:  # either library raises anything on damaged bytes
        reason = f"damaged, cut short or no such volume ({type(problem).__name__})"
        raise InputError(path, reason, REMEDY) from problem
    hu, affine = _patient_order(_to_hu(path, values), affine)
    geometry = _geometry(path, hu.shape, affine)
    z_mm = geometry.spacing_mm[0]
    notes = [
        *thickness_notes(None, z_mm),
        *coverage_notes(hu.shape[0], z_mm),
        *lung_notes(hu, geometry),
    ]
    source = SeriesSource(
        series_instance_uid=series_instance_uid or volume_stem(path),
        slice_numbers=tuple(range(1, hu.shape[0] + 1)),
    )
    return CtVolume(np.ascontiguousarray(hu), geometry, source, sorted_notes(notes))


def _read_nifti(path: Path) -> tuple[NDArray[Any], Affine]:
    """Array ``[x, y, z]`` in HU and its affine to LPS; nibabel applies slope and intercept."""
    import nibabel
    from nibabel.imageglobals import logger

    logger.disabled = True  # its remarks on odd headers go to standard error
    image = nibabel.load(path)
    dtype = image.get_data_dtype()
    if dtype.fields is not None or dtype.kind not in "iuf":
        raise InputError(path, "a colour or complex image, not CT", REMEDY)
    packed = path.suffix.lower() == ".gz"
    stored_bytes = path.stat().st_size - (0 if packed else int(image.dataobj.offset))
    _check_size(path, image.shape, dtype.itemsize, stored_bytes=stored_bytes, packed=packed)
    if image.header["qform_code"] == 0 and image.header["sform_code"] == 0:
        problem = "the header does not say where the volume lies (no qform, no sform)"
        raise InputError(path, problem, REMEDY)
    stored = np.asarray(image.dataobj.get_unscaled()).reshape(image.shape[:3])
    slope, intercept = image.dataobj.slope, image.dataobj.inter
    if (slope, intercept) == (1, 0):
        return stored, RAS_TO_LPS @ image.affine
    hu = np.empty(stored.shape, dtype=np.int16, order="F")
    for z in range(stored.shape[2]):  # slice by slice: the whole as floats takes eight times more
        hu[..., z] = _as_int16(stored[..., z] * np.float64(slope) + np.float64(intercept))
    return hu, RAS_TO_LPS @ image.affine


def _read_with_sitk(path: Path) -> tuple[NDArray[Any], Affine]:
    """Array ``[x, y, z]`` and its affine to LPS, by SimpleITK."""
    import SimpleITK as sitk  # noqa: N813

    stored_bytes, packed = _check_pixel_file(path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    if reader.GetNumberOfComponents() != 1:
        raise InputError(path, "a colour or vector image, not CT", REMEDY)
    itemsize = sitk.GetArrayViewFromImage(sitk.Image([1, 1], reader.GetPixelID())).itemsize
    _check_size(path, reader.GetSize(), itemsize, stored_bytes=stored_bytes, packed=packed)
    image = reader.Execute()
    if image.GetDimension() == 4:
        image = image[..., 0]
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image).T, affine


def _check_pixel_file(path: Path) -> tuple[int, bool]:
    """How many bytes of pixels an NRRD or MetaImage header has, and whether they are packed.

    Refuses a header that names pixels elsewhere: it could make us read any file as an image.
    """
    fields, header_bytes = _header_fields(path)
    if path.suffix.lower() in (".mhd", ".mha") and not fields.keys() >= META_FIELDS:
        raise InputError(path, "the header is damaged or incomplete", REMEDY)
    packed = (
        fields.get("compresseddata", "").lower() == "true"
        or fields.get("encoding", "raw").lower() != "raw"
    )
    target = next((fields[key] for key in PIXEL_FILE_FIELDS if key in fields), "LOCAL")
    if target.upper() == "LOCAL":
        return path.stat().st_size - header_bytes, packed
    if target.upper().startswith("LIST") or "%" in target:
        raise InputError(path, "pixels spread over several files", "Save as one volume file")
    if Path(target).is_absolute() or ".." in Path(target).parts:
        raise InputError(path, "its header names pixels outside of its folder", REMEDY)
    if not (path.parent / target).is_file():
        name = Path(target).name
        problem = f"its pixel file {name} is missing"
        raise InputError(path, problem, REMEDY, names=(name,))
    return (path.parent / target).stat().st_size, packed


def _header_fields(path: Path) -> tuple[dict[str, str], int]:
    """``key = value`` or ``key: value`` lines at the file's start, keys in lower case.

    Returns:
        The fields, and how many bytes the header takes.
    """
    fields: dict[str, str] = {}
    length = 0
    with path.open("rb") as stream:
        for line in stream.read(1 << 16).splitlines(keepends=True):
            length += len(line)
            key, _, value = line.decode("latin-1").replace("=", ":", 1).partition(":")
            if value:
                fields.setdefault(key.strip().lower(), value.strip())
            if key.strip() in ("", "ElementDataFile"):  # the ends of NRRD's and MetaImage's headers
                break
    return fields, length


def _check_size(
    path: Path, shape: tuple[int, ...], itemsize: int, *, stored_bytes: int, packed: bool
) -> None:
    """One 3D volume, of a size that memory and the file can hold; before any allocation."""
    size = " x ".join(map(str, shape))
    if len(shape) < 3 or any(count != 1 for count in shape[3:]) or min(shape) < 1:
        raise InputError(path, f"not one 3D volume but {size}", "Save one time point as one volume")
    if min(shape[:3]) < 2:
        raise InputError(path, "only a single slice", "Give the whole volume")
    voxels = math.prod(int(count) for count in shape)
    if voxels > MAX_VOXELS:
        problem = f"a volume of {size} voxels is too large to read"
        raise InputError(path, problem, "Give one chest CT of at most 1024 x 1024 x 600")
    if voxels * itemsize > stored_bytes * (MAX_GZIP_RATIO if packed else 1):
        raise InputError(path, "the file is cut short: voxels are missing", REMEDY)


def _as_int16(values: NDArray[Any]) -> NDArray[np.int16]:
    if values.dtype.kind == "f":
        values = np.rint(np.nan_to_num(values, nan=AIR_HU, posinf=AIR_HU, neginf=AIR_HU))
    return np.asarray(np.clip(values, AIR_HU, np.iinfo(np.int16).max), dtype=np.int16)


def _to_hu(path: Path, values: NDArray[Any]) -> Int16[np.ndarray, "x y z"]:
    """Check that these can be Hounsfield units, then make air what lies below -1024."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    low, high = (finite.min(), finite.max()) if finite.size else (0, 0)
    if low > AIR_AT_MOST_HU:
        problem = f"values run from {low:g} to {high:g}, which are not Hounsfield units of a chest"
        raise InputError(path, problem, REMEDY)
    if values.dtype == np.int16 and low >= AIR_HU:
        return values
    hu = np.empty(values.shape, dtype=np.int16, order="F")
    for z in range(values.shape[2]):
        hu[..., z] = _as_int16(values[..., z])
    return hu


def _patient_order(
    values: Int16[np.ndarray, "x y z"], affine: Affine
) -> tuple[Int16[np.ndarray, "z y x"], Affine]:
    """Transpose and flip so that the axes run closest to z, y, x of the patient."""
    columns = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    free = [0, 1, 2]
    order = []
    for patient_axis in (2, 1, 0):  # z first: slices matter most
        best = max(free, key=lambda axis: abs(columns[patient_axis, axis]))
        free.remove(best)
        order.append(best)
    turned = values.transpose(order)
    result = affine[:, [*order, 3]].copy()
    for axis, patient_axis in enumerate((2, 1, 0)):
        if result[patient_axis, axis] < 0:
            result[:, 3] += result[:, axis] * (turned.shape[axis] - 1)
            result[:, axis] *= -1
            turned = np.flip(turned, axis)
    return turned, result


def _geometry(path: Path, shape: tuple[int, ...], affine: Affine) -> VolumeGeometry:
    low, high = SPACING_RANGE_MM
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or not ((spacing >= low) & (spacing <= high)).all():
        raise InputError(path, f"impossible voxel size {np.round(spacing, 4).tolist()} mm", REMEDY)
    try:
        z, y, x = shape
        return VolumeGeometry((z, y, x), affine)
    except ValueError as problem:
        raise InputError(path, "its axes do not span a volume", REMEDY) from problem
