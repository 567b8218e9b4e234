"""A tile that stands still is not painted again, and nothing on the stage is ever out of date.

About half a minute on two quiet cores.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.app.web.made_results import made_volume, write_made_result
from tests.browser.conftest import serving
from tests.browser.page import ReadingPage, reading_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadingPage]:
    folder = tmp_path_factory.mktemp("painted")
    write_made_result(folder / "out", made_volume())
    with (
        serving(folder, "--open", str(folder / "out")) as url,
        reading_page(browser, url) as opened,
    ):
        opened.open()
        opened.await_images()
        opened.settle()
        yield opened


def stage(page: ReadingPage) -> Any:
    """Grey values of the slices alone, once nothing is coarse."""
    page.eventually(lambda: _assert(page.view()["coarse"] == ""))
    shot = page.tab.locator("canvas.slices").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("L")).astype(int)


def painted_anew(page: ReadingPage) -> Any:
    """The same, after every tile was thrown away."""
    page.tab.get_by_role("button", name="One plane").click()
    page.eventually(lambda: _assert(page.view()["layout"] == "one"))
    page.tab.get_by_role("button", name="Three planes").click()
    page.eventually(lambda: _assert(page.view()["layout"] == "three"))
    return stage(page)


@pytest.mark.parametrize(
    "keys",
    [
        ["ArrowUp"] * 6,
        ["i"],
        ["2"],
        ["m", "]"],
        ["n"],
        ["PageDown", "ArrowUp", "o"],
        ["f", "c"],
    ],
    ids=["slices", "invert", "window", "slab", "finding", "one-to-one", "close-up"],
)
def test_what_is_shown_is_what_painting_anew_shows(page: ReadingPage, keys: list[str]) -> None:
    before = stage(page)
    for key in keys:
        page.tab.keyboard.press(key)
    after = stage(page)
    assert np.abs(after - before).max() > 20, "something has changed"
    assert np.array_equal(after, painted_anew(page))


def test_a_quick_scroll_ends_in_the_fine_picture(page: ReadingPage) -> None:
    box = page.tab.locator("canvas.slices").bounding_box()
    page.tab.mouse.move(box["x"] + 200, box["y"] + 200)
    before = stage(page)
    for step in (100, -100):
        for _ in range(15):
            page.tab.mouse.wheel(0, step)
    page.eventually(lambda: _assert(np.array_equal(stage(page), before)))


def _assert(holds: bool) -> None:
    assert holds
