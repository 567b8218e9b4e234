"""When a series was acquired, and a pseudonym by which two CTs of one patient find each other.

The pseudonym is a keyed hash: without the site's own secret nobody can tell from it, or by trying
numbers, who the patient is.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pydicom

from medical.dicom.header import tags

if TYPE_CHECKING:
    from medical.dicom.stacking.series import CtSeries

_WANTED = [
    "PatientID",
    "IssuerOfPatientID",
    "AcquisitionDate",
    "AcquisitionDateTime",
    "SeriesDate",
    "StudyDate",
    "PatientAge",
    "PatientBirthDate",
    "PatientSex",
]
_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_OLDEST = 120
_DATES = ("AcquisitionDate", "AcquisitionDateTime", "SeriesDate", "StudyDate")


@dataclass(frozen=True, slots=True)
class ScannedExamination:
    """One visit to the scanner.

    Args:
        patient: pseudonym, hexadecimal; empty when the header carries no patient ID.
        day: ``YYYY-MM-DD``; empty when the header carries no date.
        age_years: on that day; ``None`` when the header does not say it.
        sex: ``None`` when the header says neither female nor male.
    """

    patient: str = ""
    day: str = ""
    age_years: float | None = None
    sex: Literal["F", "M"] | None = None


def examination_of(file: Path, *, secret: bytes) -> ScannedExamination:
    """Read one DICOM file's header.

    Args:
        file: any file of the series.
        secret: the site's own; the same patient has the same pseudonym under it.

    Returns:
        An empty examination where the file is not DICOM or cannot be read.
    """
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(_WANTED))
    except Exception:  # pydicom raises nearly anything on damaged files
        return ScannedExamination()
    day = _day(header)
    return ScannedExamination(
        _pseudonym(header, secret), day, _age_years(header, day), _sex(header)
    )


def examination_of_series(origin: CtSeries | Path, *, secret: bytes) -> ScannedExamination:
    """Read it from a series' first file; a volume file says neither who nor when."""
    if isinstance(origin, Path):
        return ScannedExamination()
    return examination_of(origin.frames[0].path, secret=secret)


def _age_years(header: pydicom.Dataset, day: str) -> float | None:
    """By Patient's Age, else whole years from the date of birth, which is not kept."""
    text = tags.text(header, "PatientAge").strip().upper()
    if len(text) == 4 and text[:3].isdigit() and text[3] in _YEARS:
        return round(int(text[:3]) * _YEARS[text[3]], 1)
    try:
        born = date.fromisoformat(tags.text(header, "PatientBirthDate").strip())
        then = date.fromisoformat(day)
    except ValueError:
        return None
    years = then.year - born.year - ((then.month, then.day) < (born.month, born.day))
    return float(years) if 0 <= years <= _OLDEST else None


def _sex(header: pydicom.Dataset) -> Literal["F", "M"] | None:
    match tags.text(header, "PatientSex").strip().upper():
        case "F":
            return "F"
        case "M":
            return "M"
    return None


def _pseudonym(header: pydicom.Dataset, secret: bytes) -> str:
    number = tags.text(header, "PatientID").strip()
    if not number:
        return ""
    identity = f"{tags.text(header, 'IssuerOfPatientID').strip()}\n{number}"
    return hmac.new(secret, identity.encode(), hashlib.sha256).hexdigest()[:32]


def _day(header: pydicom.Dataset) -> str:
    for name in _DATES:
        digits = tags.text(header, name)[:8]
        if len(digits) == 8 and digits.isdigit():
            try:
                return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
            except ValueError:
                continue
    return ""
