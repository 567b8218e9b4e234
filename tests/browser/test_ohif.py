"""OHIF over a real Orthanc shows our segmentation where the nodule lies."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image

from medical.dicom.stacking.series import CtSeries
from medical.dicom_out.measurement_report import write_measurement_report
from medical.dicom_out.provenance import OriginalCt
from medical.dicom_out.segmentation import write_segmentation
from medical.intake import open_input
from medical.node.dimse import Entity
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.browser.ohif import ohif_over
from tests.medical.dicom_out.conftest import (
    CENTERS_VOXEL,
    RADII_MM,
    SHAPE,
    geometry_of,
    outline_at,
)
from tests.medical.store.made import made_series
from tests.orthanc import Orthanc, new_orthanc

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    orthanc = new_orthanc(tmp_path_factory.mktemp("orthanc"))
    orthanc.start()
    yield orthanc
    orthanc.stop()


def upload(orthanc: Orthanc, direction: str, folder: Path) -> str:
    """A CT with one bright nodule, its segmentation and report; returns the study's UID."""
    geometry, radii = geometry_of(direction), RADII_MM[0]
    outline = outline_at(1, geometry.voxel_to_lps(CENTERS_VOXEL[0]), radii)
    indices = np.moveaxis(np.indices(SHAPE), 0, -1)
    hu = np.where(outline.holds(geometry.voxel_to_lps(indices)), 60, -850).astype(np.int16)
    labels = CtLabels(f"ohif {direction}", "Test^Viewer", "TEST-1", "made for a test")
    files = write_ct_series(hu, geometry, folder / "ct", labels=labels)
    (handle,) = open_input(folder / "ct", work_dir=folder / "work").chosen
    assert isinstance(handle.origin, CtSeries)
    ct = OriginalCt.of(handle.origin.frames)
    template = made_series(0.9, uid=handle.series_instance_uid)
    center = tuple(float(value) for value in geometry.voxel_to_lps(CENTERS_VOXEL[0]))
    finding = template.findings[0].model_copy(update={"center_lps_mm": center})
    scored = template.model_copy(update={"findings": [finding]})
    seg = write_segmentation([outline], scored, folder / "seg.dcm", ct=ct)
    write_measurement_report(scored, folder / "sr.dcm", ct=ct, segmentation=seg, outlines=[outline])
    sent = [*files, folder / "seg.dcm", folder / "sr.dcm"]
    Entity(orthanc.entity, "STARLUNG", 30).store(sent, lambda _: True, lambda *_: None)
    return str(pydicom.dcmread(files[0]).StudyInstanceUID)


def click(page: Any, text: str) -> None:
    with suppress(Exception):  # not there: the viewer does not ask every time
        page.get_by_text(text, exact=True).first.click(timeout=3000)


def wait_for(look: Callable[[], np.ndarray], seconds: float = 60) -> np.ndarray:
    end = time.monotonic() + seconds
    while not len(spots := look()) and time.monotonic() < end:
        time.sleep(1)
    return spots


@pytest.mark.parametrize("direction", ["head first", "feet first", "oblique"])
def test_the_mask_lies_on_the_nodule(
    browser: Any, archive: Orthanc, tmp_path: Path, direction: str
) -> None:
    uid = upload(archive, direction, tmp_path)
    with ohif_over(archive) as address:
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.goto(f"{address}/viewer?StudyInstanceUIDs={uid}")
        page.get_by_text("StarLung outlines").first.wait_for(timeout=120_000)
        time.sleep(5)
        click(page, "Skip all")
        click(page, "Confirm and hide")
        page.get_by_text("StarLung outlines").first.dblclick()
        page.get_by_role("button", name="Yes").click(timeout=60_000)
        time.sleep(5)  # it puts a new viewport in the place of the one there
        box = page.locator("[data-cy='viewport-pane']").first.bounding_box()

        def picture() -> np.ndarray:
            shot = Image.open(io.BytesIO(page.screenshot(clip=box))).convert("RGB")
            return np.asarray(shot).astype(int)

        coloured = wait_for(lambda: np.argwhere(is_red(inner(picture()))))
        pixels = picture()
        if place := os.environ.get("STARLUNG_SCREENSHOTS"):
            page.screenshot(path=Path(place) / f"ohif-{direction.replace(' ', '-')}.png")
        page.close()
    assert len(coloured), "no mask is shown"
    height, width = pixels.shape[:2]
    scale = height / SHAPE[1]  # the image fills the viewport from top to bottom
    middle = (coloured.min(0) + coloured.max(0)) / 2 + MARGIN
    row = middle[0] / scale - 0.5
    column = (middle[1] - width / 2) / scale + SHAPE[2] / 2 - 0.5
    assert (row, column) == pytest.approx(CENTERS_VOXEL[0][1:], abs=1.5)


@pytest.mark.parametrize("direction", ["head first", "feet first"])
def test_the_report_is_shown_as_lines_with_their_numbers(
    browser: Any, archive: Orthanc, tmp_path: Path, direction: str
) -> None:
    uid = upload(archive, direction, tmp_path)
    with ohif_over(archive) as address:
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.goto(f"{address}/viewer?StudyInstanceUIDs={uid}")
        page.get_by_text("StarLung measurements").first.wait_for(timeout=120_000)
        time.sleep(5)
        click(page, "Skip all")
        click(page, "Confirm and hide")
        page.get_by_text("StarLung measurements").first.dblclick()
        lines = page.locator("[data-cy='viewport-pane'] svg line")
        try:
            lines.first.wait_for(timeout=60_000, state="attached")
        finally:
            if place := os.environ.get("STARLUNG_SCREENSHOTS"):
                page.screenshot(path=Path(place) / f"ohif-report-{direction.replace(' ', '-')}.png")
        text = page.locator("[data-cy='viewport-pane']").first.inner_text()
        page.close()
    assert "Long axis" in text
    assert "9.00 mm" in text


MARGIN = 60


def is_red(pixels: np.ndarray) -> np.ndarray:
    """The colour of the first segment; the viewer's own texts and signs are blue."""
    return np.asarray(pixels[..., 0] - pixels[..., 2] > 50)


def inner(pixels: np.ndarray) -> np.ndarray:
    """Without the edge, where the viewer writes its own coloured signs."""
    return pixels[MARGIN:-MARGIN, MARGIN:-MARGIN]
