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

import pydicom

from medical.dicom import tags

_WANTED = [
    "PatientID",
    "IssuerOfPatientID",
    "AcquisitionDate",
    "AcquisitionDateTime",
    "SeriesDate",
    "StudyDate",
]
_DATES = ("AcquisitionDate", "AcquisitionDateTime", "SeriesDate", "StudyDate")


@dataclass(frozen=True, slots=True)
class Sitting:
    """One visit to the scanner.

    Args:
        patient: pseudonym, hexadecimal; empty when the header carries no patient ID.
        day: ``YYYY-MM-DD``; empty when the header carries no date.
    """

    patient: str = ""
    day: str = ""


def sitting_of(file: Path, *, secret: bytes) -> Sitting:
    """Read one DICOM file's header.

    Args:
        file: any file of the series.
        secret: the site's own; the same patient has the same pseudonym under it.

    Returns:
        An empty sitting where the file is not DICOM or cannot be read.
    """
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(_WANTED))
    except Exception:  # pydicom raises nearly anything on damaged files
        return Sitting()
    return Sitting(_pseudonym(header, secret), _day(header))


def _pseudonym(header: pydicom.Dataset, secret: bytes) -> str:
    number = tags.text(header, "PatientID").strip()
    if not number:
        return ""
    said = f"{tags.text(header, 'IssuerOfPatientID').strip()}\n{number}"
    return hmac.new(secret, said.encode(), hashlib.sha256).hexdigest()[:32]


def _day(header: pydicom.Dataset) -> str:
    for name in _DATES:
        digits = tags.text(header, name)[:8]
        if len(digits) == 8 and digits.isdigit():
            try:
                return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
            except ValueError:
                continue
    return ""
