"""The images of a scored series in the form that the viewer loads, and what is known of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from medical.ct.volume import CtVolume
from medical.dicom.header.patient import ScannedExamination
from medical.files import write_atomic
from medical.io.nifti import write_nifti
from medical.nodule.guidelines.assessment import Demographics

_PLACE_DECIMALS = 3  # of millimetres: a header that was written anew may round


class ViewerImages(BaseModel):
    """What the page must know of a volume without opening it.

    Args:
        z_from_lps: voxel z of an LPS point: three factors and an offset.
        slice_numbers: the number that viewers show for each slice along z.
        sop_instance_uids: one for each slice along z, where the slices are DICOM objects.
        acquired_on: day of the CT, ``YYYY-MM-DD``; empty when it is not known.
        patient: pseudonym, see `medical.dicom.header.patient`; empty when the patient is not
            known.
        header: age and sex by the header, for the guidelines.
        words: study description, request and history by the header.
    """

    z_from_lps: tuple[float, float, float, float]
    slice_numbers: list[int]
    sop_instance_uids: list[str | None] = []
    acquired_on: str = ""
    patient: str = ""
    header: Demographics = Demographics()
    words: str = ""


def images_digest(volume: CtVolume) -> str:
    """Return a digest of what a CT shows: pixels, place in the patient, and instances' UIDs.

    It is the same however the instances are packed (transfer syntax, file names, a zip), as long as
    no pixel is lost.
    """
    made = hashlib.sha256()
    place = np.round(volume.geometry.affine_lps_mm, _PLACE_DECIMALS) + 0.0  # no negative zeros
    record = [volume.hu.shape, place.tolist(), volume.source.sop_instance_uids]
    made.update(json.dumps(record).encode())
    made.update(np.ascontiguousarray(volume.hu).data)
    return made.hexdigest()


def header_of(images: ViewerImages | None) -> Demographics:
    """Return age and sex by the images' header; unknown without images."""
    return images.header if images is not None else Demographics()


def write(
    volume: CtVolume, file: Path, sheet: Path, *, examination: ScannedExamination | None = None
) -> None:
    """Write a volume and its sheet.

    Args:
        volume: the CT.
        file: of the compressed volume; its folder is made where it is missing.
        sheet: of what the page must know.
        examination: whose and of which day, where that is known.
    """
    examination = examination or ScannedExamination()
    inverse = np.linalg.inv(volume.geometry.affine_lps_mm)
    a, b, c, d = (float(v) for v in inverse[0])
    numbers = volume.source.slice_numbers or range(1, volume.hu.shape[0] + 1)
    known = ViewerImages(
        z_from_lps=(a, b, c, d),
        slice_numbers=list(numbers),
        sop_instance_uids=list(volume.source.sop_instance_uids),
        acquired_on=examination.day,
        patient=examination.patient,
        header=Demographics(age_years=examination.age_years, sex=examination.sex),
        words=examination.words,
    )
    write_nifti(volume.hu, volume.geometry, file)
    write_atomic(sheet, known.model_dump_json())


def load(file: Path, sheet: ViewerImages, *, series_uid: str) -> CtVolume:
    """Read a volume that ``write`` wrote.

    Raises:
        InputError: it is damaged.
    """
    from medical.io.volume_files import read_volume_file

    volume = read_volume_file(file, series_instance_uid=series_uid)
    source = replace(
        volume.source,
        slice_numbers=tuple(sheet.slice_numbers),
        sop_instance_uids=tuple(sheet.sop_instance_uids),
    )
    return replace(volume, source=source)
