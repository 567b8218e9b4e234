"""What was signed is what everybody gets afterwards, whatever changes beside it."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.web.context import context
from app.web.reading.taking_away import report_panel
from app.web.security.browsers import COOKIE, holder
from medical.detection.findings import ModelReference
from medical.results.folder import ResultFolder
from medical.review.signed_reports import changed_reports
from medical.store.audit import newest, verify
from medical.store.tables import StoredReport
from tests.app.web.made_results import UID
from tests.app.web.pages.conftest import OpenPage, Page

BROWSER = "one browser's key"
FORMS = ("pdf", "txt", "csv", "json")


@pytest.fixture(autouse=True)
def _one_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's test runner has no cookies: the addresses are this browser's all the same."""
    monkeypatch.setattr(report_panel, "holder", lambda _: holder({COOKIE: BROWSER}))


def links(page: Page) -> dict[str, str]:
    """Addresses of the report's forms as the page offers them."""
    matches = re.findall(r'class="starlung-report" href="([^"]+)"', page.text())
    names = [link.rsplit("/", 1)[1] for link in matches]
    return {
        name.partition(".")[2]: html.unescape(link)
        for name, link in zip(names, matches, strict=True)
    }


def get(link: str) -> tuple[int, bytes]:
    routes = [context().reports.route()]
    client = TestClient(Starlette(routes=routes), cookies={COOKIE: BROWSER})
    answer = client.get(link)
    return answer.status_code, answer.content


def taken(page: Page) -> dict[str, bytes]:
    """All forms, downloaded."""
    answers = {form: get(link) for form, link in links(page).items()}
    assert {status for status, _ in answers.values()} == {200}
    assert set(answers) == set(FORMS)
    return {form: content for form, (_, content) in answers.items()}


def signed(open_page: OpenPage) -> Page:
    page = open_page()
    for number in (1, 2, 3):
        page.press(f"Accept {number}")
    page.sign()
    return page


def in_chinese(page: Page) -> Page:
    page.widget("segmented_control", "Language / 语言").set_value("zh").run()
    page.expect_whole()
    return page


@pytest.fixture
def folder(tmp_path: Path) -> ResultFolder:
    """Of the result."""
    return ResultFolder(tmp_path / "out" / UID)


def change_all(folder: ResultFolder) -> None:
    """Another model scores the folder again, and the images go."""
    findings = folder.read_findings()
    model = ModelReference(name="another", version="7", sha256="7" * 64)
    again = findings.model_copy(
        update={"model": model, "quality": [], "findings": findings.findings[:1]}
    )
    folder.write_findings(again)
    shutil.rmtree(folder.images_file.parent)


def test_a_signed_report_stays_as_it_was(open_page: OpenPage, folder: ResultFolder) -> None:
    page = signed(open_page)
    before, chinese = taken(page), taken(in_chinese(page))
    assert json.loads(before["json"])["status"] == "signed"
    assert "Signed by" in before["txt"].decode()
    assert chinese["txt"] != before["txt"]
    assert b"/Image" in before["pdf"]
    change_all(folder)
    again = open_page(key=page.key)
    assert taken(again) == before
    assert taken(in_chinese(again)) == chinese


def test_its_digest_is_in_the_trail_and_a_change_is_seen(open_page: OpenPage) -> None:
    page = signed(open_page)
    (entry,) = [row for row in newest(page.store, 100) if row.action == "sign"]
    assert re.fullmatch(rf"{page.key} v\d+ [0-9a-f]{{64}}", entry.subject)
    assert changed_reports(page.store) == []
    assert verify(page.store).problem == ""


def test_opened_and_signed_again_it_is_another_and_the_first_stays(
    open_page: OpenPage, folder: ResultFolder
) -> None:
    page = signed(open_page)
    first = taken(page)
    page.press("Reopen")
    assert json.loads(taken(page)["json"])["status"] == "review"
    page.sign()
    second = taken(page)
    assert json.loads(second["json"])["signed_at"] >= json.loads(first["json"])["signed_at"]
    with page.store.reading() as session:
        versions = set(session.scalars(select(StoredReport.version)))
    assert len(versions) == 2
    subjects = [row.subject for row in newest(page.store, 100) if row.action == "sign"]
    assert len(set(subjects)) == 2
    assert changed_reports(page.store) == []


def exports(page: Page) -> int:
    return sum(row.action == "export" for row in newest(page.store, 200))


def test_an_export_is_noted_once_the_file_is_there(
    open_page: OpenPage, folder: ResultFolder
) -> None:
    page = open_page()
    folder.images_file.write_bytes(b"damaged")
    status, _ = get(links(page)["pdf"])
    assert status == 409
    assert exports(page) == 0
    assert get(links(page)["csv"])[0] == 200
    assert exports(page) == 1
