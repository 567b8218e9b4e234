"""What a user can get wrong ends in one sentence, never a trace."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app.web.made_results import made_volume, write_made_result
from tests.browser.page import reading_page

pytestmark = pytest.mark.browser


def assert_one_sentence(page: Any, part: str) -> None:
    alert = page.tab.get_by_test_id("stAlert").filter(has_text=part)
    alert.wait_for(timeout=90_000)
    assert "\n" not in alert.inner_text().strip()
    for trace in ("Traceback", "Error:", 'File "'):
        assert trace not in page.text()


def test_a_folder_that_does_not_exist(browser: Any, serve: Callable[..., str]) -> None:
    with reading_page(browser, serve()) as page:
        page.open()
        page.tab.get_by_text("Folder", exact=True).click()
        box = page.tab.get_by_role("textbox", name="Folder or file on the server")
        box.fill("no/such/study")
        box.press("Enter")
        page.settle()
        page.press("Score")
        assert_one_sentence(page, "no/such/study: no such file or folder. Check the spelling.")
        assert "Research use only" in page.text()


def test_a_damaged_result(browser: Any, serve: Callable[..., str], tmp_path: Path) -> None:
    folder = write_made_result(tmp_path / "out", made_volume(shape=(40, 40, 40)))
    (folder / "findings.json").write_text("{}")
    with reading_page(browser, serve("--open", tmp_path / "out")) as page:
        page.open()
        assert_one_sentence(page, "is not a result in the form starlung.findings/1")


def test_a_study_that_is_not_there(browser: Any, serve: Callable[..., str]) -> None:
    with reading_page(browser, f"{serve()}/reading?study=nonsense") as page:
        page.open()
        assert_one_sentence(page, "There is no such study. Choose one from the worklist.")


def test_a_forged_address_is_forbidden(serve: Callable[..., str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{serve()}/starlung/volumes/forged.token/ct.nii")
    assert refused.value.code == 403
