"""Reading a result in a real browser: marks, three planes, table, downloads, languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from medical.detection.findings import ModelReference
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide
from medical.store.database import open_store, sqlite_url
from medical.store.results import import_result
from tests.app.web.made_results import (
    CENTRES_LPS_MM,
    made_findings,
    made_volume,
    write_made_result,
)
from tests.browser.page import ReadingPage, reading_page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Any, serve: Callable[..., str], tmp_path: Path) -> Iterator[ReadingPage]:
    write_made_result(tmp_path / "out", made_volume())
    with reading_page(browser, serve("--open", tmp_path / "out")) as opened:
        opened.open()
        opened.await_images()
        yield opened


def test_every_row_moves_all_three_planes_to_its_finding(page: ReadingPage) -> None:
    assert page.view()["findings"] == "3"
    for number, centre in enumerate(CENTRES_LPS_MM, start=1):
        page.choose_row(number)
        page.expect_planes_at(centre)
        assert sorted(m["plane"] for m in page.marks() if m["id"] == number) == [0, 1, 2]


def test_a_click_on_a_mark_goes_to_the_middle_of_its_finding(page: ReadingPage) -> None:
    page.choose_row(1)
    page.expect_planes_at(CENTRES_LPS_MM[0])
    mark = next(m for m in page.marks() if m["id"] == 1 and m["plane"] == 1)
    page.click_canvas(mark["x"] + 4, mark["y"] - 3)
    page.expect_planes_at(CENTRES_LPS_MM[0])
    page.expect_text("Finding 1 of 3")


def test_a_click_beside_the_marks_reports_where_it_was(page: ReadingPage) -> None:
    page.choose_row(1)
    page.expect_planes_at(CENTRES_LPS_MM[0])
    left, top, width, height = (float(v) for v in page.view()["axialBox"].split(","))
    page.click_canvas(left + width * 0.75, top + height * 0.25)
    page.expect_text("Last click: slice 56")
    x, y, z = page.crosshair_lps_mm()
    # Radiological: the right of the screen is the patient's left, +x; the top is the front, -y.
    assert x == pytest.approx(0.25 * 160 * 2.2, abs=3)
    assert y == pytest.approx(-0.25 * 160 * 2.2, abs=3)
    assert z == pytest.approx(-120, abs=0.05)


def test_windows_change_the_picture(page: ReadingPage) -> None:
    lung = page.tab.locator("canvas.slices").screenshot()
    page.tab.get_by_role("button", name="Bone").click()

    def changed() -> None:
        assert page.tab.locator("canvas.slices").screenshot() != lung

    page.eventually(changed)


def test_reruns_move_kilobytes_and_the_volume_once(
    page: ReadingPage, record_property: Callable[[str, object], None]
) -> None:
    before = page.socket_bytes
    for number in (2, 3, 1):
        page.choose_row(number)
        page.settle()
    per_rerun = (page.socket_bytes - before) / 3
    record_property("bytes_per_rerun", per_rerun)
    assert 0 < per_rerun < 50_000
    assert page.volume_requests == 1


def test_a_page_opened_again_asks_for_the_same_address(page: ReadingPage) -> None:
    page.tab.reload()
    page.await_images()
    statuses = page.tab.evaluate(
        "() => performance.getEntriesByType('resource')"
        ".filter(e => e.name.includes('/starlung/volumes/')).map(e => e.transferSize)"
    )
    assert len(statuses) == 1
    assert statuses[0] < 1000, "the browser's cache should have served the volume"


def test_is_quiet_local_and_says_what_it_is_not(page: ReadingPage) -> None:
    page.choose_row(2)
    page.tab.get_by_role("button", name="Mediastinum").click()
    page.settle()
    assert page.problems == []
    assert page.strangers == []
    assert page.text().count("Research use only") == 1  # once, on every page
    assert "patient's right is on the left" in page.tab.locator(".convention").inner_text()


def test_speaks_chinese(page: ReadingPage) -> None:
    page.tab.get_by_text("中文", exact=True).click()
    page.tab.get_by_text("3 个发现达到或超过工作点").wait_for()
    # The panels of a page are redrawn one after the other.
    page.tab.locator(".starlung-research").get_by_text("仅供研究使用").wait_for()
    page.tab.locator("table").get_by_text("右中肺野").first.wait_for()
    page.tab.locator(".readout").get_by_text("层面").wait_for()
    # What only a screen reader says, too.
    page.tab.get_by_role("combobox", name="厚层", exact=True).select_option(index=1)
    page.tab.get_by_role("slider", name="厚层, mm", exact=True).wait_for()


def test_the_guidelines_say_what_is_missing_and_then_the_rule_that_fired(
    page: ReadingPage,
) -> None:
    page.tab.get_by_text("Guidelines: Lung-RADS and Fleischner").click()
    page.expect_text("4A")
    page.expect_text("not applicable: age not known")
    page.tab.get_by_label("Age in years").fill("61")
    page.tab.get_by_label("Age in years").press("Enter")
    page.expect_text("risk of lung cancer (low or high) not known")
    page.tab.get_by_text("high", exact=True).click()
    page.expect_text("CT at 3-6 months, then CT at 18-24 months")
    page.expect_text("Fleischner 2017, Table 1A")
    page.tab.get_by_text("Fleischner 2017, Table 1A").last.scroll_into_view_if_needed()
    page.picture("guidelines")


def test_a_newer_result_of_a_study_that_was_read_is_not_named_as_who_marked(
    browser: Any, serve: Callable[..., str], tmp_path: Path
) -> None:
    volume = made_volume(shape=(40, 60, 60))
    folder = write_made_result(tmp_path / "out", volume)
    earlier = made_findings(volume)
    (tmp_path / "work").mkdir()
    store = open_store(sqlite_url(tmp_path / "work" / "store.sqlite"))
    key = import_result(store, tmp_path / "out", [earlier], actor="anna")
    first = read_study(store, key).findings[0]
    decide(store, first.id, NewDecision("accepted"), seen_version=0, actor="anna")
    store.close()
    newer = ModelReference(name="made-up", version="9", sha256="9" * 64)
    again = earlier.model_copy(update={"model": newer, "findings": earlier.findings[:2]})
    (folder / "findings.json").write_text(again.model_dump_json(by_alias=True))
    with reading_page(browser, serve("--open", tmp_path / "out")) as page:
        page.open()
        page.await_images()
        page.expect_text("The result folder now holds another result")
        assert "Model made-up 0 ·" in page.text() and "Model made-up 9" not in page.text()
        assert page.tab.locator("tr[data-finding]").count() == 3
        page.tab.get_by_text("Guidelines: Lung-RADS and Fleischner").wait_for()
        page.settle()
        # Figures of the newer result's marks, and maps, would stand beside findings of another.
        assert page.tab.get_by_text("Operating point: effect of another").count() == 0
        assert page.tab.get_by_text("Why: the attention map").count() == 0
        assert page.problems == []
