"""What holds of every object: whose it is, that it is research, and that others read it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from medical.dicom_out.encapsulated_pdf import write_encapsulated_pdf
from medical.dicom_out.key_objects import write_key_objects
from medical.dicom_out.provenance import OriginalCt, OtherImagesError, source_headers
from tests.medical.dicom_out.conftest import CHINESE, PDF, Written

FORMS = ("sr", "seg", "cad-sr", "kos", "pdf")


@pytest.mark.parametrize("form", FORMS)
def test_it_belongs_to_the_ct_and_keeps_a_chinese_name(written: Written, form: str) -> None:
    made, ct = pydicom.dcmread(written.file(form)), written.ct.headers[0]
    made.decode()
    assert str(made.PatientName) == CHINESE
    assert made.PatientName.ideographic == "王^小东"
    for name in ("PatientID", "StudyInstanceUID", "StudyDate"):
        assert made[name].value == ct[name].value
    assert made.SeriesInstanceUID != ct.SeriesInstanceUID
    assert (made.ContentQualification, made.SpecificCharacterSet) == ("RESEARCH", "ISO_IR 192")
    assert "research use only" in made.SeriesDescription


@pytest.mark.parametrize("form", FORMS)
def test_only_its_owner_may_read_it(upright: Written, form: str) -> None:
    assert upright.file(form).stat().st_mode & 0o077 == 0
    assert not list(upright.folder.glob(".partial-*"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
def test_dciodvfy_finds_no_error(written: Written, form: str) -> None:
    ran = subprocess.run(
        ["dciodvfy", "-new", written.file(form)], capture_output=True, text=True, check=False
    )
    lines = (ran.stdout + ran.stderr).splitlines()
    assert lines, "it says at least which IOD it checked"
    assert [line for line in lines if line.startswith("Error")] == []


@pytest.mark.parametrize("form", ["sr", "cad-sr", "kos"])
@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="DCMTK is not installed")
def test_dsrdump_reads_it(written: Written, form: str) -> None:
    ran = subprocess.run(["dsrdump", written.file(form)], capture_output=True, check=False)
    assert ran.returncode == 0
    text = ran.stdout.decode("utf-8", "replace")
    assert "StarLung" in text or "starlung" in text or "made-up" in text


def test_key_objects_are_the_findings_slices(written: Written) -> None:
    made = pydicom.dcmread(written.file("kos"))
    named = {
        str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
        for item in made.ContentSequence
        if item.ValueType == "IMAGE"
    }
    assert named == {finding.sop_instance_uid for finding in written.scored.findings}


def test_without_findings_there_is_nothing_to_select(upright: Written, tmp_path: Path) -> None:
    scored = upright.scored.model_copy(update={"findings": []})
    with pytest.raises(ValueError, match="nothing to select"):
        write_key_objects(scored, tmp_path / "kos.dcm", ct=upright.ct)


def test_the_pdf_comes_back_byte_for_byte(upright: Written) -> None:
    made = pydicom.dcmread(upright.file("pdf"))
    assert made.EncapsulatedDocument[: made.EncapsulatedDocumentLength] == PDF
    assert len(made.SourceInstanceSequence) == len(upright.ct.headers)


def test_what_is_no_pdf_is_refused(upright: Written, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="begins with %PDF"):
        write_encapsulated_pdf(b"MZ", upright.scored, tmp_path / "x", ct=upright.ct, title="x")


def test_a_ct_without_planes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        OriginalCt.of([])


def test_another_patient_s_images_put_in_place_are_refused(
    upright: Written, tmp_path: Path
) -> None:
    frames = []
    for frame in upright.ct.frames:
        header = pydicom.dcmread(frame.path)
        header.SOPInstanceUID += ".1"
        header.PatientID = "ID-9999"
        path = tmp_path / frame.path.name
        header.save_as(path)
        frames.append(replace(frame, path=path))
    with pytest.raises(OtherImagesError, match="other images than those that were read"):
        OriginalCt.of(frames)


def test_a_header_is_freed_of_what_is_empty_and_gets_what_may_be(
    upright: Written, tmp_path: Path
) -> None:
    header = pydicom.dcmread(upright.ct.frames[0].path)
    header.SpacingBetweenSlices, header.LossyImageCompression = None, ""
    del header.PatientSex, header.StudyID
    header.save_as(tmp_path / "a.dcm")
    (read,) = source_headers([tmp_path / "a.dcm"])
    assert not {"SpacingBetweenSlices", "LossyImageCompression"} & set(read.dir())
    assert (read.PatientSex, read.StudyID) == ("", "")
