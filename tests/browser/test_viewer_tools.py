"""Zoom, pan, layouts, regions, film, keys: what they do to the picture, in a real browser."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medical.store.audit import newest
from medical.store.database import open_store, sqlite_url
from tests.app.web.made_results import CENTRES_LPS_MM, made_volume, write_made_result
from tests.browser.conftest import serving
from tests.browser.page import ReadingPage, reading_page
from tests.browser.stage import SPACING_MM, at, box, drag, grey, measure_diameter, stored, zooms

pytestmark = pytest.mark.browser

MOST_BLACK = 0.28
"""Of the stage; the third that was black before the planes went where there is room."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="module")
def opened(browser: Any, folder: Any) -> Iterator[ReadingPage]:
    write_made_result(folder / "out", made_volume())
    address = serving(folder, "--open", str(folder / "out"))
    with address as url, reading_page(browser, url) as page:
        page.open()
        page.await_images()
        page.settle()
        yield page


@pytest.fixture
def page(opened: ReadingPage) -> ReadingPage:
    """The page as it stands when a study opens, at the first finding."""
    for key in ("Escape", "f"):
        opened.tab.keyboard.press(key)
    opened.tab.get_by_role("button", name="Three planes").click()
    opened.choose_row(1)
    return opened


def test_the_wheel_with_ctrl_enlarges_about_the_pointer_and_f_fits_again(
    page: ReadingPage,
) -> None:
    before, whole = at(page, CENTRES_LPS_MM[0]), box(page)
    page.tab.mouse.move(*before)
    page.tab.keyboard.down("Control")
    for _ in range(3):
        page.tab.mouse.wheel(0, -100)
    page.tab.keyboard.up("Control")
    page.eventually(lambda: _assert(zooms(page)[0] > 2))
    assert zooms(page)[1:] == [1, 1], "the other planes stay"
    assert at(page, CENTRES_LPS_MM[0]) == pytest.approx(before, abs=3)
    page.tab.keyboard.press("f")
    page.eventually(lambda: _assert(box(page) == whole))


def test_left_and_right_button_together_zoom_and_shift_moves(page: ReadingPage) -> None:
    x, y, width, height = box(page)
    page.tab.mouse.move(x + width / 2, y + height / 2)
    page.tab.mouse.down()
    page.tab.mouse.down(button="right")
    page.tab.mouse.move(x + width / 2, y + height / 2 - 80, steps=4)
    page.tab.mouse.up(button="right")
    page.tab.mouse.up()
    page.eventually(lambda: _assert(zooms(page)[0] > 1.8))
    moved = at(page, CENTRES_LPS_MM[0])
    page.tab.keyboard.down("Shift")
    drag(page, (x + 200, y + 200), (x + 240, y + 170))
    page.tab.keyboard.up("Shift")
    now = at(page, CENTRES_LPS_MM[0])
    assert np.subtract(now, moved) == pytest.approx([40, -30], abs=3)


def test_one_voxel_a_pixel(page: ReadingPage) -> None:
    page.tab.keyboard.press("o")
    page.eventually(lambda: _assert(box(page)[2] == pytest.approx(160, abs=1)))


def test_a_double_click_shows_one_plane_and_the_finding_stays(page: ReadingPage) -> None:
    left, top, width, height = box(page, "coronal")
    page.tab.mouse.dblclick(left + width / 2, top + height / 3)
    page.eventually(lambda: _assert(page.view()["layout"] == "one"))
    assert box(page, "coronal")[2] > 1.5 * width
    page.eventually(lambda: _assert(page.tab.locator("tr.chosen").count() == 1))
    left, top, width, height = box(page, "coronal")
    page.tab.mouse.dblclick(left + width / 2, top + height / 3)
    page.eventually(lambda: _assert(page.view()["layout"] == "three"))
    page.expect_planes_at(CENTRES_LPS_MM[0])


def test_home_end_wheel_and_arrow_agree_on_which_way_is_down(page: ReadingPage) -> None:
    page.tab.keyboard.press("Home")
    page.eventually(lambda: _assert(page.planes_lps_mm()[2] > 0))
    top = page.planes_lps_mm()[2]
    page.tab.keyboard.press("ArrowDown")
    page.eventually(lambda: _assert(page.planes_lps_mm()[2] == pytest.approx(top - 2, abs=0.1)))
    page.tab.mouse.move(*at(page, CENTRES_LPS_MM[0]))
    page.tab.mouse.wheel(0, 100)
    page.eventually(lambda: _assert(page.planes_lps_mm()[2] == pytest.approx(top - 4, abs=0.1)))
    for _ in range(10):  # a trackpad: ten small steps are two slices
        page.tab.mouse.wheel(0, 10)
        page.tab.wait_for_timeout(30)
    page.eventually(lambda: _assert(page.planes_lps_mm()[2] == pytest.approx(top - 8, abs=0.1)))
    page.tab.keyboard.press("End")
    page.eventually(lambda: _assert(page.planes_lps_mm()[2] < -200))


