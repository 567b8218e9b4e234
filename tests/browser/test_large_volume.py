"""A 512×512×300 CT opens in the viewer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app.web.made_results import CENTRES_LPS_MM, made_volume, write_made_result
from tests.browser.page import reading_page

pytestmark = pytest.mark.browser


def test_opens_and_moves(
    browser: Any,
    serve: Callable[..., str],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    volume = made_volume(shape=(300, 512, 512), spacing_mm=(1.0, 0.7, 0.7))
    folder = write_made_result(tmp_path / "out", volume)
    record_property("megabytes", (folder / "viewer" / "ct.nii.gz").stat().st_size / 1e6)
    with reading_page(browser, serve("--open", tmp_path / "out")) as page:
        page.open()
        page.await_images(seconds=180)
        record_property("seconds_to_open", page.view()["seconds"])
        page.choose_row(3)
        page.expect_planes_at(CENTRES_LPS_MM[2])
        assert page.problems == []
