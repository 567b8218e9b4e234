"""Whose images an adopted result is of: read from what its run scored, or why nobody knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from app.web import context as shared
from app.web.security.identity import Reader
from app.web.views.intake import register_input
from medical.results.summary import Summary, SummaryRow
from tests.app.web.made_results import UID, made_volume, write_made_result
from tests.app.web.pages.conftest import OpenPage

BOSS = Reader("boss", administrator=True)


def write_header(file: Path, *, series_uid: str = UID) -> None:
    """One DICOM file without pixels."""
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = CTImageStorage
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = f"{series_uid}.1"
    header.SeriesInstanceUID = series_uid
    header.PatientName, header.PatientID = "Doe^Jane", "4711"
    header.Manufacturer = "Example One"
    file.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(file, header, enforce_file_format=True)


def scored(out: Path, source: Path | None) -> Path:
    """A run's folder; its summary names the input where there is one."""
    write_made_result(out, made_volume(shape=(20, 30, 30)))
    if source is not None:
        Summary(out).enter(SummaryRow(input=str(source), series_instance_uid=UID))
    return out


def adopt(out: Path, *, hide: bool = False) -> str:
    now = shared.context()
    return register_input(now.store, out, root=now.studies_folder, reader=BOSS, hide_identity=hide)


def test_it_is_read_from_what_was_scored(open_page: OpenPage, tmp_path: Path) -> None:
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "0.txt").write_text("no DICOM")
    write_header(tmp_path / "ct" / "a" / "1.dcm", series_uid="1.2.3")
    write_header(tmp_path / "ct" / "b" / "1.dcm")
    page = open_page(key=adopt(scored(tmp_path / "run", tmp_path / "ct")))
    assert "Doe Jane · 4711" in page.text()
    assert "Example One" in page.text()
    assert "Patient not known" not in page.text()
    results = [p for p in (tmp_path / "run").rglob("*") if p.is_file()]
    assert not any(b"Doe" in file.read_bytes() for file in results), "in the store alone"


def test_a_site_that_hides_it_keeps_the_scanner_alone(
    open_page: OpenPage, tmp_path: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = shared.context()
    hidden = replace(now, settings=now.settings.model_copy(update={"hide_identity": True}))
    monkeypatch.setattr(shared, "_current", hidden)
    write_header(tmp_path / "ct" / "1.dcm")
    page = open_page(key=adopt(scored(tmp_path / "run", tmp_path / "ct"), hide=True))
    assert "Example One" in page.text()
    assert "Doe" not in page.text()
    now.store.close()
    files = [p for p in work_dir.rglob("*") if p.is_file()]
    assert files
    assert not any(b"Doe" in file.read_bytes() or b"4711" in file.read_bytes() for file in files)


def test_the_page_says_why_nobody_knows(open_page: OpenPage, tmp_path: Path) -> None:
    write_header(tmp_path / "other" / "1.dcm", series_uid="1.2.3")
    for name, source, why in (
        ("none", None, "does not say what was scored"),
        ("gone", tmp_path / "no such folder", "is not there any more"),
        ("other", tmp_path / "other", "no DICOM header of this series"),
    ):
        page = open_page(key=adopt(scored(tmp_path / name, source)))
        assert f"Patient not known: {'the run' if source is None else ''}" in page.text()
        assert why in page.text()
        assert str(tmp_path) not in page.text()
