"""The viewer's tools: what they do to the picture, in a real browser."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from app.web.reading.attention_map_panel import FIGURES
from medical.geometry import VolumeGeometry
from medical.io.nifti import nifti_affine
from tests.app.web.made_results import CENTRES_LPS_MM, made_volume, write_made_result
from tests.browser.page import ReadingPage, reading_page

pytestmark = pytest.mark.browser


def write_made_map(folder: Path, number: int) -> None:
    """A map as ``starlung score --format heatmap`` writes it: 64 mm around a finding."""
    center = CENTRES_LPS_MM[number - 1]
    origin = [c - 31.5 for c in center]
    geometry = VolumeGeometry.axial(
        shape=(64, 64, 64), spacing_mm=(1.0, 1.0, 1.0), origin_lps_mm=origin
    )
    z, y, x = (axis - 31.5 for axis in np.ogrid[:64, :64, :64])
    values = np.exp(-(z**2 + y**2 + x**2) / (2 * 5.0**2)).astype(np.float32)
    image = nibabel.Nifti1Image(values.T, nifti_affine(geometry))
    nibabel.save(image, folder / f"heatmap-{number}.nii.gz")


@pytest.fixture
def page(browser: Any, serve: Callable[..., str], tmp_path: Path) -> Iterator[ReadingPage]:
    folder = write_made_result(tmp_path / "out", made_volume())
    for number in (1, 2):
        write_made_map(folder, number)
    with reading_page(browser, serve("--open", tmp_path / "out")) as opened:
        opened.open()
        opened.await_images()
        opened.settle()
        yield opened


def middle(page: ReadingPage, center_lps_mm: tuple[float, float, float]) -> np.ndarray:
    """Mean red, green and blue around a point of the axial picture, from a screenshot."""
    left, top, width, height = (float(v) for v in page.view()["axialBox"].split(","))
    x, y, _ = center_lps_mm
    scale = width / (160 * 2.2)
    box = page.tab.locator("canvas.slices").bounding_box()
    clip = {
        "x": box["x"] + left + width / 2 + x * scale - 3,
        "y": box["y"] + top + height / 2 + y * scale - 3,
        "width": 7,
        "height": 7,
    }
    shot = Image.open(io.BytesIO(page.tab.screenshot(clip=clip))).convert("RGB")
    return np.asarray(shot, float).reshape(-1, 3).mean(axis=0)


def slide(page: ReadingPage, group: str, value: int) -> None:
    page.tab.locator(f".{group} input[type=range]").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')) }",
        value,
    )


def test_the_map_lies_over_its_finding_and_its_opacity_changes_the_picture(
    page: ReadingPage,
) -> None:
    page.choose_row(1)
    page.eventually(lambda: _assert(page.view()["heat"] == "0"))  # off when a study opens
    page.tab.keyboard.press("h")
    page.eventually(lambda: _assert(page.view()["heat"] == "0.4"))
    center = CENTRES_LPS_MM[0]
    half = middle(page, center)
    assert half[0] > half[2] + 20, "the middle of the nodule should be warm"
    slide(page, "heat", 100)
    page.eventually(lambda: _assert(middle(page, center)[2] < half[2] - 20))
    slide(page, "heat", 0)
    bare = middle(page, center)
    page.eventually(lambda: _assert(np.ptp(middle(page, center)) < 12))
    assert bare.mean() > 100, "without the map the nodule is bright and grey"


def test_a_finding_s_map_is_kilobytes_and_fetched_once(page: ReadingPage) -> None:
    for number in (1, 2, 1, 2):
        page.choose_row(number)
        page.settle()
    sizes = page.tab.evaluate(
        "() => performance.getEntriesByType('resource')"
        ".filter(e => e.name.includes('/starlung/volumes/')).map(e => e.encodedBodySize)"
    )
    volume, *maps = sorted(sizes, reverse=True)
    assert len(maps) == 2
    assert max(maps) < 400_000 < volume
    assert page.problems == []


def test_a_finding_without_a_map_says_so(page: ReadingPage) -> None:
    page.choose_row(3)
    page.eventually(lambda: _assert(page.view()["heat"] == ""))
    assert page.tab.locator(".heat input").is_disabled()
    page.expect_text("This result has no attention maps yet.")


def test_the_words_beside_the_map(page: ReadingPage) -> None:
    page.tab.get_by_text("Why: the attention map").click()
    page.expect_text("It is not evidence of malignancy")
    page.expect_text(f"share of the map inside the nodule: {FIGURES.energy}")


def test_a_thicker_slab_shows_what_lies_in_front_and_behind(page: ReadingPage) -> None:
    page.choose_row(1)
    slide(page, "heat", 0)
    x, y, z = CENTRES_LPS_MM[0]
    for _ in range(6):  # 12 mm up: out of the nodule, whose radius is 7 mm
        page.tab.keyboard.press("ArrowUp")
    page.eventually(lambda: _assert(page.planes_lps_mm()[2] == pytest.approx(z + 12, abs=0.1)))
    beside = (x + 4, y + 4, z)  # off the crosshair's lines
    thin = middle(page, beside).mean()
    page.tab.locator(".slab select").select_option("mip")
    slide(page, "slab", 4)
    page.settle()
    narrow = middle(page, beside).mean()
    assert narrow == pytest.approx(thin, abs=25)
    slide(page, "slab", 30)
    page.eventually(lambda: _assert(middle(page, beside).mean() > narrow + 60))
    page.tab.locator(".slab select").select_option("minip")
    page.eventually(lambda: _assert(middle(page, beside).mean() < narrow + 10))


def test_presets_by_key_and_a_free_window_by_number(page: ReadingPage) -> None:
    page.tab.keyboard.press("2")
    level, width = page.tab.get_by_label("L", exact=True), page.tab.get_by_label("W", exact=True)
    page.eventually(lambda: _assert((level.input_value(), width.input_value()) == ("40", "400")))
    before = page.tab.locator("canvas.slices").screenshot()
    width.fill("90")
    width.press("Enter")
    page.eventually(lambda: _assert(page.tab.locator("canvas.slices").screenshot() != before))


def test_the_right_button_changes_the_window(page: ReadingPage) -> None:
    box = page.tab.locator("canvas.slices").bounding_box()
    page.tab.mouse.move(box["x"] + 200, box["y"] + 200)
    page.tab.mouse.down(button="right")
    page.tab.mouse.move(box["x"] + 250, box["y"] + 180, steps=4)
    page.tab.mouse.up(button="right")
    level, width = page.tab.get_by_label("L", exact=True), page.tab.get_by_label("W", exact=True)
    page.eventually(lambda: _assert((level.input_value(), width.input_value()) == ("-640", "1600")))


def test_a_distance_in_millimetres(page: ReadingPage) -> None:
    page.choose_row(1)
    here = page.planes_lps_mm()
    page.tab.get_by_role("button", name="Distance").click()
    left, top, width, _ = (float(v) for v in page.view()["axialBox"].split(","))
    box = page.tab.locator("canvas.slices").bounding_box()
    scale = width / (160 * 2.2)
    begin = (box["x"] + left + width * 0.3, box["y"] + top + 150)
    page.tab.mouse.move(*begin)
    page.tab.mouse.down()
    page.tab.mouse.move(begin[0] + 60 * scale, begin[1], steps=5)
    page.tab.mouse.move(begin[0] + 60 * scale, begin[1] + 80 * scale, steps=5)
    page.tab.mouse.up()
    (drawn,) = json.loads(page.view()["distances"])
    assert drawn == pytest.approx(100.0, abs=1.5)
    assert page.planes_lps_mm() == here, "drawing must not move the crosshair"
    page.picture("distance")
    page.tab.keyboard.press("Escape")
    page.eventually(lambda: _assert(json.loads(page.view()["distances"]) == []))


def test_the_wheel_scrolls(page: ReadingPage) -> None:
    page.choose_row(1)
    left, top, width, height = (float(v) for v in page.view()["axialBox"].split(","))
    box = page.tab.locator("canvas.slices").bounding_box()
    z = page.planes_lps_mm()[2]
    page.tab.mouse.move(box["x"] + left + width / 2, box["y"] + top + height / 2)
    for _ in range(3):
        page.tab.mouse.wheel(0, -100)
    page.eventually(lambda: _assert(abs(page.planes_lps_mm()[2] - z) == pytest.approx(6, abs=0.1)))


def _assert(holds: bool) -> None:
    assert holds
