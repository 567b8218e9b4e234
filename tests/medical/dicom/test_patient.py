"""Whose image a file is: two people kept apart, one patient's examinations brought together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from medical.dicom.header.patient import (
    Person,
    ScannedExamination,
    examination_of,
    person_of,
    tell_apart,
)
from medical.geometry import VolumeGeometry
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.medical.dicom.make import ROOT, codes, expected, series, take

SECRET = b"site"


def elsewhere(ds: Dataset, index: int) -> None:
    """Half a slice beside, other objects: as a second patient's slices lie."""
    ds.SOPInstanceUID = f"{ROOT}77.{index + 1}"
    ds.ImagePositionPatient = [-10.0, -20.0, -50.0 + 1.5 * index + 0.6]


OTHERS = (
    {"PatientID": "ID-4712"},
    {"PatientName": "Other^Person"},
    {"PatientBirthDate": "19600101"},
    {"PatientID": "ID-4712", "PatientName": "Other^Person", "StudyInstanceUID": f"{ROOT}101"},
)


@pytest.mark.parametrize("other", OTHERS)
def test_two_people_under_one_series_uid_are_two_series(
    tmp_path: Path, other: dict[str, str]
) -> None:
    series(tmp_path / "in" / "a")
    series(tmp_path / "in" / "b", change=elsewhere, **other)
    intake = take(tmp_path / "in", tmp_path)
    assert len(intake.chosen) == 2
    assert len({handle.series_instance_uid for handle in intake.chosen}) == 2
    for handle in intake.chosen:
        volume = handle.load()
        np.testing.assert_array_equal(volume.hu, expected(8))
        assert "shared_uid" in codes(volume)


def test_files_of_two_people_mixed_in_one_folder(tmp_path: Path) -> None:
    for index in range(8):
        series(tmp_path / "in", slices=index + 1, skip=range(index))
    for path in sorted((tmp_path / "in").iterdir()):
        path.rename(path.with_name(f"{path.stem}-a.dcm"))
    series(tmp_path / "in", change=elsewhere, PatientID="ID-4712")
    assert [len(series.load().hu) for series in take(tmp_path / "in", tmp_path).chosen] == [8, 8]


def test_one_series_uid_in_two_studies_is_two_series(tmp_path: Path) -> None:
    series(tmp_path / "in" / "a")
    series(tmp_path / "in" / "b", change=elsewhere, StudyInstanceUID=f"{ROOT}101")
    assert [len(series.load().hu) for series in take(tmp_path / "in", tmp_path).chosen] == [8, 8]


def test_two_people_under_one_study_uid_are_both_chosen(tmp_path: Path) -> None:
    series(tmp_path / "in" / "a", number=1)
    series(tmp_path / "in" / "b", number=2, PatientID="ID-4712", SliceThickness=5)
    intake = take(tmp_path / "in", tmp_path)
    assert (len(intake.chosen), intake.not_chosen) == (2, ())


def test_a_header_that_says_nothing_joins_the_only_person(tmp_path: Path) -> None:
    def forget(ds: Dataset, index: int) -> None:
        if index % 2:
            ds.PatientID = ds.PatientName = ds.PatientBirthDate = ""

    intake = take(series(tmp_path / "in", change=forget), tmp_path)
    np.testing.assert_array_equal(intake.chosen[0].load().hu, expected(8))


def test_a_study_uid_of_its_own_for_each_file_tears_no_series_apart(tmp_path: Path) -> None:
    def scatter(ds: Dataset, index: int) -> None:
        ds.StudyInstanceUID = f"{ROOT}9.{index}"

    intake = take(series(tmp_path / "in", change=scatter), tmp_path)
    np.testing.assert_array_equal(intake.chosen[0].load().hu, expected(8))


def test_the_writing_of_a_name_does_not_count() -> None:
    first, second = Dataset(), Dataset()
    first.PatientName, second.PatientName = "Secret^Person", "SECRET  Person"
    assert person_of(first) == person_of(second)


def test_nothing_of_the_patient_is_readable() -> None:
    header = Dataset()
    header.PatientName, header.PatientID = "Secret^Person", "ID-4711"
    text = repr(person_of(header)).lower()
    assert "secret" not in text
    assert "4711" not in text


def test_who_may_be_either_is_neither() -> None:
    anna, bo, nobody = Person(number="a"), Person(number="b"), Person()
    assert len(set(tell_apart([anna, bo, nobody]).values())) == 3


def slice_of(folder: Path, *, number: str = "P-17", date: str = "20240229") -> Path:
    labels = CtLabels(str(folder), "Sample^Person", number, "made for a test", date=date)
    geometry = VolumeGeometry.axial(shape=(1, 16, 16), spacing_mm=(1.0, 1.0, 1.0))
    (file,) = write_ct_series(np.zeros((1, 16, 16), np.int16), geometry, folder, labels=labels)
    return file


def test_day_and_pseudonym(tmp_path: Path) -> None:
    examination = examination_of(slice_of(tmp_path), secret=SECRET)
    assert examination.day == "2024-02-29"
    assert "17" not in examination.patient or len(examination.patient) == 32


def test_the_same_patient_has_the_same_pseudonym(tmp_path: Path) -> None:
    first = examination_of(slice_of(tmp_path / "a"), secret=SECRET)
    two = examination_of(slice_of(tmp_path / "b", date="20250101"), secret=SECRET)
    other = examination_of(slice_of(tmp_path / "c", number="P-18"), secret=SECRET)
    assert first.patient == two.patient != other.patient


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
    assert examination_of(file, secret=SECRET) == ScannedExamination(words="made for a test")


def test_request_and_history_are_one_line_of_bounded_length(tmp_path: Path) -> None:
    file = slice_of(tmp_path)
    header = pydicom.dcmread(file)
    header.ReasonForTheRequestedProcedure = "nodule\nof the lung"
    header.AdditionalPatientHistory = "made for a test"
    header.save_as(file)
    examination = examination_of(file, secret=SECRET)
    assert examination.words == "made for a test. nodule of the lung"
    assert "nodule" not in repr(examination)
    header.AdditionalPatientHistory = "x" * 5000
    header.save_as(file)
    assert len(examination_of(file, secret=SECRET).words) == 1000


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


@pytest.mark.parametrize(
    ("name", "history", "words"),
    [
        ("Li^Hans", "Li, Hans (LI-77): nodule of the liver", ", ( ): nodule of the liver"),
        ("Wang^XiaoDong=王^小东", "王小东 结节, Wang", "结节,"),
    ],
)
def test_the_patient_is_not_named_in_the_words(
    tmp_path: Path, name: str, history: str, words: str
) -> None:
    file = slice_of(tmp_path)
    header = pydicom.dcmread(file)
    header.SpecificCharacterSet = "ISO_IR 192"
    header.PatientName, header.PatientID, header.StudyDescription = name, "LI-77", ""
    header.AdditionalPatientHistory = history
    header.save_as(file)
    assert examination_of(file, secret=SECRET).words == words