def test_hu_under_the_pointer_without_a_click(page: ReadingPage) -> None:
    page.tab.mouse.move(*at(page, CENTRES_LPS_MM[0]))
    inside = page.tab.locator(".under b")
    page.eventually(lambda: _assert(-100 < hu(inside.inner_text()) < 200))
    left, top, *_ = box(page)
    page.tab.mouse.move(left + 6, top + 6)
    page.eventually(lambda: _assert(hu(inside.inner_text()) < -800))
    page.expect_planes_at(CENTRES_LPS_MM[0])


def hu(text: str) -> int:
    return int(text.replace("−", "-"))


@pytest.mark.parametrize("key", ["r", "e"])
def test_a_region_tells_mean_and_deviation(page: ReadingPage, key: str) -> None:
    page.tab.keyboard.press(key)
    x, y = at(page, CENTRES_LPS_MM[0])
    drag(page, (x - 60, y - 60), (x - 20, y - 20))
    (area,) = json.loads(page.view()["areas"])
    scale = box(page)[2] / 160  # pixels a voxel
    side = 40 / scale
    full = side * side if key == "r" else np.pi * side * side / 4
    assert area["voxels"] == pytest.approx(full, rel=0.15)
    assert area["areaMm2"] == pytest.approx(area["voxels"] * SPACING_MM**2, rel=1e-3)
    assert area["smallest"] <= area["mean"] <= area["largest"]
    assert area["deviation"] >= 0


def test_invert_and_senseless_windows(page: ReadingPage) -> None:
    page.tab.keyboard.press("1")
    x, y = at(page, CENTRES_LPS_MM[0])
    bright = grey(page, x + 4, y + 4)
    page.tab.keyboard.press("i")
    page.eventually(lambda: _assert(grey(page, x + 4, y + 4) < bright - 80))
    page.tab.keyboard.press("i")
    width = page.tab.get_by_label("W", exact=True)
    for senseless in ("0", "-50", "90000"):
        width.fill(senseless)
        width.press("Enter")
        page.expect_text("The width must be 2 to 8000 HU")
        assert page.view()["window"] == "-1350,150"
    width.fill("1500")
    width.press("Enter")
    width.blur()


def test_space_plays_the_slices_and_scrolls_nothing_away(page: ReadingPage) -> None:
    scroll = "document.querySelector('[data-testid=stMain]').scrollTop"
    page.tab.evaluate(f"{scroll} = 0")
    z = page.planes_lps_mm()[2]
    page.tab.keyboard.press(" ")
    page.eventually(lambda: _assert(page.planes_lps_mm()[2] < z - 5))
    page.tab.keyboard.press(" ")
    page.tab.wait_for_timeout(300)
    stopped = page.planes_lps_mm()[2]
    page.tab.wait_for_timeout(500)
    assert page.planes_lps_mm()[2] == stopped
    assert page.tab.evaluate(scroll) == 0


def test_the_close_up_shows_the_finding_in_three_planes(page: ReadingPage) -> None:
    assert page.view()["closeUps"] == "3"
    page.tab.keyboard.press("c")
    page.eventually(lambda: _assert(page.view()["closeUps"] == "0"))
    page.tab.keyboard.press("c")
    page.eventually(lambda: _assert(page.view()["closeUps"] == "3"))


def test_a_key_image_is_a_picture_whose_name_tells_nothing(page: ReadingPage) -> None:
    with page.tab.expect_download() as download:
        page.tab.keyboard.press("k")
    name = download.value.suggested_filename
    assert name.startswith("CT-")
    assert name.endswith("-finding-1-slice-" + page.view()["slice"] + ".png")
    picture = Image.open(download.value.path())
    assert np.asarray(picture.convert("L")).std() > 20
    page.settle()


