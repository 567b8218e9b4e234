"""What is measured in the viewer: against numpy, kept with the finding, of nothing missing.

Also two fingers. About a minute on two quiet cores.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.app.web.made_results import CENTRES_LPS_MM, made_volume, write_made_result
from tests.browser.conftest import serving
from tests.browser.page import ReadingPage, reading_page
from tests.browser.stage import at, box, drag, measure_diameter, stored, zooms

pytestmark = pytest.mark.browser

# The volume's bytes come up to a share of it; the rest waits until the test lets it go.
HOLD = """
const real = window.fetch
window.fetch = async (...given) => {
  const answer = await real(...given)
  if (!String(given[0]).includes('/starlung/volumes/')) return answer
  const reader = answer.body.getReader()
  const let_go = new Promise((go) => { window.letGo = go })
  let sent = 0
  return new Response(new ReadableStream({
    async pull(out) {
      if (sent > SHARE) await let_go
      const { done, value } = await reader.read()
      if (done) return out.close()
      sent += value.length
      out.enqueue(value)
    },
  }))
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tmp_path_factory.mktemp("measures")


@pytest.fixture(scope="module")
def address(folder: Any) -> Iterator[str]:
    write_made_result(folder / "out", made_volume())
    with serving(folder, "--open", str(folder / "out")) as url:
        yield url


@pytest.fixture(scope="module")
def opened(browser: Any, address: str) -> Iterator[ReadingPage]:
    with reading_page(browser, address) as page:
        page.open()
        page.await_images()
        page.settle()
        yield page


@pytest.fixture
def page(opened: ReadingPage) -> ReadingPage:
    for key in ("Escape", "f"):
        opened.tab.keyboard.press(key)
    opened.choose_row(1)
    return opened


@pytest.mark.parametrize("key", ["r", "e"])
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_region_says_what_numpy_says(page: ReadingPage, plane: str, key: str) -> None:
    page.tab.keyboard.press(key)
    left, top, width, height = box(page, plane)
    drag(
        page,
        (left + 0.3 * width, top + 0.4 * height),
        (left + 0.55 * width, top + 0.62 * height),
    )
    (area,) = json.loads(page.view()["areas"])
    values = within(area["fromLps"], area["toLps"], ellipse=key == "e")
    assert area["voxels"] == len(values) > 100
    assert area["mean"] == pytest.approx(values.mean(), abs=0.01)
    assert area["deviation"] == pytest.approx(values.std(ddof=1), abs=0.01)
    assert (area["smallest"], area["largest"]) == (values.min(), values.max())
    assert area["deviation"] > 50, "the region has tissue and air"


def within(from_lps: list[float], to_lps: list[float], *, ellipse: bool) -> Any:
    """HU of the voxels of the made CT whose centres lie within a region of one slice."""
    volume = made_volume()
    corners = np.array([volume.geometry.lps_to_voxel(tuple(c)) for c in (from_lps, to_lps)])
    middle, half = corners.mean(0), np.abs(corners[0] - corners[1]) / 2
    through = int(np.argmin(half))
    grid = np.meshgrid(*(np.arange(n) for n in volume.hu.shape), indexing="ij", sparse=True)
    inside = grid[through] == round(float(middle[through]))
    away = [(grid[axis] - middle[axis]) / half[axis] for axis in range(3) if axis != through]
    if ellipse:
        inside = inside & (away[0] ** 2 + away[1] ** 2 <= 1)
    else:
        inside = inside & (np.abs(away[0]) <= 1) & (np.abs(away[1]) <= 1)
    return volume.hu[np.broadcast_to(inside, volume.hu.shape)].astype(float)


def test_two_fingers_enlarge_about_their_middle_and_move(page: ReadingPage) -> None:
    x, y = at(page, CENTRES_LPS_MM[0])
    fingers = page.tab.context.new_cdp_session(page.tab)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": px, "y": py, "id": n} for n, (px, py) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", (x - 40, y))
    touch("touchStart", (x - 40, y), (x + 40, y))
    for spread in (50, 60, 70, 80):
        touch("touchMove", (x - spread, y), (x + spread, y))
    page.eventually(lambda: _assert(zooms(page)[0] == pytest.approx(2, rel=0.1)))
    assert zooms(page)[1:] == [1, 1], "the other planes stay"
    assert at(page, CENTRES_LPS_MM[0]) == pytest.approx((x, y), abs=6)
    for down in (10, 20, 30):
        touch("touchMove", (x - 80, y + down), (x + 80, y + down))
    page.eventually(
        lambda: _assert(at(page, CENTRES_LPS_MM[0]) == pytest.approx((x, y + 30), abs=6))
    )
    touch("touchEnd")
    page.expect_planes_at(CENTRES_LPS_MM[0])
    page.tab.keyboard.press("f")
    page.eventually(lambda: _assert(zooms(page)[0] == 1))


