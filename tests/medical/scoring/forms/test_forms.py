"""Scoring writes the forms that archives understand, and says why where it cannot."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import highdicom as hd
import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes

from app.cli.scoring.checks import ARCHIVED
from medical.dicom.header.frames import Frame
from medical.dicom_out.provenance import OriginalCt, tracking_uid
from medical.geometry import VolumeGeometry
from medical.intake import open_input
from medical.results.folder import ResultFolder
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.tally import ScoreResult
from medical.scoring.forms.writer import FORMS
from medical.scoring.scorer import Scorer
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.medical.scoring.small_chest import write_small_chest

pytestmark = pytest.mark.heavy

LABELS = CtLabels("forms test", "Test^Forms", "TEST-1", "made for a test")
ALL = frozenset(FORMS)
FILES = {"sr.dcm", "seg.dcm", "kos.dcm", "pdf.dcm", "report.pdf"}


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small chest with one ball, as NIfTI and as DICOM."""
    folder = tmp_path_factory.mktemp("chest")
    write_small_chest(folder / "chest.nii.gz", seed=1)
    hu = np.asarray(nibabel.load(folder / "chest.nii.gz").dataobj).T
    geometry = VolumeGeometry.axial(shape=hu.shape, spacing_mm=(2.0, 2.0, 2.0))
    stored = np.clip(hu, -1024, 3000).astype(np.int16)
    write_ct_series(stored, geometry, folder / "ct", labels=LABELS)
    return folder


@pytest.fixture(scope="module")
def result(
    quick_scorer: Scorer, chest: Path, tmp_path_factory: pytest.TempPathFactory
) -> ScoreResult:
    out = tmp_path_factory.mktemp("out")
    scored = quick_scorer.score([chest / "ct"], out, options=ScoreOptions(forms=ALL))
    assert not scored.errors
    assert scored.series[0].findings.findings, "the ball must be found, or nothing is tested"
    return scored


def test_the_command_line_offers_every_form() -> None:
    assert ARCHIVED == FORMS


def test_every_form_is_there(result: ScoreResult) -> None:
    names = {path.name for path in result.series[0].folder.iterdir()}
    assert names >= FILES
    assert result.not_written == ()


def test_the_outline_is_what_was_measured(result: ScoreResult) -> None:
    (scored,) = result.series
    outlines = ResultFolder(scored.folder).read_outlines()
    assert outlines is not None
    assert [outline.finding_id for outline in outlines] == [
        finding.id for finding in scored.findings.findings
    ]
    for outline, finding in zip(outlines, scored.findings.findings, strict=True):
        inside = outline.geometry.voxel_to_lps(np.argwhere(outline.mask))
        apart = np.linalg.norm(inside.mean(0) - finding.center_lps_mm)
        assert apart < finding.diameter_mm / 2
        low, high = finding.volume_ci95
        assert low / 2 < outline.volume_mm3 < 2 * high  # calibration corrects it


def test_report_and_segmentation_say_what_the_findings_say(result: ScoreResult) -> None:
    (scored,) = result.series
    report = hd.sr.srread(scored.folder / "sr.dcm").content
    seg = hd.seg.segread(scored.folder / "seg.dcm")
    assert len(seg.SegmentSequence) == len(scored.findings.findings)
    for finding in scored.findings.findings:
        uid = tracking_uid(scored.findings, finding.id)
        (group,) = report.get_volumetric_roi_measurement_groups(tracking_uid=uid)
        (volume,) = group.get_measurements(name=codes.SCT.Volume)
        assert float(volume.value) == finding.volume_mm3


def test_the_pdf_is_in_the_object(result: ScoreResult) -> None:
    folder = ResultFolder(result.series[0].folder)
    made = pydicom.dcmread(folder.dicom_file("pdf"))
    held = made.EncapsulatedDocument[: made.EncapsulatedDocumentLength]
    assert held == folder.pdf_file.read_bytes()


def test_objects_beside_a_result_are_no_input(result: ScoreResult, tmp_path: Path) -> None:
    out = result.series[0].folder.parent
    intake = open_input(out, work_dir=tmp_path)
    assert intake.chosen == ()
    assert all("sr.dcm" not in str(error) for error in intake.errors)


