"""The viewer in a real Chromium: seconds to the first image of 512x512x300, pictures a second.

The CT is the sample's phantom, enlarged to that size and given a scanner's noise anew (so that it
compresses as badly as a real one); its findings are the phantom's truth, written as a result, since
the time to score is not what is asked here. Seconds count from the click on the study in the
worklist. A picture is counted when the GPU, or the software that stands for it, has finished it.
Server and browser share the machine.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from medical.ct.volume import CtVolume, SeriesSource
from medical.detection.findings import Finding, ModelReference, Seconds, SeriesFindings
from medical.geometry import VolumeGeometry
from medical.intake import open_input
from medical.results.folder import ResultFolder
from medical.store.database import open_store, sqlite_url
from medical.store.results import import_result
from models.runtime.machine import count_cores
from tests.browser.conftest import CHROMIUM_FLAGS, ROOT, serving
from tests.browser.page import reading_page

SHAPE = (300, 512, 512)
NOISE_HU = 15.0
TRUTH = ROOT / "sample_data" / "truth.csv"
UID = "1.2.826.0.1.3680043.8.498.300"
RENDERER = """() => {
    const gl = document.createElement('canvas').getContext('webgl2')
    const info = gl.getExtension('WEBGL_debug_renderer_info')
    return gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER)
}"""
SCROLL = """async (viewer, seconds) => {
    const canvas = viewer.querySelector('canvas.slices')
    const box = canvas.getBoundingClientRect()
    const at = { clientX: box.left + box.width / 4, clientY: box.top + box.height / 2 }
    const slices = new Set()
    const before = Number(viewer.dataset.pictures)
    const began = performance.now()
    for (let n = 0; performance.now() - began < seconds * 1000; n++) {
        const deltaY = n % 160 < 80 ? 100 : -100
        const turn = { ...at, deltaY, bubbles: true, cancelable: true }
        canvas.dispatchEvent(new WheelEvent('wheel', turn))
        slices.add(viewer.dataset.slice)
        await new Promise(requestAnimationFrame)
    }
    const pictures = Number(viewer.dataset.pictures) - before
    return { fps: pictures / ((performance.now() - began) / 1000), slices: slices.size }
}"""


def enlarged() -> CtVolume:
    """The sample at 512x512x300, in its place in the patient."""
    with tempfile.TemporaryDirectory() as scratch:
        (handle,) = open_input(ROOT / "sample_data" / "ct", work_dir=Path(scratch)).chosen
        small = handle.load()
    shares = [n / m for n, m in zip(SHAPE, small.hu.shape, strict=True)]
    hu = ndimage.zoom(small.hu.astype(np.float32), shares, order=1, grid_mode=True, mode="nearest")
    rng = np.random.default_rng(1)
    for plane in hu:
        plane += rng.normal(0, NOISE_HU, plane.shape).astype(np.float32)
    affine = small.geometry.affine_lps_mm.copy()
    affine[:3, :3] /= shares
    corner = np.array([-0.5 + 0.5 / share for share in shares])
    affine[:3, 3] = small.geometry.voxel_to_lps(corner)
    geometry = VolumeGeometry(SHAPE, affine)
    return CtVolume(np.clip(hu, -1024, 3071).astype(np.int16), geometry, SeriesSource(UID))


def findings_of(ct: CtVolume, truth: Path = TRUTH, uid: str = UID) -> SeriesFindings:
    """The phantom's nodules as a result."""
    findings = []
    with truth.open() as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, start=1):
        center = (float(row["coordX"]), float(row["coordY"]), float(row["coordZ"]))
        z, _, _ = ct.geometry.lps_to_voxel(center)
        size = float(row["diameter_mm"])
        mm3 = np.pi / 6 * size**3
        findings.append(
            Finding(
                id=number,
                probability=0.9,
                probability_ci95=(0.5, 1.0),
                center_lps_mm=center,
                slice_number=round(float(z)) + 1,
                sop_instance_uid=None,
                long_axis_mm=size,
                short_axis_mm=size,
                diameter_mm=size,
                diameter_ci95=(size * 0.9, size * 1.1),
                volume_mm3=mm3,
                volume_ci95=(mm3 * 0.8, mm3 * 1.25),
                density="solid",
                mean_hu=0.0,
                location="right upper zone",
            )
        )
    return SeriesFindings(
        study_instance_uid=None,
        series_instance_uid=uid,
        frame_of_reference_uid=None,
        model=ModelReference(name="phantom's truth", version="0", sha256="0" * 64),
        operating_point=0.5,
        samples=1,
        quality=[],
        findings=findings,
        negative=False,
        seconds=Seconds(read=0, prepare=0, detect=0, refine=0, measure=0, write=0),
    )


