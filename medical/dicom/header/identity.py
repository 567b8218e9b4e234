"""Who is on the images and how they were made, for the readers of a site's own store.

Nothing of it goes into results, logs, addresses or names of files: the store alone keeps it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pydicom
from pydantic import BaseModel, ConfigDict
from pydicom.dataset import Dataset

from medical.dicom.header import tags
from medical.plain_text import one_line

if TYPE_CHECKING:
    from medical.dicom.stacking.series import CtSeries

Identify = Literal["", "scanner", "patient"]
"""What is read: nothing, how the images were made, who is on them too."""
PERSONAL = ("name", "patient_id", "birth_date", "age", "sex", "study_date", "study", "series")
"""Fields that tell of the patient; the others tell of the scanner."""
_WANTED = [
    *("PatientName", "PatientID", "PatientBirthDate", "PatientAge", "PatientSex"),
    *("StudyDate", "StudyDescription", "SeriesDescription"),
    *("Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "SliceThickness"),
]
_DAY_DIGITS = 8
_MOST_HEADERS = 5000


class Identity(BaseModel):
    """What a header says of one series; empty where it says nothing.

    Args:
        name: Patient's Name, its parts parted by spaces.
        patient_id: Patient ID.
        birth_date: ``YYYY-MM-DD``, or as it is written.
        age: Patient's Age, as it is written.
        sex: Patient's Sex.
        study_date: ``YYYY-MM-DD``, or as it is written.
        study: Study Description.
        series: Series Description.
        scanner: maker and model.
        kernel: Convolution Kernel.
        slice_thickness_mm: Slice Thickness.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    age: str = ""
    sex: str = ""
    study_date: str = ""
    study: str = ""
    series: str = ""
    scanner: str = ""
    kernel: str = ""
    slice_thickness_mm: float | None = None

    def impersonal(self) -> Identity:
        """Return what tells of the scanner alone."""
        return self.model_copy(update=dict.fromkeys(PERSONAL, ""))


def identity_if(wanted: Identify, origin: CtSeries | Path) -> Identity | None:
    """Read a series' first header; a volume file says nothing.

    Args:
        wanted: what of it.
        origin: what its pixels are read from.

    Returns:
        ``None`` where nothing is wanted, or the file went away meanwhile.
    """
    if not wanted or isinstance(origin, Path):
        return None
    try:
        with tags.quiet_pydicom():
            header = pydicom.dcmread(
                origin.frames[0].path, stop_before_pixels=True, force=True, specific_tags=_WANTED
            )
            identity = identity_of(header)
    except OSError:
        return None
    return identity if wanted == "patient" else identity.impersonal()


def find_identity(wanted: Identify, source: Path, series_instance_uid: str) -> Identity | None:
    """Read a series' identity from the input that it came from: the first header that is of it.

    Args:
        wanted: what of it.
        source: a DICOM file, or a folder with some at any depth.
        series_instance_uid: of the series.

    Returns:
        ``None`` where nothing is wanted, or no header of this series is there.
    """
    if not wanted:
        return None
    files = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    for file in files[:_MOST_HEADERS]:
        try:
            with tags.quiet_pydicom():
                header = pydicom.dcmread(
                    file,
                    stop_before_pixels=True,
                    specific_tags=[*_WANTED, "SeriesInstanceUID"],
                )
                if tags.text(header, "SeriesInstanceUID") == series_instance_uid:
                    identity = identity_of(header)
                    return identity if wanted == "patient" else identity.impersonal()
        except Exception:
            continue
    return None


def identity_of(header: Dataset) -> Identity:
    """Of one file's header."""

    def line(keyword: str) -> str:
        return one_line(tags.text(header, keyword))

    name = " ".join(line("PatientName").replace("^", " ").replace("=", " ").split())
    scanner = dict.fromkeys((line("Manufacturer"), line("ManufacturerModelName")))
    return Identity(
        name=name,
        patient_id=line("PatientID"),
        birth_date=_day(line("PatientBirthDate")),
        age=line("PatientAge").lstrip("0"),
        sex=line("PatientSex"),
        study_date=_day(line("StudyDate")),
        study=line("StudyDescription"),
        series=line("SeriesDescription"),
        scanner=" ".join(word for word in scanner if word),
        kernel=line("ConvolutionKernel"),
        slice_thickness_mm=tags.number(header, "SliceThickness"),
    )


def _day(text: str) -> str:
    plain = text.isdecimal() and len(text) == _DAY_DIGITS
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if plain else text
