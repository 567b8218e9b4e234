from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from medical.dicom.header.examination import ScannedExamination, examination_of
from medical.geometry import VolumeGeometry
from medical.synthesis.write_ct import CtLabels, write_ct_series

SECRET = b"site"


def slice_of(folder: Path, *, number: str = "P-17", date: str = "20240229") -> Path:
    labels = CtLabels(str(folder), "Test^ScannedExamination", number, "made for a test", date=date)
    geometry = VolumeGeometry.axial(shape=(1, 16, 16), spacing_mm=(1.0, 1.0, 1.0))
    (file,) = write_ct_series(np.zeros((1, 16, 16), np.int16), geometry, folder, labels=labels)
    return file


def test_day_and_pseudonym(tmp_path: Path) -> None:
    found = examination_of(slice_of(tmp_path), secret=SECRET)
    assert found.day == "2024-02-29"
    assert "17" not in found.patient or len(found.patient) == 32


def test_the_same_patient_has_the_same_pseudonym(tmp_path: Path) -> None:
    one = examination_of(slice_of(tmp_path / "a"), secret=SECRET)
    two = examination_of(slice_of(tmp_path / "b", date="20250101"), secret=SECRET)
    other = examination_of(slice_of(tmp_path / "c", number="P-18"), secret=SECRET)
    assert one.patient == two.patient != other.patient


def test_another_site_cannot_tell(tmp_path: Path) -> None:
    file = slice_of(tmp_path)
    assert (
        examination_of(file, secret=SECRET).patient != examination_of(file, secret=b"other").patient
    )


def test_two_hospitals_may_use_the_same_number(tmp_path: Path) -> None:
    file = slice_of(tmp_path)
    before = examination_of(file, secret=SECRET)
    header = pydicom.dcmread(file)
    header.IssuerOfPatientID = "elsewhere"
    header.save_as(file)
    assert examination_of(file, secret=SECRET).patient != before.patient


def test_without_number_and_with_a_date_that_is_none(tmp_path: Path) -> None:
    file = slice_of(tmp_path)
    header = pydicom.dcmread(file)
    header.PatientID = ""
    for name in ("AcquisitionDate", "SeriesDate", "StudyDate"):
        setattr(header, name, "")
    header.save_as(file)
    assert examination_of(file, secret=SECRET) == ScannedExamination()


def test_what_is_not_dicom_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "ct.dcm").write_text("text")
    assert examination_of(tmp_path / "ct.dcm", secret=SECRET) == ScannedExamination()


@pytest.mark.parametrize(
    ("age", "born", "years"),
    [
        ("064Y", "", 64.0),
        ("018M", "", 1.5),
        ("", "19590301", 64.0),
        ("", "19590299", None),  # no such day
        ("sixty", "", None),
        ("", "", None),
        ("", "18000101", None),
    ],
)
def test_age_by_the_header(tmp_path: Path, age: str, born: str, years: float | None) -> None:
    file = slice_of(tmp_path)
    header = pydicom.dcmread(file)
    with pydicom.config.disable_value_validation():
        header.PatientAge, header.PatientBirthDate = age, born
        header.save_as(file)
    assert examination_of(file, secret=SECRET).age_years == years


@pytest.mark.parametrize(("given", "sex"), [("F", "F"), ("m", "M"), ("O", None), ("", None)])
def test_sex_by_the_header(tmp_path: Path, given: str, sex: str | None) -> None:
    file = slice_of(tmp_path)
    header = pydicom.dcmread(file)
    header.PatientSex = given
    header.save_as(file)
    assert examination_of(file, secret=SECRET).sex == sex