def prepare(folder: Path) -> float:
    """Write the study; megabytes of what the browser loads. What is there already is kept."""
    result = folder / "result" / UID
    if not (result / "findings.json").is_file():
        result.mkdir(parents=True, exist_ok=True)
        ct = enlarged()
        ResultFolder(result).write_images(ct)
        record = findings_of(ct).model_dump_json(by_alias=True)
        (result / "findings.json").write_text(record)
    return ResultFolder(result).images_file.stat().st_size / 1e6


def enter(folder: Path, work: Path) -> None:
    """Put the study into a fresh worklist."""
    store = open_store(sqlite_url(work / "work" / "store.sqlite"))
    result = folder / "result"
    record = SeriesFindings.model_validate_json((result / UID / "findings.json").read_bytes())
    import_result(store, result, [record], actor="bench")
    store.close()


def measure(browser: Any, address: str, *, seconds: float) -> dict[str, float]:
    """One visit of a new browser context, nothing in its cache."""
    with reading_page(browser, address) as page:
        page.open()
        link = page.tab.get_by_role("link", name="CT-").first
        link.wait_for()
        page.tab.wait_for_timeout(2000)
        clicked = page.tab.evaluate("performance.now()")
        link.click()
        page.await_images(seconds=300)
        view = page.view()
        viewer = page.tab.locator(".viewer")
        result = {
            "first": (float(view["firstImageMs"]) - clicked) / 1000,
            "whole": (float(view["wholeMs"]) - clicked) / 1000,
        }
        for name, keys in (("fps", ""), ("fps_mip", "m")):
            if keys:
                page.tab.keyboard.press(keys)
            page.tab.wait_for_timeout(1500)
            scrolled = viewer.evaluate(f"v => ({SCROLL})(v, {seconds})")
            if scrolled["slices"] < 2:
                raise RuntimeError(f"the wheel did not scroll: {scrolled}")
            result[name] = scrolled["fps"]
        if page.problems:
            raise RuntimeError(f"the page has problems: {page.problems}")
        return result


def main() -> None:
    """Print the table and the RESULT line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--keep", type=Path, help="make the phantom there, or find it there")
    asked.add_argument("--visits", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=5.0, help="of scrolling")
    options = asked.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="starlung-viewer-") as scratch:
        folder, work = options.keep or Path(scratch) / "made", Path(scratch) / "work"
        work.mkdir()
        megabytes = prepare(folder)
        enter(folder, work)
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        with serving(work) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
            renderer = browser.new_page().evaluate(RENDERER)
            visits = [
                measure(browser, address, seconds=options.seconds) for _ in range(options.visits)
            ]
            browser.close()
    report(visits, megabytes=megabytes, renderer=renderer)


def report(visits: list[dict[str, float]], *, megabytes: float, renderer: str) -> None:
    """The table and the RESULT line; medians over visits."""
    lines = (
        ("first image, s", "first"),
        ("all slices, s", "whole"),
        ("pictures a second, scrolling", "fps"),
        ("the same, 10 mm MIP", "fps_mip"),
    )
    print(f"512x512x300, {megabytes:.0f} MB over the line; renderer: {renderer}")
    print(f"{count_cores()} cores, load average {os.getloadavg()[0]:.1f}")
    print(f"{'':32}{'median':>8}{'best':>8}{'worst':>8}")
    result: dict[str, object] = {"renderer": renderer, "visits": len(visits)}
    result["megabytes"] = round(megabytes, 1)
    result["load_average"] = round(os.getloadavg()[0], 1)  # what else ran: cores are shared
    for title, key in lines:
        values = sorted(visit[key] for visit in visits)
        best, worst = (values[-1], values[0]) if "fps" in key else (values[0], values[-1])
        middle = statistics.median(values)
        print(f"{title:32}{middle:>8.1f}{best:>8.1f}{worst:>8.1f}")
        result[key] = round(middle, 2)
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
