"""The whole way: score the sample in the browser, see its nodules, go to each."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.web.views.worklist_rows import STAGES
from tests.browser.conftest import ROOT
from tests.browser.page import ReadingPage, reading_page

pytestmark = pytest.mark.browser
TRUTH = ROOT / "sample_data" / "truth.csv"
_STAGE = re.compile("|".join(re.escape(stage.text) for stage in STAGES.values()))


def truth_lps_mm() -> list[tuple[float, ...]]:
    with TRUTH.open() as file:
        names = ("coordX", "coordY", "coordZ", "diameter_mm")
        return [tuple(float(row[name]) for name in names) for row in csv.DictReader(file)]


@pytest.fixture
def scored(browser: Any, serve: Callable[..., str], tmp_path: Path) -> Any:
    if not TRUTH.is_file():
        pytest.skip("needs sample_data/truth.csv")
    with reading_page(browser, serve(serve_worker="true")) as page:
        page.open()
        page.call_reader("anna")
        page.press("Score")
        # a stage of under a second may pass between two looks of the page: any of them will do
        page.tab.get_by_text(_STAGE).first.wait_for(timeout=120_000)
        page.picture("worklist")
        page.open_study(seconds=420)
        yield page


def test_finds_the_sample_s_nodules_where_they_are(scored: ReadingPage) -> None:
    scored.picture("reading")
    rows = scored.tab.locator("tr[data-finding]").count()
    assert rows >= 3
    reached = []
    for number in range(1, rows + 1):
        scored.choose_row(number)
        position = scored.crosshair_lps_mm()
        scored.expect_planes_at(position)
        reached.append(position)
    for x, y, z, diameter_mm in truth_lps_mm():
        nearest = min(math.dist((x, y, z), position) for position in reached)
        assert nearest <= diameter_mm / 2
    scored.choose_row(2)
    scored.tab.get_by_role("button", name="Mediastinum").click()
    scored.settle()
    scored.picture("reading-mediastinum")
    assert scored.problems == []
    assert scored.strangers == []
