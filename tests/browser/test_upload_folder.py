"""A folder is taken as one study, with what lies in its subfolders, and only once.

About ten seconds on two quiet cores.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medical.review.worklist import worklist
from medical.store.database import open_store, sqlite_url
from tests.browser.page import ReadingPage, reading_page

pytestmark = pytest.mark.browser


def upload_folder(page: ReadingPage, folder: Path) -> None:
    """Choose a whole folder, and queue it."""
    box = page.sidebar().get_by_role("checkbox", name="A whole folder")
    if not box.is_checked():
        page.sidebar().get_by_text("A whole folder", exact=True).click()
    chooser = page.tab.locator('input[type="file"][webkitdirectory]')
    chooser.wait_for(state="attached")
    chooser.set_input_files(folder)
    score = page.sidebar().get_by_role("button", name="Score", exact=True)
    page.eventually(lambda: _assert(score.is_enabled()), seconds=60)
    score.click()


def studies(work: Path) -> list[Any]:
    store = open_store(sqlite_url(work / "store.sqlite"))
    queued = worklist(store)
    store.close()
    return queued


def test_a_folder_is_one_study(browser: Any, serve: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "Doe Jane"
    for series in ("a", "b"):
        (folder / series).mkdir(parents=True)
        for number in range(3):
            (folder / series / f"{number}.dcm").write_bytes(f"{series} {number}".encode())
    work = tmp_path / "work"
    with reading_page(browser, serve()) as page:
        page.open()
        page.tab.get_by_text("Upload", exact=True).click()
        upload_folder(page, folder)
        page.tab.locator(".starlung-row").first.wait_for()
        page.settle()
        (study,) = studies(work)
        written = [path for path in Path(study.source).rglob("*") if path.is_file()]
        assert sorted(path.read_bytes() for path in written) == sorted(
            f"{series} {number}".encode() for series in ("a", "b") for number in range(3)
        )
        assert not any("Doe" in str(path) for path in (tmp_path / "work").rglob("*"))
        upload_folder(page, folder)
        page.expect_text("CT-")
        page.settle()
        assert len(studies(work)) == 1, "the same folder again is the same study"
        assert page.problems == []


def _assert(holds: bool) -> None:
    assert holds
