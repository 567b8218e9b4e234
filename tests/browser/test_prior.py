"""An earlier CT beside this one: registered for real, scrolled together, growth on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medical.results.search import result_folders
from medical.store.audit import newest
from medical.store.database import open_store, sqlite_url
from medical.store.results import import_result
from tests.app.web.made_pair import SHIFT_LPS_MM, write_made_pair
from tests.browser.page import ReadingPage, reading_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def put_in_worklist(work: Path, *results: Path) -> None:
    store = open_store(sqlite_url(work / "work" / "store.sqlite"))
    for result in results:
        import_result(
            store, result, [folder.read_findings() for folder in result_folders(result)], actor="t"
        )
    store.close()


@pytest.fixture
def page(browser: Any, serve: Callable[..., str], tmp_path: Path) -> Iterator[ReadingPage]:
    later, earlier = write_made_pair(tmp_path)
    put_in_worklist(tmp_path, earlier)
    with reading_page(browser, serve("--open", later)) as opened:
        opened.open()
        opened.await_images()
        yield opened


def choose_prior(page: ReadingPage) -> None:
    """Choose the latest of the earlier CTs and wait until it is beside this one."""
    box = page.tab.get_by_role("combobox", name="Compare with an earlier CT")
    page.scroll_to(box)
    box.click()
    # Only of a list that is open: the viewer's own choice of slab holds options too.
    page.tab.get_by_role("listbox").get_by_role("option").first.click()
    page.tab.get_by_text("Growth since CT-").wait_for(timeout=240_000)

    def loaded() -> None:
        assert page.view()["priorLps"]

    page.eventually(loaded, seconds=60)


def prior_lps_mm(page: ReadingPage) -> list[float]:
    return [float(v) for v in page.view()["priorLps"].split(",")]


def assert_apart(page: ReadingPage, shift_lps_mm: Sequence[float]) -> None:
    """Both CTs show the same place, which lies ``shift_lps_mm`` further in the later one."""
    apart = np.subtract(page.crosshair_lps_mm(), prior_lps_mm(page)) - shift_lps_mm
    assert np.linalg.norm(apart) < 2.5, f"{apart} mm from where the shift says"


def assert_laid_over(page: ReadingPage) -> None:
    assert_apart(page, SHIFT_LPS_MM)


def test_side_by_side_scrolled_together_with_growth(page: ReadingPage, tmp_path: Path) -> None:
    choose_prior(page)
    page.choose_row(1)
    page.eventually(lambda: assert_laid_over(page))

    # By the wheel over this CT, then over the earlier one: the other follows in millimetres.
    for canvas, steps in (("canvas.slices", 4), ("canvas.prior-slices", -6)):
        before = page.planes_lps_mm()[2]
        box = page.tab.locator(canvas).bounding_box()
        page.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        for _ in range(abs(steps)):
            page.tab.mouse.wheel(0, 100 if steps > 0 else -100)
        page.eventually(lambda at=before: _assert(abs(page.planes_lps_mm()[2] - at) > 8))
        page.eventually(lambda: assert_laid_over(page))

    # Another plane, in both.
    page.tab.get_by_role("button", name="Coronal").click()
    page.eventually(lambda: _assert("coronalY" in page.view()))

    growth = page.tab.locator(".starlung-growth")
    first, second = growth.locator("tbody tr").all_inner_texts()
    assert "8.0 → 14.0" in first
    assert "grown" in first
    days = int(first.split("\t")[4].split()[0])
    assert days == pytest.approx(180 * np.log(2) / (3 * np.log(14 / 8)), abs=1)
    assert "not distinguishable from measurement error" in second
    assert "no upper limit can be given" in second
    growth.get_by_text(
        "Earlier findings without a match now (resolved, or not detected): 3."
    ).wait_for()
    # A pair's button goes to its finding, in both CTs.
    page.tab.get_by_role("button", name="Show 2 and earlier").click()
    page.tab.wait_for_selector('tr.chosen[data-finding="2"]')
    page.eventually(lambda: assert_laid_over(page))
    assert page.problems == []
    assert page.strangers == []

    with page.tab.expect_download(timeout=60_000) as download:
        page.sidebar().get_by_role("link", name="Text", exact=True).click()
    report = Path(download.value.path()).read_text("utf-8")
    assert "CHANGE SINCE 2023-03-01" in report
    assert f"Volume doubling time {days} days" in report
    assert "No longer seen, or not detected now: earlier finding 3" in report

    store = open_store(sqlite_url(tmp_path / "work" / "store.sqlite"))
    opened = {entry.subject for entry in newest(store, 50) if entry.action == "open"}
    store.close()
    assert len(opened) == 2, "the look at the earlier study is in the audit trail too"


def test_in_chinese(page: ReadingPage) -> None:
    choose_prior(page)
    page.tab.get_by_text("中文", exact=True).click()
    page.tab.get_by_text("相比的生长").wait_for()
    page.tab.get_by_text("与测量误差无法区分").first.wait_for()


def _assert(holds: bool) -> None:
    assert holds