def test_the_line_of_a_diameter_is_kept_and_drawn_again(page: ReadingPage, folder: Any) -> None:
    measure_diameter(page, CENTRES_LPS_MM[0])
    page.tab.keyboard.press("a")
    page.expect_text("1 of 3 reviewed")
    first = stored(folder)[0]
    line = first.assessment.diameter_line
    assert line.plane == "axial"
    assert round(line.length_mm, 1) == first.diameter_mm == pytest.approx(12, abs=1)
    middle = np.mean([line.from_lps_mm, line.to_lps_mm], axis=0)
    assert middle == pytest.approx(CENTRES_LPS_MM[0], abs=2)
    page.expect_text("Finding 2 of 3")
    page.tab.reload()
    page.await_images()
    page.expect_text("Finding 2 of 3")
    assert json.loads(page.view()["keptLines"]) == [], "its slice is not on show"
    page.choose_row(1)
    page.eventually(lambda: _assert(lines(page) == [(1, first.diameter_mm)]))
    assert page.view()["distances"] == "[]"
    page.choose_row(1)
    page.press("Undo decision")
    page.expect_text("0 of 3 reviewed")


def lines(page: ReadingPage) -> list[tuple[int, float]]:
    """Lines of findings that are drawn now: number and length."""
    shown = json.loads(page.view()["keptLines"])
    return [(line["finding"], round(line["mm"], 1)) for line in shown]


def test_what_has_not_come_is_hatched_and_has_no_hu(browser: Any, address: str) -> None:
    share = made_volume().hu.nbytes // 2  # the file begins at the feet
    with reading_page(browser, address) as page:
        page.tab.add_init_script(HOLD.replace("SHARE", str(share)))
        page.open()
        page.tab.wait_for_selector(".viewer[data-coronal-box]")
        page.eventually(lambda: _assert(hatched(page, "coronal") > 0.3))
        left, top, width, height = box(page, "coronal")
        missing, first = ((left + width / 2, top + height * share) for share in (0.1, 0.54))
        under = page.tab.locator(".under b")
        page.tab.mouse.move(*missing)
        page.eventually(lambda: _assert(under.inner_text() == "–"))
        page.tab.mouse.move(*first)
        page.eventually(lambda: _assert(under.inner_text() != "–"))
        page.tab.evaluate("window.letGo()")
        page.await_images()
        page.eventually(lambda: _assert(hatched(page, "coronal") < 0.02))


def hatched(page: ReadingPage, plane: str) -> float:
    """Share of a plane that is drawn in the hatch's blue; tissue is grey."""
    left, top, width, height = box(page, plane)
    clip = {"x": left, "y": top, "width": width, "height": height}
    shot = Image.open(io.BytesIO(page.tab.screenshot(clip=clip))).convert("RGB")
    red, _, blue = np.moveaxis(np.asarray(shot).astype(int), 2, 0)
    return float(((blue - red >= 8) & (blue < 100)).mean())


def _assert(holds: bool) -> None:
    assert holds
