"""Who is on the images: on the page for readers, and nowhere where the site hides it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.web import context as shared
from app.web.reading.taking_away import report_panel
from app.web.reading.who_panel import who_html
from app.web.security.browsers import COOKIE, holder
from medical.dicom.header.identity import Identity
from medical.review.reading import read_study
from medical.store.tables import StoredIdentity
from tests.app.web.pages.conftest import OpenPage, Page
from tests.app.web.pages.test_signed_report import BROWSER, get, links, taken

DOE = Identity(
    name="Doe Jane", patient_id="4711", birth_date="1957-04-03", sex="F", scanner="Example One"
)


def named(open_page: OpenPage) -> Page:
    page = open_page()
    reading = read_study(page.store, page.key)
    with page.store.transaction() as session:
        session.add(
            StoredIdentity(
                study_id=reading.study.id,
                series_uid=reading.series[0].uid,
                scanner=DOE.scanner,
                content=DOE.model_dump_json(),
            )
        )
    page.tab.run()
    return page


def test_a_reader_sees_who_it_is(open_page: OpenPage) -> None:
    text = named(open_page).text()
    assert "Doe Jane · 4711 · born 1957-04-03 · F" in text
    assert "Example One" in text


def test_a_site_that_hides_it_shows_the_scanner_alone(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = named(open_page)
    now = shared.context()
    hidden = replace(now, settings=now.settings.model_copy(update={"hide_identity": True}))
    monkeypatch.setattr(shared, "_current", hidden)
    page.tab.run()
    assert "Example One" in page.text()
    for personal in ("Doe Jane", "4711", "1957"):
        assert personal not in page.text()


def test_a_report_signed_with_the_name_is_not_handed_out_where_it_is_hidden_now(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_panel, "holder", lambda _: holder({COOKIE: BROWSER}))
    page = named(open_page)
    for number in (1, 2, 3):
        page.press(f"Accept {number}")
    page.sign()
    assert b"Doe Jane" in taken(page)["txt"]
    now = shared.context()
    hidden = replace(now, settings=now.settings.model_copy(update={"hide_identity": True}))
    monkeypatch.setattr(shared, "_current", hidden)
    page.tab.run()
    answers = {form: get(link) for form, link in links(page).items()}
    assert {form: status for form, (status, _) in answers.items()} == {
        "pdf": 409,
        "txt": 409,
        "csv": 200,
        "json": 200,
    }
    assert not any(b"Doe" in content or b"4711" in content for _, content in answers.values())


def test_a_slice_without_thickness_draws_no_line() -> None:
    assert who_html(Identity(slice_thickness_mm=0.0)) == ""


def test_a_name_cannot_write_the_page() -> None:
    shown = who_html(Identity(name="<script>alert(1)</script>"))
    assert "<script>" not in shown
