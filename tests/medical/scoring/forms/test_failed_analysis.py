"""An archive hears of a study that could not be analysed, and of no study that was made up."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from medical.intake import open_input
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.forms.failed_analysis import write_failures
from medical.scoring.scorer import Scorer
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.medical.dicom_out.test_chest_cad import FAILED, states_of
from tests.medical.node.conftest import write_study

CARD = find_model(DEFAULT_MODEL).card
Change = Callable[[Dataset], object]


def changed(files: list[Path], change: Change) -> list[Path]:
    for file in files:
        header = pydicom.dcmread(file)
        change(header)
        header.save_as(file)
    return files


def into_mr(header: Dataset) -> None:
    header.Modality, header.SOPClassUID = "MR", MRImageStorage
    header.file_meta.MediaStorageSOPClassUID = MRImageStorage


def unread(folder: Path, work: Path) -> set[Path]:
    return set(open_input(folder, work_dir=work).unread)


@pytest.mark.parametrize("lost", [40, 150, 400], ids=lambda lost: f"{lost} bytes")
def test_a_damaged_ct_leaves_an_object_of_its_own_study(tmp_path: Path, lost: int) -> None:
    files = write_study(tmp_path / "ct")
    header = pydicom.dcmread(files[0])
    for file in files:
        file.write_bytes(file.read_bytes()[:-lost])
    options = ScoreOptions(forms=frozenset({"cad-sr", "sr"}))
    result = Scorer.named(samples=2).score([tmp_path / "ct"], tmp_path / "out", options=options)
    assert not result.series
    (file,) = (tmp_path / "out").glob("*/*.dcm")
    made = pydicom.dcmread(file)
    assert file.parent.name == header.SeriesInstanceUID
    assert states_of(made) == ("111245", FAILED)
    for name in ("StudyInstanceUID", "PatientID", "PatientName"):
        assert made[name].value == header[name].value
    if shutil.which("dciodvfy") is not None:
        ran = subprocess.run(["dciodvfy", file], capture_output=True, text=True, check=False)
        assert "Error" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("forms", [frozenset(), frozenset({"cad-sr"})])
def test_a_damaged_volume_file_fails_alone(
    tmp_path: Path, forms: frozenset[Literal["cad-sr"]]
) -> None:
    (tmp_path / "broken.nii.gz").write_bytes(b"nothing")
    options = ScoreOptions(forms=forms)
    result = Scorer.named(samples=2).score(
        [tmp_path / "broken.nii.gz"], tmp_path / "out", options=options
    )
    assert [error.path.name for error in result.errors] == ["broken.nii.gz"]


def test_a_folder_without_a_ct_has_failed_where_it_was_named_and_not_in_an_archive(
    tmp_path: Path,
) -> None:
    files = changed(write_study(tmp_path / "all" / "mr", identity="mr"), into_mr)
    assert unread(tmp_path / "all" / "mr", tmp_path / "work") == set(files)
    (written,) = write_failures(tmp_path / "out", files, CARD)
    evidence = pydicom.dcmread(written).CurrentRequestedProcedureEvidenceSequence[0]
    (series,) = evidence.ReferencedSeriesSequence
    assert len(series.ReferencedSOPSequence) == len(files)
    write_study(tmp_path / "all" / "ct", identity="ct")
    assert unread(tmp_path / "all", tmp_path / "work 2") == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda header: setattr(header, "StudyInstanceUID", ""),
        lambda header: setattr(header, "SeriesInstanceUID", "1.2.not.a.uid"),
        lambda header: setattr(header, "PatientID", ""),
        lambda header: setattr(header, "PatientID", f"of image {header.InstanceNumber}"),
    ],
    ids=["no study", "no series", "no patient", "more than one patient"],
)
def test_what_headers_do_not_say_is_not_made_up(tmp_path: Path, change: Change) -> None:
    files = changed(write_study(tmp_path / "ct"), change)
    assert write_failures(tmp_path / "out", files, CARD) == []
    assert not list(tmp_path.glob("out/*"))


def test_damaged_headers_identify_nothing(tmp_path: Path) -> None:
    files = write_study(tmp_path / "ct")
    for file in files:
        file.write_bytes(file.read_bytes()[:300])
    assert write_failures(tmp_path / "out", files, CARD) == []
