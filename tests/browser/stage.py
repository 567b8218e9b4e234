"""Where things lie on the viewer's stage, for the tests' made CT; and what the store holds."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from medical.review.reading import read_study
from medical.review.worklist import worklist
from medical.store.database import open_store, sqlite_url
from tests.browser.page import ReadingPage

SPACING_MM = 2.2


def box(page: ReadingPage, plane: str = "axial") -> tuple[float, float, float, float]:
    """Where the whole image lies: left, top, width, height in the window."""
    left, top, width, height = (float(v) for v in page.view()[f"{plane}Box"].split(","))
    canvas = page.tab.locator("canvas.slices").bounding_box()
    return canvas["x"] + left, canvas["y"] + top, width, height


def at(page: ReadingPage, point_lps_mm: tuple[float, float, float]) -> tuple[float, float]:
    """Where a point of the patient lies on the axial picture, in the window."""
    left, top, width, height = box(page)
    scale = width / (160 * SPACING_MM)
    return left + width / 2 + point_lps_mm[0] * scale, top + height / 2 + point_lps_mm[1] * scale


def drag(page: ReadingPage, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.tab.mouse.move(*start)
    page.tab.mouse.down()
    page.tab.mouse.move(*end, steps=4)
    page.tab.mouse.up()


def measure_diameter(page: ReadingPage, point_lps_mm: tuple[float, float, float]) -> None:
    """Draw a distance of 12 mm about finding 1, and take it as its diameter."""
    page.tab.keyboard.press("d")
    x, y = at(page, point_lps_mm)
    scale = box(page)[2] / (160 * SPACING_MM)
    drag(page, (x - 6 * scale, y), (x + 6 * scale, y))
    page.tab.get_by_role("button", name="as diameter of finding 1").click()
    field = page.tab.get_by_label("Diameter measured by me (mm)")

    def taken() -> None:
        assert abs(float(field.input_value() or 0) - 12) < 1

    page.eventually(taken)
    page.tab.keyboard.press("Escape")


def zooms(page: ReadingPage) -> list[float]:
    return [float(v) for v in page.view()["zoom"].split(",")]


def grey(page: ReadingPage, x: float, y: float) -> float:
    clip = {"x": x - 1, "y": y - 1, "width": 3, "height": 3}
    shot = Image.open(io.BytesIO(page.tab.screenshot(clip=clip))).convert("L")
    return float(np.asarray(shot).mean())


def stored(folder: Any) -> list[Any]:
    store = open_store(sqlite_url(folder / "work" / "store.sqlite"))
    (study,) = worklist(store)
    findings = list(read_study(store, study.key).findings)
    store.close()
    return findings
