"""OHIF over a real Orthanc shows our segmentations and reports, as scored and as signed."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from medical.report.objects.signed import signed_objects
from medical.store.database import open_store, sqlite_url
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.browser.ohif import ohif_over
from tests.medical.dicom_out.conftest import (
    CENTERS_VOXEL,
    RADII_MM,
    SHAPE,
    Written,
    geometry_of,
    outline_at,
    upright,
    write_all,
)
from tests.medical.report.objects.test_signed import by_form, read_and_sign, scored_study
from tests.medical.store.made import made_series
from tests.orthanc import Orthanc, new_orthanc

__all__ = ["upright", "write_all"]  # fixtures
pytestmark = [pytest.mark.slow, pytest.mark.browser]


# the viewer's guided tour would lie over its pages, sooner or later
NO_TOUR = ".shepherd-modal-overlay-container, .shepherd-element {display: none !important}"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    orthanc = new_orthanc(tmp_path_factory.mktemp("orthanc"))
    orthanc.start()
    yield orthanc
    orthanc.stop()


def upload(orthanc: Orthanc, direction: str, folder: Path, *, is_found: bool = True) -> str:
    """A CT with one bright nodule, its segmentation and report; returns the study's UID.

    Where the nodule is not found, the report says that nothing was found, and there is no
    segmentation.
    """
    geometry, radii = geometry_of(direction), RADII_MM[0]
    outline = outline_at(1, geometry.voxel_to_lps(CENTERS_VOXEL[0]), radii)
    indices = np.moveaxis(np.indices(SHAPE), 0, -1)
    hu = np.where(outline.holds(geometry.voxel_to_lps(indices)), 60, -850).astype(np.int16)
    labels = CtLabels(f"ohif {direction} {is_found}", "Test^Viewer", "TEST-1", "made for a test")
    files = write_ct_series(hu, geometry, folder / "ct", labels=labels)
    (handle,) = open_input(folder / "ct", work_dir=folder / "work").chosen
    assert isinstance(handle.origin, CtSeries)
    ct = OriginalCt.of(handle.origin.frames)
    template = made_series(0.9, uid=handle.series_instance_uid)
    center = tuple(float(value) for value in geometry.voxel_to_lps(CENTERS_VOXEL[0]))
    finding = template.findings[0].model_copy(update={"center_lps_mm": center})
    result = {"findings": [finding]} if is_found else {"findings": [], "negative": True}
    scored = template.model_copy(update=result)
    outlines = [outline] if is_found else []
    seg = write_segmentation(outlines, scored, folder / "seg.dcm", ct=ct) if is_found else None
    write_measurement_report(scored, folder / "sr.dcm", ct=ct, segmentation=seg, outlines=outlines)
    send(orthanc, [*files, *sorted(folder.glob("*.dcm"))])
    return str(pydicom.dcmread(files[0]).StudyInstanceUID)


def upload_signed(orthanc: Orthanc, written: Written, folder: Path) -> str:
    """A study with one finding accepted, one rejected and one added, as it was signed."""
    store = open_store(sqlite_url(folder / "store.sqlite"))
    key = scored_study(store, written, folder / "studies")
    read_and_sign(store, key, written)
    objects = by_form(signed_objects(store, key, actor="anna"), folder)
    assert set(objects) == {"sr", "seg", "kos", "pdf"}
    send(orthanc, [*sorted((written.folder / "ct").rglob("*.dcm")), *objects.values()])
    return str(written.ct.headers[0].StudyInstanceUID)


def send(orthanc: Orthanc, files: list[Path]) -> None:
    Entity(orthanc.entity, "STARLUNG", 120).store(files, lambda _: True, lambda *_: None)


@contextmanager
def opened(browser: Any, archive: Orthanc, uid: str, series: str, shot: str) -> Iterator[Any]:
    """A page on one series of a study, opened as a reader would; a picture of it at the end."""
    with ohif_over(archive) as address:
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.goto(f"{address}/viewer?StudyInstanceUIDs={uid}", timeout=180_000)
        page.get_by_text(series).first.wait_for(timeout=120_000)
        page.add_style_tag(content=NO_TOUR)
        click(page, "Confirm and hide")
        page.get_by_text(series).first.dblclick()
        try:
            yield page
        finally:
            if place := os.environ.get("STARLUNG_SCREENSHOTS"):
                page.screenshot(path=Path(place) / f"ohif-{shot.replace(' ', '-')}.png")
            page.close()


def click(page: Any, text: str) -> None:
    with suppress(Exception):  # not there: the viewer does not ask every time
        page.get_by_text(text, exact=True).first.click(timeout=3000)


def mask_shown(page: Any) -> np.ndarray:
    """Where the middle of the coloured area lies, in the image's rows and columns."""
    page.get_by_role("button", name="Yes").click(timeout=60_000)
    time.sleep(5)  # it puts a new viewport in the place of the one there
    box = page.locator("[data-cy='viewport-pane']").first.bounding_box()

    def picture() -> np.ndarray:
        shot = Image.open(io.BytesIO(page.screenshot(clip=box))).convert("RGB")
        return np.asarray(shot).astype(int)

    end = time.monotonic() + 60
    while not len(coloured := np.argwhere(is_red(inner(picture())))) and time.monotonic() < end:
        time.sleep(1)
    assert len(coloured), "no mask is shown"
    height, width = picture().shape[:2]
    scale = height / SHAPE[1]  # the image fills the viewport from top to bottom
    row, column = (coloured.min(0) + coloured.max(0)) / 2 + MARGIN
    return np.array([row / scale - 0.5, (column - width / 2) / scale + SHAPE[2] / 2 - 0.5])


