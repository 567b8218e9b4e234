"""A signed study's DICOM objects, taken away from the page."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from sqlalchemy import update

from app.web import context as shared
from app.web.reading import report_panel
from medical.store.database import open_store, sqlite_url
from medical.store.tables import StoredSeries
from tests.app.web.pages.conftest import OpenPage, Page
from tests.app.web.pages.test_signed_report import links, signed
from tests.medical.dicom_out.conftest import Written, upright, write_all
from tests.medical.report.objects.test_signed import read_and_sign, scored_study

__all__ = ["upright", "write_all"]  # fixtures


def keep_headers(page: Page) -> None:
    with page.store.transaction() as session:
        session.execute(update(StoredSeries).values(headers=b"headers"))
    page.tab.run()


def test_they_are_offered_where_the_store_keeps_the_headers(open_page: OpenPage) -> None:
    page = signed(open_page)
    assert "zip" not in links(page)
    keep_headers(page)
    assert "zip" in links(page)
    page.press("Reopen")
    assert "zip" not in links(page)


def test_a_site_that_hides_names_does_not_offer_them(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = signed(open_page)
    keep_headers(page)
    now = shared.context()
    hidden = replace(now, settings=now.settings.model_copy(update={"hide_identity": True}))
    monkeypatch.setattr(shared, "_current", hidden)
    page.tab.run()
    assert "zip" not in links(page)


def test_the_zip_holds_every_object_and_no_name_of_the_patient_outside_them(
    upright: Written, tmp_path: Path
) -> None:
    store = open_store(sqlite_url(tmp_path / "store.sqlite"))
    key = scored_study(store, upright, tmp_path / "studies")
    read_and_sign(store, key, upright)

    content = report_panel.objects_as_zip(report_panel.signed_objects(store, key, actor="anna"))

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {"1-sr.dcm", "1-pdf.dcm"} <= set(archive.namelist())
        for name in archive.namelist():
            header = pydicom.dcmread(io.BytesIO(archive.read(name)))
            assert header.StudyInstanceUID == upright.ct.headers[0].StudyInstanceUID
            assert str(header.PatientID) not in name
