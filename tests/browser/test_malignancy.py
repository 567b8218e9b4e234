"""A finding's malignancy rating in the reading room, before and after clinical context is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from medical.scoring.scorer import Scorer
from tests.browser.conftest import ROOT
from tests.browser.page import ReadingPage, reading_page

pytestmark = pytest.mark.browser
SUSPICIOUS = "heavily spiculated, marked lobulation, ill-defined margin, solid nodule"


@pytest.fixture
def page(
    browser: Any, serve: Callable[..., str], quick_scorer: Scorer, tmp_path: Path
) -> Iterator[ReadingPage]:
    quick_scorer.score([ROOT / "sample_data" / "ct"], tmp_path / "out")
    with reading_page(browser, serve("--open", tmp_path / "out")) as opened:
        opened.open()
        opened.call_reader("anna")
        opened.tab.get_by_text("Malignancy rating and clinical context").click()
        yield opened


def test_context_that_is_typed_changes_rating_and_weights(page: ReadingPage) -> None:
    table = page.tab.locator("table.starlung-guidelines", has_text="By the image alone")
    table.wait_for()
    page.expect_text("taught on ratings, not on pathology")
    before = table.locator("tbody tr").all_inner_texts()
    assert all("100% / 0%" in row for row in before)
    assert all("not known: age" in row or "not known:" in row for row in before)
    box = page.tab.get_by_label("Request, prior report, or the nodule's looks")
    box.fill(SUSPICIOUS)
    page.tab.get_by_role("button", name="Rate with this context").click()

    def rated() -> None:
        rows = table.locator("tbody tr").all_inner_texts()
        assert len(rows) == len(before)
        changed: list[bool] = []
        for old, new in zip(before, rows, strict=True):
            ratings = re.findall(r"(0\.\d\d|1\.00) \(", new)
            assert len(ratings) == 2  # by the image alone, and with what is written
            changed.append(ratings[0] != ratings[1])
            assert old.split("\t")[1] == new.split("\t")[1]  # the image says what it said
            assert "100% / 0%" not in new
        assert any(changed)

    page.eventually(rated, seconds=60)
    page.expect_text("Clinical context typed by anna")
    page.picture("malignancy", show=table)
    assert page.problems == []
    assert page.strangers == []
    page.expect_no_failure()
