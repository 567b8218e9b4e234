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
from app.web.reading.taking_away.objects_panel import objects_as_zip
from medical.node.dispatch import enter_objects
from medical.node.settings import NodeSettings, Peer
from medical.report.objects.scored import scored_objects
from medical.report.objects.signed import signed_objects
from medical.store.database import open_store, sqlite_url
from medical.store.outbox import lines
from medical.store.tables import StoredSeries
from tests.app.web.pages.conftest import OpenPage, Page
from tests.app.web.pages.test_signed_report import links, signed
from tests.medical.dicom_out.conftest import Written, upright, write_all
from tests.medical.report.objects.test_signed import read_and_sign, scored_study

__all__ = ["upright", "write_all"]  # fixtures
ZIPS = {"signed.zip", "scored.zip"}


def keep_headers(page: Page) -> None:
    with page.store.transaction() as session:
        session.execute(update(StoredSeries).values(headers=b"headers"))
    page.tab.run()


def test_they_are_offered_where_the_store_keeps_the_headers(open_page: OpenPage) -> None:
    page = signed(open_page)
    assert not ZIPS & set(links(page))
    keep_headers(page)
    assert set(links(page)) >= ZIPS
    page.press("Reopen")
    assert ZIPS & set(links(page)) == {"scored.zip"}


def test_a_site_that_hides_names_does_not_offer_them(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = signed(open_page)
    keep_headers(page)
    now = shared.context()
    hidden = replace(now, settings=now.settings.model_copy(update={"hide_identity": True}))
    monkeypatch.setattr(shared, "_current", hidden)
    page.tab.run()
    assert not ZIPS & set(links(page))


def test_a_study_is_sent_once_to_the_pacs_of_the_settings(
    open_page: OpenPage, upright: Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = signed(open_page)
    keep_headers(page)
    assert not [button for button in page.tab.button if "Send to" in button.label]
    with monkeypatch.context() as patch:
        now = shared.context()
        node = NodeSettings(peers={"pacs": Peer(ae_title="PACS", host="127.0.0.1")})
        settings = now.settings.model_copy(update={"node": node})
        patch.setattr(shared, "_current", replace(now, settings=settings))
        page.tab.run()
        page.press("Send to pacs as signed")
        assert "no headers of its CT" in page.text(), "a test's study has none that can be read"
        page.press("Reopen")
        assert [button for button in page.tab.button if button.label == "Send to pacs as scored"]
    key = scored_study(page.store, upright, tmp_path / "studies")
    files = scored_objects(page.store, key, actor="anna", cards=())
    contents = [file.content for file in files]
    for count in (len(files), 0):
        entered = enter_objects(
            page.store, tmp_path / "outbox", "pacs", contents, actor="anna", key=key
        )
        assert entered == count
    assert {line.destination for line in lines(page.store)} == {"pacs"}


def test_the_zip_holds_every_object_and_no_name_of_the_patient_outside_them(
    upright: Written, tmp_path: Path
) -> None:
    store = open_store(sqlite_url(tmp_path / "store.sqlite"))
    key = scored_study(store, upright, tmp_path / "studies")
    read_and_sign(store, key, upright)

    content = objects_as_zip(signed_objects(store, key, actor="anna"))

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {"1-sr.dcm", "1-pdf.dcm"} <= set(archive.namelist())
        for name in archive.namelist():
            header = pydicom.dcmread(io.BytesIO(archive.read(name)))
            assert header.StudyInstanceUID == upright.ct.headers[0].StudyInstanceUID
            assert str(header.PatientID) not in name