def test_a_distance_becomes_the_diameter_and_keys_decide_and_undo(
    page: ReadingPage, folder: Any
) -> None:
    measure_diameter(page, CENTRES_LPS_MM[0])
    page.tab.keyboard.press("a")
    page.expect_text("1 of 3 reviewed")
    first = stored(folder)[0]
    assert (first.verdict, round(first.diameter_mm or 0)) == ("accepted", 12)
    page.expect_text("Finding 2 of 3")
    page.tab.keyboard.press("x")
    page.tab.get_by_text("Reject finding 2 because:").wait_for()
    page.tab.keyboard.press("4")
    page.expect_text("2 of 3 reviewed")
    assert stored(folder)[1].latest.reason == "lymph node"  # type: ignore[union-attr]
    for undecided in ("1 of 3 reviewed", "0 of 3 reviewed"):
        page.tab.keyboard.press("u")
        page.expect_text(undecided)
    assert [finding.verdict for finding in stored(folder)] == ["open"] * 3
    assert page.problems == []


def test_keys_in_one_breath_decide_each_finding_once(page: ReadingPage, folder: Any) -> None:
    before = [finding.version for finding in stored(folder)]
    noted = len(decisions_in_trail(folder))
    for _ in range(3):
        page.tab.keyboard.press("a")
    page.expect_text("3 of 3 reviewed")
    page.settle()
    after = stored(folder)
    assert [finding.verdict for finding in after] == ["accepted"] * 3
    assert [finding.version for finding in after] == [version + 1 for version in before]
    rows = [subject.split()[2] for subject in decisions_in_trail(folder)[noted:]]
    assert rows == [str(finding.id) for finding in after]
    assert page.tab.locator("tr.saving").count() == 0
    assert page.problems == []
    # One key too many, and one that is held down: nobody meant to decide again.
    page.tab.evaluate(
        "for (let i = 0; i < 5; i++) document.dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'u', repeat: true, bubbles: true, composed: true}))"
    )
    page.settle()
    assert [finding.verdict for finding in stored(folder)] == ["accepted"] * 3
    for undecided in ("2 of 3 reviewed", "1 of 3 reviewed", "0 of 3 reviewed"):
        page.tab.keyboard.press("u")
        page.expect_text(undecided)


def test_a_reason_is_for_the_finding_that_it_was_asked_for(page: ReadingPage, folder: Any) -> None:
    page.tab.keyboard.press("x")
    page.tab.get_by_text("Reject finding 1 because:").wait_for()
    page.choose_row(2)
    page.tab.keyboard.press("1")
    page.expect_text("1 of 3 reviewed")
    assert [finding.verdict for finding in stored(folder)] == ["rejected", "open", "open"]
    page.tab.keyboard.press("u")
    page.expect_text("0 of 3 reviewed")


def decisions_in_trail(folder: Any) -> list[str]:
    """Subjects of all decisions in the audit trail, the first first."""
    store = open_store(sqlite_url(folder / "work" / "store.sqlite"))
    entries = newest(store, 1000)
    store.close()
    kinds = ("accepted", "rejected", "open")
    return [
        entry.subject
        for entry in reversed(entries)
        if entry.action in kinds and "finding" in entry.subject
    ]


@pytest.mark.parametrize(
    ("width", "height"),
    [(1366, 768), (1440, 900), (1920, 1080), (1280, 1024), (1080, 1920)],
)
def test_nothing_is_cut_and_little_is_black(page: ReadingPage, width: int, height: int) -> None:
    page.tab.set_viewport_size({"width": width, "height": height})
    page.tab.wait_for_timeout(1500)
    for layout in ("One plane", "Three planes"):
        page.tab.get_by_role("button", name=layout).click()
        bar = page.tab.locator(".bar").evaluate(
            "e => [e.scrollWidth - e.clientWidth, e.offsetHeight]"
        )
        assert bar[0] <= 0, (layout, bar)
        assert bar[1] < (40 if width > 1300 else 80), (layout, bar)
    table = page.tab.locator(".scroll")
    if width > 1300:
        assert table.evaluate("e => e.scrollWidth <= e.clientWidth")
    header = page.tab.locator(".viewer").bounding_box()["y"]
    # banner, header, and the note on the signature; in a narrow window the header takes two lines
    assert header < (110 if width > 1300 else 135)
    shot = page.tab.locator("canvas.slices").screenshot()
    black = np.asarray(Image.open(io.BytesIO(shot)).convert("L")) < 3
    assert black.mean() < MOST_BLACK
    widths = [box(page, plane)[2] for plane in ("axial", "coronal", "sagittal")]
    assert min(widths[1:]) > widths[0] / 3, widths
    page.tab.set_viewport_size({"width": 1440, "height": 900})


def _assert(holds: bool) -> None:
    assert holds
