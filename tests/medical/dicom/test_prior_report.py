"""A report beside a CT is read if it is surely the same patient's, whatever else is in the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from medical.dicom.prior_report import report_words
from tests.medical.dicom.make import ROOT, save, series, take

BASIC, ENHANCED, MEASURES = (f"1.2.840.10008.5.1.4.1.1.88.{n}" for n in (11, 22, 34))
HISTORY = ("History", "121060", "Smoker, 40 pack-years. Secret Person was seen in May.")
FINDINGS = ("Findings", "121070", "Heart normal. A spiculated nodule of 12 mm in the left apex.")
IMPRESSION = ("Impression", "121073", "Suspicious nodule; biopsy advised. No effusion.")
WORDS = (
    "biopsy advised.",
    "Suspicious nodule;",
    "A spiculated nodule of 12 mm in the left apex.",
    "Smoker, 40 pack-years.",
)


def code(meaning: str, value: str = "1", scheme: str = "DCM") -> Dataset:
    item = Dataset()
    item.CodeMeaning, item.CodeValue, item.CodingSchemeDesignator = meaning, value, scheme
    return item


def container(meaning: str, value: str, children: Sequence[Dataset]) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "CONTAINER"
    item.ConceptNameCodeSequence = [code(meaning, value)]
    item.ContentSequence = list(children)
    return item


def text(words: str, *, relationship: str = "CONTAINS", name: str = "Text") -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.TextValue = relationship, "TEXT", words
    item.ConceptNameCodeSequence = [code(name)]
    return item


def report(
    *sections: tuple[str, str, str], sop_class: str = BASIC, title: str = "11528-7", **over: str
) -> Dataset:
    """A report as archives have them: a container a section, the words as text."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, f"{ROOT}9.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{ROOT}101", f"{ROOT}901"
    ds.Modality, ds.SpecificCharacterSet, ds.StudyDate = "SR", "ISO_IR 192", "20200101"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Secret^Person", "ID-4711", "19500101"
    ds.ValueType, ds.ConceptNameCodeSequence = "CONTAINER", [code("Report", title)]
    observer = text("Dr Watson dictated this.", relationship="HAS OBS CONTEXT")
    ds.ContentSequence = [
        observer,
        *(container(name, value, [text(words)]) for name, value, words in sections),
    ]
    for name, value in over.items():
        setattr(ds, name, value)
    return ds


def words_beside(tmp_path: Path, *reports: Dataset, **ct: str) -> str:
    """What is read beside a CT of 2021."""
    series(tmp_path / "in" / "ct", **{"StudyDate": "20210101", **ct})
    for number, dataset in enumerate(reports):
        save(dataset, tmp_path / "in" / "sr" / f"{number}.dcm")
    (handle,) = take(tmp_path / "in", tmp_path).chosen
    return handle.report_words(most=4000)


@pytest.mark.parametrize("sop_class", [BASIC, ENHANCED])
def test_what_says_most_of_the_nodule_comes_first_and_nobody_is_named(
    tmp_path: Path, sop_class: str
) -> None:
    words = words_beside(tmp_path, report(HISTORY, FINDINGS, IMPRESSION, sop_class=sop_class))
    assert words.startswith("Suspicious nodule; A spiculated nodule of 12 mm in the left apex.")
    assert all(part in words for part in WORDS)
    for named in ("Secret", "Person", "Watson", "4711"):
        assert named not in words


@pytest.mark.parametrize(
    "over",
    [
        {"PatientID": "ID-4712"},
        {"PatientID": ""},
        {"PatientName": "Other^Person"},
        {"PatientBirthDate": "19600101"},
        {"IssuerOfPatientID": "elsewhere"},
        {"StudyDate": "20220101"},  # later than the CT
        {"SOPClassUID": MEASURES},  # of a program
    ],
)
def test_another_patients_or_a_later_report_is_not_read(
    tmp_path: Path, over: dict[str, str]
) -> None:
    assert words_beside(tmp_path, report(IMPRESSION, **over), IssuerOfPatientID="here") == ""


def test_without_a_patient_number_nothing_is_read(tmp_path: Path) -> None:
    assert words_beside(tmp_path, report(IMPRESSION, PatientID=""), PatientID="") == ""


def test_a_programs_measurements_are_not_read(tmp_path: Path) -> None:
    assert words_beside(tmp_path, report(IMPRESSION, title="126000")) == ""


def test_of_many_reports_the_latest_that_are_no_later_than_the_ct_are_read(tmp_path: Path) -> None:
    def of_year(year: int) -> Dataset:
        words = f"Nodule seen in {year}."
        return report(("Impression", "121073", words), StudyDate=f"{year}0101")

    years = (*range(2001, 2021), *range(2022, 2040))  # the CT is of 2021
    words = words_beside(tmp_path, *(of_year(year) for year in years))
    assert words == " ".join(f"Nodule seen in {year}." for year in range(2020, 2012, -1))


def test_the_latest_comes_first(tmp_path: Path) -> None:
    old = report(("Impression", "121073", "Old nodule."), StudyDate="20190101")
    new = report(("Impression", "121073", "New nodule."), StudyDate="20201231")
    assert words_beside(tmp_path, old, new) == "New nodule. Old nodule."


def test_chinese_and_numbers_are_read(tmp_path: Path) -> None:
    size = Dataset()
    size.RelationshipType, size.ValueType = "CONTAINS", "NUM"
    size.ConceptNameCodeSequence = [code("Diameter of nodule")]
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "12", [code("mm", "mm", "UCUM")]
    size.MeasuredValueSequence = [measured]
    made = report(("诊断", "9", "左肺上叶毛刺状结节。心脏正常。"))
    made.ContentSequence.append(size)
    words = words_beside(tmp_path, made)
    assert words == "左肺上叶毛刺状结节。 Diameter of nodule: 12 mm. 心脏正常。"


def test_what_a_stranger_made_endless_is_cut(tmp_path: Path) -> None:
    deep = text("far below")
    for _ in range(60):
        deep = container("Findings", "121070", [deep])
    wide = [text(f"word{number}\0\x1b[31m\r\n") for number in range(5000)]
    made = report()
    made.ContentSequence = [deep, text("x" * 100_000), *wide]
    words = words_beside(tmp_path, made)
    assert "far below" not in words
    assert "word4999" not in words
    assert len(words) <= 4000
    assert words.isprintable()


def test_a_huge_or_damaged_file_is_passed_by(tmp_path: Path) -> None:
    made = report(IMPRESSION)
    good = save(made, tmp_path / "good.dcm")
    huge = save(report(("Impression", "121073", "x" * (5 << 20))), tmp_path / "huge.dcm")
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(good.read_bytes()[:-40])
    series(tmp_path / "ct", StudyDate="20210101")
    (first, *_) = sorted((tmp_path / "ct").iterdir())
    assert report_words([huge, tmp_path / "none.dcm"], ct=first, most=4000) == ""
    assert "Suspicious nodule" in report_words([cut, good], ct=first, most=4000)


@pytest.mark.parametrize("name", ["reportsi.dcm", "test-SR.dcm"])
def test_reports_of_other_programs_are_walked(tmp_path: Path, name: str) -> None:
    made = pydicom.dcmread(str(get_testdata_file(name)))
    for keyword, value in (("PatientID", "ID-4711"), ("PatientName", "Secret^Person")):
        setattr(made, keyword, value)
    made.PatientBirthDate, made.StudyDate = "19500101", "20200101"
    words = words_beside(tmp_path, made)
    assert ("A mass of" in words) if name == "test-SR.dcm" else (words == "Enter text")
