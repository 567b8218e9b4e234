"""CT volumes in research formats: NIfTI, NRRD and MetaImage (.mhd with its .raw, .mha).

These files carry no patient, study or scanner; the file's stem stands for the series UID. Voxels
must be Hounsfield units. Axes are put in the patient's order (z to the head, y to the back, x to
the left), because the files order them as they like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int16, Shaped
from numpy.typing import NDArray

from medical.ct.lung_coverage import lung_notes
from medical.ct.quality import coverage_notes, sorted_notes, thickness_notes
from medical.ct.volume import CtVolume, SeriesSource
from medical.dicom.header.padding import AIR_HU, clear_surround
from medical.errors import InputError
from medical.geometry import VolumeGeometry
from medical.i18n.messages import message
from medical.io.header_text import REMEDY
from medical.io.meta_image import read_meta_image_header
from medical.io.nifti import read_nifti_header
from medical.io.nrrd import read_nrrd_header
from medical.io.pixels import Affine, Stored, check_shape, read_planes
from medical.plain_text import one_line

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mhd", ".mha")
MAX_AIR_HU = -300
SPACING_RANGE_MM = (0.01, 50.0)


def is_volume_file(path: Path) -> bool:
    """Whether the name ends like a volume file."""
    return path.name.lower().endswith(SUFFIXES)


def volume_stem(path: Path) -> str:
    """Return the file's name without its ending: ``case1`` for ``case1.nii.gz``.

    It names a series in tables and folders, so no spreadsheet may take it for a formula, nor a
    system for another folder.
    """
    ending = next((end for end in SUFFIXES if path.name.lower().endswith(end)), "")
    stem = one_line(path.name[: len(path.name) - len(ending)]).replace("\\", "_")
    return re.sub(r"^[=+\-@＝＋－＠.]+", "_", stem) or "volume"


def read_volume_file(path: Path, *, series_instance_uid: str | None = None) -> CtVolume:
    """Read one volume file.

    Args:
        path: a file for which ``is_volume_file`` holds.
        series_instance_uid: the file's stem unless given.

    Raises:
        InputError: the file is damaged, too large, not one volume, or not in Hounsfield units.
    """
    with _one_sentence(path):
        stored = _header(path)
        hu, affine = _patient_order(_read_hu(stored), stored.affine)
    hu = clear_surround(hu)
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


def files_of_volume(path: Path) -> tuple[Path, ...]:
    """List a volume file and, for a detached header, the file with the voxels that it names.

    Raises:
        InputError: the header is damaged, or names what it may not.
    """
    with _one_sentence(path):
        stored = _header(path)
    return (path, path.parent.joinpath(*stored.parts)) if stored.parts else (path,)


def read_mask_file(path: Path) -> tuple[Shaped[np.ndarray, "z y x"], VolumeGeometry]:
    """Read a mask as its CT is read, so that both lie where the same header says.

    Args:
        path: a file for which ``is_volume_file`` holds.

    Returns:
        Its values, in the file's own type where it has no slope, and where they lie.

    Raises:
        InputError: the file is damaged, too large or not one volume.
    """
    with _one_sentence(path):
        stored = _header(path)
        scaled = (stored.slope, stored.intercept) != (1, 0)
        dtype = np.dtype(np.float64) if scaled else stored.dtype.newbyteorder("=")
        values = np.empty(stored.shape[:3], dtype=dtype, order="F")
        for z, plane in enumerate(read_planes(stored)):
            values[..., z] = plane * stored.slope + stored.intercept if scaled else plane
        ordered, affine = _patient_order(values, stored.affine)
    return np.ascontiguousarray(ordered), _geometry(path, ordered.shape, affine)


@contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    """Whatever damaged bytes raise becomes an ``InputError``."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except OSError as problem:
        if problem.errno is not None:  # the disk's fault; what unpacks raises it without a number
            raise
        raise _damaged(path, problem) from problem
    except Exception as problem:  # the libraries raise anything on damaged bytes
        raise _damaged(path, problem) from problem


def _damaged(path: Path, problem: Exception) -> InputError:
    reason = f"damaged, cut short or no such volume ({type(problem).__name__})"
    return InputError(path, reason, REMEDY)


def _header(path: Path) -> Stored:
    """Read the header, of a size that is checked before anything is allocated for it."""
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        stored = read_nifti_header(path)
    elif name.endswith((".nrrd", ".nhdr")):
        stored = read_nrrd_header(path)
    else:
        stored = read_meta_image_header(path)
    check_shape(path, stored.shape)
    return stored


def _read_hu(stored: Stored) -> Int16[np.ndarray, "x y z"]:
    """Check that the values can be Hounsfield units, and make air what lies below -1024."""
    hu = np.empty(stored.shape[:3], dtype=np.int16, order="F")
    lowest, highest = np.inf, -np.inf
    for z, plane in enumerate(read_planes(stored)):
        values = plane
        if (stored.slope, stored.intercept) != (1, 0):
            values = plane * np.float64(stored.slope) + np.float64(stored.intercept)
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        if finite.size:
            lowest, highest = min(lowest, finite.min()), max(highest, finite.max())
        hu[..., z] = _as_int16(values)
    if not lowest <= MAX_AIR_HU:
        low, high = (lowest, highest) if lowest <= highest else (0, 0)
        problem = message(
            "values run from {low:g} to {high:g}, which are not Hounsfield units of a chest",
            low=low,
            high=high,
        )
        raise InputError(stored.header, problem, REMEDY)
    return hu


def _as_int16(values: NDArray[Any]) -> NDArray[np.int16]:
    if values.dtype.kind == "f":
        values = np.rint(np.nan_to_num(values, nan=AIR_HU, posinf=AIR_HU, neginf=AIR_HU))
    return np.asarray(np.clip(values, AIR_HU, np.iinfo(np.int16).max), dtype=np.int16)


def _patient_order(values: NDArray[Any], affine: Affine) -> tuple[NDArray[Any], Affine]:
    """Transpose and flip so that the axes run closest to z, y, x of the patient."""
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    columns = affine[:3, :3] / np.where(lengths > 0, lengths, 1)  # zero is refused with its size
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
        raise InputError(
            path,
            message("impossible voxel size {spacing} mm", spacing=np.round(spacing, 4).tolist()),
            REMEDY,
        )
    try:
        z, y, x = shape
        return VolumeGeometry((z, y, x), affine)
    except ValueError as problem:
        raise InputError(path, message("its axes do not span a volume"), REMEDY) from problem
