"""The images of a scored series, kept beside its result in the form that the viewer loads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel

from app.web.nifti import write_nifti
from app.web.results import read_findings
from medical.ct.volume import CtVolume
from medical.detection.findings import SeriesFindings
from medical.dicom.sitting import Sitting, sitting_of
from medical.errors import InputError
from medical.nodule.assessment import Demographics
from medical.results import viewer_files

if TYPE_CHECKING:
    from medical.series_handle import SeriesHandle


class ViewerImages(BaseModel):
    """What the page must know of a volume without opening it.

    Args:
        z_from_lps: voxel z of an LPS point: three factors and an offset.
        slice_numbers: the number that viewers show for each slice along z.
        sop_instance_uids: one for each slice along z, where the slices are DICOM objects.
        acquired_on: day of the CT, ``YYYY-MM-DD``; empty when it is not known.
        patient: pseudonym, see `medical.dicom.sitting`; empty when the patient is not known.
        header: age and sex by the header, for the guidelines.
    """

    z_from_lps: tuple[float, float, float, float]
    slice_numbers: list[int]
    sop_instance_uids: list[str | None] = []
    acquired_on: str = ""
    patient: str = ""
    header: Demographics = Demographics()


def images_file(series_folder: Path) -> Path:
    """Return the compressed volume beside a result; it need not exist."""
    return viewer_files(series_folder)[0]


def _sheet(series_folder: Path) -> Path:
    return viewer_files(series_folder)[1]


def write_images(volume: CtVolume, series_folder: Path, *, sitting: Sitting | None = None) -> None:
    """Keep ``volume`` for the viewer beside the result in ``series_folder``."""
    sitting = sitting or Sitting()
    inverse = np.linalg.inv(volume.geometry.affine_lps_mm)
    a, b, c, d = (float(v) for v in inverse[0])
    numbers = volume.source.slice_numbers or range(1, volume.hu.shape[0] + 1)
    sheet = ViewerImages(
        z_from_lps=(a, b, c, d),
        slice_numbers=list(numbers),
        sop_instance_uids=list(volume.source.sop_instance_uids),
        acquired_on=sitting.day,
        patient=sitting.patient,
        header=Demographics(age_years=sitting.age_years, sex=sitting.sex),
    )
    write_nifti(volume, images_file(series_folder))
    _sheet(series_folder).write_text(sheet.model_dump_json())


def read_images(series_folder: Path) -> ViewerImages | None:
    """Read what `write_images` kept; ``None`` when there is nothing."""
    if not (images_file(series_folder).is_file() and _sheet(series_folder).is_file()):
        return None
    return ViewerImages.model_validate_json(_sheet(series_folder).read_text())


def header_of(images: ViewerImages | None) -> Demographics:
    """Age and sex by the images' header; unknown without images."""
    return images.header if images is not None else Demographics()


def prepare_images(source: Path, series_folders: Iterable[Path], *, secret: bytes) -> None:
    """Keep the images of every scored series that ``source`` holds.

    Args:
        source: the input that was scored.
        series_folders: folders that hold a ``findings.json``.
        secret: of this site, see `app.web.patient_secret`.

    Raises:
        InputError: ``source`` cannot be opened any more.
    """
    from medical.intake import number_series, open_input

    missing = [folder for folder in series_folders if read_images(folder) is None]
    wanted = {folder: read_findings(folder) for folder in missing}
    if not wanted:
        return
    with tempfile.TemporaryDirectory() as work_dir:
        found = open_input(source, work_dir=Path(work_dir))
        # what a server scored goes by number where it has no UID, what a person scored by name
        for handle in (*found.chosen, *number_series(found).chosen):
            for folder in [place for place, scored in wanted.items() if _is_of(scored, handle)]:
                del wanted[folder]
                write_images(handle.load(), folder, sitting=_sitting(handle, secret))


def _is_of(scored: SeriesFindings, handle: SeriesHandle) -> bool:
    """Whether a result was made of these files; by the name where an older one does not say."""
    if scored.input is None:
        return scored.series_instance_uid == handle.series_instance_uid
    try:
        return scored.input.sha256 == handle.content().sha256
    except InputError:  # what lies beside it may be damaged
        return False


def _sitting(handle: SeriesHandle, secret: bytes) -> Sitting:
    if isinstance(handle.origin, Path):  # a volume file says neither who nor when
        return Sitting()
    return sitting_of(handle.origin.frames[0].path, secret=secret)


def load_images(series_folder: Path) -> CtVolume:
    """Load the volume that `write_images` kept, with its slices' numbers and UIDs.

    Raises:
        InputError: it is not there, or damaged.
    """
    from medical.ct.files import read_volume_file

    sheet = read_images(series_folder)
    if sheet is None:
        raise InputError("images", "are no longer here", "Score the study again")
    volume = read_volume_file(images_file(series_folder), series_instance_uid=series_folder.name)
    source = replace(
        volume.source,
        slice_numbers=tuple(sheet.slice_numbers),
        sop_instance_uids=tuple(sheet.sop_instance_uids),
    )
    return replace(volume, source=source)
