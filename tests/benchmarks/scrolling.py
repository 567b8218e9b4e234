"""Scrolling a CT of 512x512x300 in a real Chromium: pictures a second, and where the time goes.

By the wheel, one notch a frame, and as a film at its fastest (30 slices a second asked for), in
each layout, so that what a plane more costs can be read off. The CT is that of `viewer`. A picture
is counted when it was drawn; a frame begins only when the one before was shown. ``--gpu`` has
Chromium draw by EGL instead of SwiftShader, for a machine with a GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from medical.results.folder import ResultFolder
from medical.store.database import open_store, sqlite_url
from medical.store.results import import_result
from models.runtime.machine import count_cores
from tests.benchmarks.viewer import RENDERER, SCROLL, UID, enlarged, findings_of
from tests.browser.conftest import CHROMIUM_FLAGS, serving
from tests.browser.page import reading_page

EGL_FLAGS = [
    *("--no-sandbox", "--ignore-gpu-blocklist", "--enable-gpu"),
    *("--use-gl=angle", "--use-angle=gl-egl", "--disable-background-networking"),
]
FILM = """async (viewer, seconds) => {
    const before = Number(viewer.dataset.pictures)
    const began = performance.now()
    await new Promise((done) => setTimeout(done, seconds * 1000))
    const pictures = Number(viewer.dataset.pictures) - before
    return { fps: pictures / ((performance.now() - began) / 1000) }
}"""
SIZES = ((1440, 900), (1920, 1080))
LAYOUTS = ("three planes, close-up", "three planes", "one plane")


def measure(page: Any, seconds: float) -> dict[str, dict[str, float]]:
    """Pictures a second in each layout, by wheel and as a film."""
    tab, viewer = page.tab, page.tab.locator(".viewer")
    measured: dict[str, dict[str, float]] = {}
    for layout in LAYOUTS:
        name = "One plane" if layout == "one plane" else "Three planes"
        tab.get_by_role("button", name=name).click()
        wanted = "3" if "close-up" in layout else "0"
        if page.view()["closeUps"] != wanted:
            tab.keyboard.press("c")
        page.eventually(partial(_check, page, wanted))
        wheel = viewer.evaluate(f"(viewer) => ({SCROLL})(viewer, {seconds})")["fps"]
        tab.keyboard.press(" ")
        for _ in range(3):
            tab.keyboard.press("+")
        film = viewer.evaluate(f"(viewer) => ({FILM})(viewer, {seconds})")["fps"]
        tab.keyboard.press(" ")
        measured[layout] = {"wheel": round(wheel, 1), "film": round(film, 1)}
    return measured


def _check(page: Any, wanted: str) -> None:
    assert page.view()["closeUps"] == wanted


def write_store(folder: Path) -> None:
    """One study of that size, in a store of its own."""
    ct = enlarged()
    scored = findings_of(ct)
    out = folder / "out" / UID
    out.mkdir(parents=True)
    (out / "findings.json").write_text(scored.model_dump_json(by_alias=True))
    ResultFolder(out).write_images(ct)
    (folder / "work").mkdir()
    store = open_store(sqlite_url(folder / "work" / "store.sqlite"))
    import_result(store, folder / "out", [scored], actor="benchmark")
    store.close()


def main() -> int:
    """Measure each size and print a table."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--gpu", action="store_true", help="draw by EGL on this machine's GPU")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    flags = EGL_FLAGS if chosen.gpu else CHROMIUM_FLAGS
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="scrolling-") as name, sync_playwright() as playwright:
        write_store(Path(name))
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        with serving(Path(name)) as address, reading_page(browser, address) as page:
            page.open()
            renderer = page.tab.evaluate(RENDERER)
            print(f"512x512x300; renderer: {renderer}", flush=True)
            page.open_study(seconds=900)
            print(f"{'':12} {'':24} {'wheel':>6} {'film':>6}")
            for width, height in SIZES:
                page.tab.set_viewport_size({"width": width, "height": height})
                page.settle()
                size = figures[f"{width}x{height}"] = measure(page, chosen.seconds)
                for layout, fps in size.items():
                    shown = f"{fps['wheel']:6.1f} {fps['film']:6.1f}"
                    print(f"{width}x{height:<7} {layout:24} {shown}", flush=True)
        browser.close()
    load = os.getloadavg()[0]
    print(f"{count_cores()} cores, load average {load:.1f}")
    print("RESULT " + json.dumps({"renderer": renderer, "load_average": load, **figures}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
