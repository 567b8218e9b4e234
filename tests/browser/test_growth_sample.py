"""The whole way: the worker scores the sample and what it was before, the page says what grew."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medical.store.database import open_store, sqlite_url
from medical.store.queue import enqueue
from tests.browser.conftest import ROOT
from tests.browser.earlier_sample import GROWN_LPS_MM, write_earlier_sample
from tests.browser.page import ReadingPage, reading_page
from tests.browser.test_prior import assert_apart, choose_prior

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def grown_row(page: ReadingPage) -> int:
    """Number of the finding at the nodule that was smaller."""
    for number in range(1, page.tab.locator("tr[data-finding]").count() + 1):
        page.choose_row(number)
        page.tab.wait_for_timeout(300)
        if math.dist(page.crosshair_lps_mm(), GROWN_LPS_MM) < 5:
            return number
    raise AssertionError("the nodule was not found")


@pytest.mark.timeout(1500)
def test_growth_of_a_scored_sample(browser: Any, serve: Callable[..., str], tmp_path: Path) -> None:
    write_earlier_sample(tmp_path / "earlier", tmp_path)
    work = tmp_path / "work"
    store = open_store(sqlite_url(work / "store.sqlite"))
    keys = [
        enqueue(store, path, root=work / "studies", actor="t")
        for path in (tmp_path / "earlier", ROOT / "sample_data" / "ct")
    ]
    store.close()
    address = serve(serve_worker="true", samples="8", lease_seconds="300")
    with reading_page(browser, address) as page:
        page.open()
        ready = page.tab.locator(".starlung-state.ready")
        ready.nth(1).wait_for(timeout=1_200_000)
        page.tab.get_by_role("link", name=f"CT-{keys[1][:6].upper()}").click()
        page.await_images()
        number = grown_row(page)
        page.picture("reading")
        page.tab.get_by_text("Why: the attention map").click()
        page.picture("why", show=page.tab.get_by_text("similarity to itself"))
        choose_prior(page)
        page.choose_row(number)
        page.eventually(lambda: assert_apart(page, (-6.0, 4.0, -9.0)))
        page.tab.mouse.wheel(0, -5000)
        page.picture("prior")
        page.picture("growth", show=page.tab.get_by_text("Matched by affine registration"))
        lines = page.tab.locator(".starlung-growth tbody tr").all_inner_texts()
        (row,) = [line for line in lines if line.split("\t")[0] == str(number)]
        assert "grown" in row
        page.expect_no_failure()
        assert page.problems == []
    folders = list((work / "studies" / keys[1]).glob("*/heatmap-*.nii.gz"))
    assert folders, "the worker makes the maps"
    (registration,) = (work / "studies" / keys[1]).glob("*/growth/*.json")
    assert json.loads(registration.read_text())["correlation"] > 0.9
