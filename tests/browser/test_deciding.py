"""What only a real browser can show of deciding: the Enter key, and a reload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from medical.review.reading import ReadFinding, read_study
from medical.review.worklist import worklist
from medical.store.database import open_store, sqlite_url
from tests.app.web.made_pair import write_made_pair
from tests.browser.page import ReadingPage, reading_page
from tests.browser.test_prior import choose_prior, put_in_worklist

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Any, serve: Callable[..., str], tmp_path: Path) -> Iterator[ReadingPage]:
    later, earlier = write_made_pair(tmp_path)
    put_in_worklist(tmp_path, earlier)
    with reading_page(browser, serve("--open", later)) as opened:
        opened.open()
        opened.await_images()
        yield opened


def findings(folder: Path) -> list[ReadFinding]:
    """Of all studies, as the store has them."""
    store = open_store(sqlite_url(folder / "work" / "store.sqlite"))
    studies = [
        finding for study in worklist(store) for finding in read_study(store, study.key).findings
    ]
    store.close()
    return studies


def test_enter_in_the_comment_decides_nothing(page: ReadingPage, tmp_path: Path) -> None:
    reason = page.tab.get_by_role("combobox", name="Reason for rejection")
    reason.fill("vessel")
    reason.press("Enter")
    comment = page.tab.get_by_role("textbox", name="Comment")
    comment.fill("branches")
    comment.press("Enter")
    page.settle()
    comment.press("Enter")
    page.settle()
    assert [finding.verdict for finding in findings(tmp_path)] == ["open"] * len(findings(tmp_path))
    assert comment.input_value() == "branches"

    # Pressed right after typing, without leaving the field first: the text goes with it.
    comment.fill("branches, enters a vein")
    page.press("Reject 1")
    page.expect_text("1 of 2 reviewed")
    (rejected,) = [finding.latest for finding in findings(tmp_path) if finding.latest]
    assert (rejected.verdict, rejected.reason) == ("rejected", "vessel")
    assert rejected.comment == "branches, enters a vein"


def test_a_reload_keeps_language_name_finding_and_comparison(page: ReadingPage) -> None:
    page.call_reader("dr. reload")
    choose_prior(page)
    page.tab.get_by_text("中文", exact=True).click()
    page.tab.get_by_text("相比的生长").wait_for()
    page.settle()
    page.press("下一个 (N)")
    page.expect_text("发现 2 / 2")
    page.settle()
    page.tab.reload()
    page.await_images()
    page.expect_text("发现 2 / 2")
    page.tab.get_by_text("相比的生长").wait_for()
    name = page.sidebar().locator("input[type=text]").first
    assert name.input_value() == "dr. reload"
