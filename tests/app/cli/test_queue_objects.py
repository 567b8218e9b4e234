"""``starlung queue objects`` writes what was signed, for its owner's eyes only."""

from __future__ import annotations

from pathlib import Path

import pydicom

from app.settings import Settings
from medical.store.database import open_store
from medical.store.requests import archive
from tests.app.cli.conftest import Run, one_line
from tests.medical.dicom_out.conftest import Written, upright, write_all
from tests.medical.report.objects.test_signed import read_and_sign, scored_study

__all__ = ["upright", "write_all"]  # fixtures


def test_objects_of_a_signed_study_are_written(
    starlung: Run, work_dir: Path, tmp_path: Path, upright: Written
) -> None:
    store = open_store(Settings(work_dir=work_dir).address_of_store())
    key = scored_study(store, upright, work_dir / "studies")
    label, out = f"CT-{key[:6].upper()}", tmp_path / "out"
    early = starlung("queue", "objects", key, "--out", out)
    assert early.exit_code == 4
    assert one_line(early.stderr).startswith(f"{label}: is not signed.")
    read_and_sign(store, key, upright)
    result = starlung("queue", "objects", label, "--out", out, "--format", "sr,seg")
    assert result.exit_code == 0
    files = sorted(out.iterdir())
    assert [file.name for file in files] == [f"{label}-1-seg.dcm", f"{label}-1-sr.dcm"]
    assert result.stdout.split() == [str(files[1]), str(files[0])]
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    assert pydicom.dcmread(files[1]).VerificationFlag == "VERIFIED"
    (tmp_path / "secret").write_bytes(b"sixteen bytes, or rather more")
    apart = ("--out", tmp_path / "apart", "--deidentify", tmp_path / "secret")
    result = starlung("queue", "objects", label, *apart)
    assert result.exit_code == 0
    assert one_line(result.stderr).startswith(f"{label}-1-pdf.dcm: not written: a document")
    for file in (tmp_path / "apart").iterdir():
        assert str(pydicom.dcmread(file).PatientID).startswith("P-")
        assert "王".encode() not in file.read_bytes()
    assert len(list((tmp_path / "apart").iterdir())) == 3
    archive(store, key, reason="done", actor="anna")  # read, sent, put aside: still there to take
    assert starlung("queue", "objects", label, "--out", out, "--format", "sr").exit_code == 0
    assert f"{key}\tsigned (archived)\t" in starlung("queue", "list").stdout


def test_wrong_use_is_said(starlung: Run, work_dir: Path, tmp_path: Path) -> None:
    form = starlung("queue", "objects", "x", "--out", tmp_path, "--format", "sr,doc")
    assert (form.exit_code, one_line(form.stderr)[:12]) == (2, "--format doc")
    unknown = starlung("queue", "objects", "CT-000000", "--out", tmp_path)
    assert (unknown.exit_code, "no study has this key" in unknown.stderr) == (2, True)
