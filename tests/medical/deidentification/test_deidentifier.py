"""Nothing of a patient is left, the same secret gives the same pseudonyms, objects stay whole."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from medical.deidentification.deidentifier import BurnedInError, Deidentifier, cleaned, shifted
from medical.deidentification.files import deidentify_files
from medical.deidentification.profile import DeidentificationOptions
from medical.intake import open_input
from tests.medical.deidentification.everything import (
    SECRET,
    SECRET_DATE,
    survivors,
    with_everything,
)
from tests.medical.node.conftest import NAME, write_study

KEY = b"sixteen bytes or more"
PLAIN = DeidentificationOptions(shift_dates=False, clean_descriptors=False)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("shift", [False, True])
def test_nothing_of_what_the_standard_names_is_left(nested: bool, shift: bool) -> None:
    whole = with_everything(nested=nested)
    assert len(survivors(whole)) > 400, "there must be something to take out"
    options = DeidentificationOptions(shift_dates=shift)
    assert survivors(Deidentifier(KEY, options).apply(whole)) == []


def test_the_object_given_stays_as_it_was() -> None:
    whole = with_everything()
    before = len(survivors(whole))
    Deidentifier(KEY).apply(whole)
    assert len(survivors(whole)) == before


def test_the_same_secret_gives_the_same_and_another_another() -> None:
    whole = with_everything()
    first, again = (Deidentifier(KEY).apply(whole) for _ in range(2))
    other = Deidentifier(KEY + b"!").apply(whole)
    assert first == again
    assert first.PatientID != other.PatientID
    assert first.StudyInstanceUID != other.StudyInstanceUID
    assert first.PatientID == first.PatientName


def test_the_time_between_examinations_is_kept() -> None:
    early, late = with_everything(), with_everything()
    late.StudyDate = "20200731"
    deidentifier = Deidentifier(KEY)
    days = [pydicom.valuerep.DA(deidentifier.apply(whole).StudyDate) for whole in (early, late)]
    assert (days[1] - days[0]).days == 366
    assert days[0] < pydicom.valuerep.DA(SECRET_DATE)


def test_patients_move_by_different_days() -> None:
    deidentifier = Deidentifier(KEY)
    shifts = {deidentifier.days(f"patient {number}") for number in range(50)}
    assert len(shifts) > 40
    assert min(shifts) >= 1


@pytest.mark.parametrize(
    ("value", "vr", "moved"),
    [
        ("20200301", "DA", "20200229"),
        ("20200301101112.5+0100", "DT", "20200229101112.5+0100"),
        ("101112.5", "TM", "101112.5"),
        ("31.12.1999", "DA", "19000101"),
        ("Smith", "TM", "000000"),
        ("20200301 Smith", "DT", "19000101000000"),
        ("20209999", "DA", "19000101"),
    ],
)
def test_dates_move_and_what_is_none_goes(value: str, vr: str, moved: str) -> None:
    assert shifted(value, vr, 1) == moved


def test_descriptions_keep_harmless_words() -> None:
    assert cleaned("Thorax 1.25mm B70f Dr. Meier") == "Thorax 1.25mm B70f"
    assert cleaned("CHEST^ROUTINE_Wang XiaoDong 19520317") == "CHEST ROUTINE"


def test_a_device_is_kept_where_it_is_asked_for() -> None:
    whole = with_everything()
    with_device = Deidentifier(KEY, DeidentificationOptions(retain_device=True)).apply(whole)
    assert with_device.DeviceSerialNumber == SECRET
    assert "DeviceUID" in with_device
    assert with_device.InstitutionName != SECRET
    assert [str(item.CodeValue) for item in with_device.DeidentificationMethodCodeSequence] == [
        *("113100", "113104", "113105", "113107", "113109")
    ]


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes, got 5"):
        Deidentifier(b"short")


BURNED = {
    "flag": {"BurnedInAnnotation": "YES"},
    "screenshot class": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
    "screenshot type": {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
    "colour": {"PhotometricInterpretation": "RGB"},
    "ultrasound": {"Modality": "US"},
    "document": {"EncapsulatedDocument": b"%PDF"},
}


@pytest.mark.parametrize("kind", BURNED)
def test_what_may_show_the_name_is_refused(kind: str, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(write_study(tmp_path, slices=1)[0])
    for name, value in BURNED[kind].items():
        setattr(dataset, name, value)
    with pytest.raises(BurnedInError):
        Deidentifier(KEY).apply(dataset)


def pixels(folder: Path) -> np.ndarray:
    (handle,) = open_input(folder, work_dir=folder.parent / "work").chosen
    return handle.load().hu


def test_a_ct_stays_the_same_ct(tmp_path: Path) -> None:
    files = write_study(tmp_path / "ct", identity="private", slices=8)
    (tmp_path / "ct" / "note.txt").write_text("no DICOM")
    out = tmp_path / "out"
    outcome = deidentify_files(
        [tmp_path / "ct"], out, Deidentifier(KEY), work_dir=tmp_path / "unpacked"
    )
    assert (len(outcome.written), outcome.refused, outcome.passed_over) == (8, [], 1)
    assert np.array_equal(pixels(tmp_path / "ct"), pixels(out))
    before = pydicom.dcmread(files[0])
    raw = b"".join(path.read_bytes() for path in outcome.written)
    names = "".join(map(str, out.rglob("*")))
    for word in (*NAME.split("^"), "SECRET-ID", str(before.StudyInstanceUID)):
        assert word.encode() not in raw
        assert word not in names
    if shutil.which("dciodvfy"):
        ran = subprocess.run(
            ["dciodvfy", "-new", outcome.written[0]], capture_output=True, text=True
        )
        assert "Error" not in ran.stdout + ran.stderr


def test_a_damaged_file_costs_only_itself(tmp_path: Path) -> None:
    files = write_study(tmp_path / "ct", slices=3)
    dataset: Dataset = pydicom.dcmread(files[0])
    del dataset.StudyInstanceUID
    dataset.save_as(files[0])
    outcome = deidentify_files(
        [tmp_path / "ct"], tmp_path / "out", Deidentifier(KEY), work_dir=tmp_path / "unpacked"
    )
    assert len(outcome.written) == 2
    assert len(outcome.refused) == 1
