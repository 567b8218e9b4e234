"""Which patient a CT shows, as a key that does not name them: splits are by patient.

Two CTs of one person in training and evaluation would flatter the model.
"""

from __future__ import annotations

import hashlib

import pydicom

from medical.dicom.header.tags import quiet_pydicom, text
from medical.dicom.stacking.series import CtSeries
from medical.io.series_handle import SeriesHandle


def patient_of(handle: SeriesHandle) -> str:
    """Digest the Patient ID and its issuer, or the best stand-in.

    Without a Patient ID the study stands for the patient, without a study (volume files) the file.
    """
    named = _patient_id(handle.origin) if isinstance(handle.origin, CtSeries) else ""
    key = named or handle.study_instance_uid or handle.series_instance_uid
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _patient_id(series: CtSeries) -> str:
    """``issuer|id`` of the first slice whose header can be read; empty without an ID."""
    for frame in series.frames:
        with quiet_pydicom():
            try:
                header = pydicom.dcmread(
                    frame.path,
                    stop_before_pixels=True,
                    force=True,
                    specific_tags=["PatientID", "IssuerOfPatientID"],
                )
            except Exception:  # pydicom raises nearly anything on damaged headers
                continue
            patient = text(header, "PatientID")
            return f"{text(header, 'IssuerOfPatientID')}|{patient}" if patient else ""
    return ""