def test_resume_makes_what_is_missing_without_scoring_again(
    quick_scorer: Scorer, result: ScoreResult, chest: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(result.series[0].folder.parent, out)
    folder = out / result.series[0].folder.name
    report = folder / "sr.dcm"
    before, seconds = report.read_bytes(), (folder / "findings.json").read_bytes()
    (folder / "seg.dcm").unlink()
    (folder / "report.pdf").unlink()
    (folder / "pdf.dcm").unlink()
    options = ScoreOptions(forms=ALL, resume=True)
    again = quick_scorer.score([chest / "ct"], out, options=options)
    assert again.not_written == ()
    assert {path.name for path in folder.iterdir()} >= FILES
    assert report.read_bytes() == before
    assert (folder / "findings.json").read_bytes() == seconds


def test_a_result_of_before_has_no_outlines_and_says_so(
    quick_scorer: Scorer, result: ScoreResult, chest: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(result.series[0].folder.parent, out)
    folder = out / result.series[0].folder.name
    for name in ("outlines.npz", "seg.dcm", "sr.dcm"):
        (folder / name).unlink()
    options = ScoreOptions(forms=ALL, resume=True)
    again = quick_scorer.score([chest / "ct"], out, options=options)
    assert [reason for _, reason in again.not_written] == [
        "no DICOM SEG: an earlier version kept no outlines; score it again"
    ]
    assert (folder / "sr.dcm").is_file()
    assert not (folder / "seg.dcm").exists()


def test_without_dicom_there_is_the_pdf_alone(
    quick_scorer: Scorer, chest: Path, tmp_path: Path
) -> None:
    options = ScoreOptions(forms=ALL)
    result = quick_scorer.score([chest / "chest.nii.gz"], tmp_path, options=options)
    (scored,) = result.series
    assert [reason for _, reason in result.not_written] == [
        "no DICOM objects: the CT did not come as DICOM"
    ]
    assert FILES & {path.name for path in scored.folder.iterdir()} == {"report.pdf"}


def test_images_put_in_the_ct_s_place_get_no_objects(
    quick_scorer: Scorer, chest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be another patient's, whose name the objects would bear."""
    shutil.copytree(chest / "ct", tmp_path / "ct")
    read_headers = OriginalCt.of

    def read_later(frames: Sequence[Frame]) -> OriginalCt:
        for path in (tmp_path / "ct").rglob("*.dcm"):
            image = pydicom.dcmread(path)
            image.SOPInstanceUID += ".1"
            image.PatientID = "ID-9999"
            image.save_as(path)
        return read_headers(frames)

    monkeypatch.setattr(OriginalCt, "of", read_later)
    options = ScoreOptions(forms=frozenset({"sr", "seg"}))
    result = quick_scorer.score([tmp_path / "ct"], tmp_path / "out", options=options)
    assert [reason for _, reason in result.not_written] == [
        "no DICOM objects: other files lie in the CT's place by now"
    ]
    assert not list((tmp_path / "out").rglob("*.dcm"))


def test_slices_of_one_instance_uid_have_no_objects(
    quick_scorer: Scorer, chest: Path, tmp_path: Path
) -> None:
    """A report could not say on which of them a finding lies."""
    shutil.copytree(chest / "ct", tmp_path / "ct")
    files = sorted((tmp_path / "ct").rglob("*.dcm"))
    first, second = pydicom.dcmread(files[0]), pydicom.dcmread(files[1])
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = first.SOPInstanceUID
    second.save_as(files[1])
    options = ScoreOptions(forms=frozenset({"sr", "seg"}))
    result = quick_scorer.score([tmp_path / "ct"], tmp_path / "out", options=options)
    assert [reason for _, reason in result.not_written] == [
        "no DICOM objects: several slices carry one SOP Instance UID"
    ]
    assert not list((tmp_path / "out").rglob("*.dcm"))


def test_two_patients_under_one_series_uid_never_meet_in_an_object(
    quick_scorer: Scorer, chest: Path, tmp_path: Path
) -> None:
    owner: dict[str, str] = {}
    for number, patient in enumerate(("PAT-A", "PAT-B")):
        for file in sorted((chest / "ct").rglob("*.dcm")):
            image = pydicom.dcmread(file)
            image.PatientID, image.PatientName = patient, f"Name^{patient}"
            image.SOPInstanceUID = f"{image.SOPInstanceUID[:50]}.{number}"
            image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
            owner[image.SOPInstanceUID] = patient
            (tmp_path / "ct").mkdir(exist_ok=True)
            image.save_as(tmp_path / "ct" / f"{file.stem}-{number}.dcm")
    options = ScoreOptions(forms=frozenset({"sr", "seg", "kos", "cad-sr", "pdf"}))
    quick_scorer.score([tmp_path / "ct"], tmp_path / "out", options=options)
    written = [pydicom.dcmread(path) for path in (tmp_path / "out").rglob("*.dcm")]
    assert {str(made.PatientID) for made in written} == {"PAT-A", "PAT-B"}
    for made in written:
        named = {str(e.value) for e in made.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
        assert {owner[uid] for uid in named & set(owner)} == {str(made.PatientID)}
        other = "PAT-B" if made.PatientID == "PAT-A" else "PAT-A"
        assert other not in str(made)