def text_of_lines(page: Any) -> str:
    """What is written in the viewport once lines are drawn there."""
    page.locator("[data-cy='viewport-pane'] svg line").first.wait_for(
        timeout=60_000, state="attached"
    )
    return str(page.locator("[data-cy='viewport-pane']").first.inner_text())


@pytest.mark.parametrize("direction", ["head first", "feet first", "oblique"])
def test_the_mask_lies_on_the_nodule(
    browser: Any, archive: Orthanc, tmp_path: Path, direction: str
) -> None:
    uid = upload(archive, direction, tmp_path)
    with opened(browser, archive, uid, "StarLung outlines", direction) as page:
        assert mask_shown(page) == pytest.approx(CENTERS_VOXEL[0][1:], abs=1.5)


@pytest.mark.parametrize("direction", ["head first", "feet first"])
def test_the_report_is_shown_as_lines_with_their_numbers(
    browser: Any, archive: Orthanc, tmp_path: Path, direction: str
) -> None:
    uid = upload(archive, direction, tmp_path)
    with opened(browser, archive, uid, "StarLung measurements", f"report {direction}") as page:
        text = text_of_lines(page)
    assert "Long axis" in text
    assert "9.00 mm" in text


def test_the_mask_as_signed_lies_on_the_nodule_that_stands(
    browser: Any, archive: Orthanc, upright: Written, tmp_path: Path
) -> None:
    uid = upload_signed(archive, upright, tmp_path)
    with opened(browser, archive, uid, "StarLung outlines as signed", "signed mask") as page:
        assert mask_shown(page) == pytest.approx(CENTERS_VOXEL[0][1:], abs=1.5)


def test_the_report_as_signed_is_shown_as_lines_with_their_numbers(
    browser: Any, archive: Orthanc, upright: Written, tmp_path: Path
) -> None:
    """One finding accepted, one rejected, one added: neither keeps the first from being drawn."""
    uid = upload_signed(archive, upright, tmp_path)
    with opened(browser, archive, uid, "StarLung measurements", "signed report") as page:
        text = text_of_lines(page)
    assert "Long axis" in text
    assert "9.00 mm" in text


def test_a_report_that_nothing_was_found_is_listed_and_the_ct_opens_after_it(
    browser: Any, archive: Orthanc, tmp_path: Path
) -> None:
    """OHIF 3.12.10 shows nothing of it: it takes the first coordinate of each group."""
    uid = upload(archive, "head first", tmp_path, is_found=False)
    with opened(browser, archive, uid, "StarLung measurements", "nothing found") as page:
        time.sleep(5)
        assert page.locator("[data-cy='viewport-pane'] svg line").count() == 0
        page.get_by_text("made for a test").first.dblclick()
        box = page.locator("[data-cy='viewport-pane']").first.bounding_box()
        end = time.monotonic() + 60
        while (shown := grey_share(page, box)) < 0.3 and time.monotonic() < end:
            time.sleep(1)
    assert shown > 0.3, "the CT is not shown"


def grey_share(page: Any, box: Any) -> float:
    """The share of a viewport that shows an image, which is grey where nothing is black."""
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=box))).convert("L"))
    return float(np.mean((shot > 40) & (shot < 220)))


MARGIN = 60


def is_red(pixels: np.ndarray) -> np.ndarray:
    """The colour of the first segment; the viewer's own texts and signs are blue."""
    return np.asarray(pixels[..., 0] - pixels[..., 2] > 50)


def inner(pixels: np.ndarray) -> np.ndarray:
    """Without the edge, where the viewer writes its own coloured signs."""
    return pixels[MARGIN:-MARGIN, MARGIN:-MARGIN]
