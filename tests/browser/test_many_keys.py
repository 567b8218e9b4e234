"""Three hundred keys on forty findings: each is one decision, none is lost.

A minute on two quiet cores.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.app.web.made_results import made_findings, made_volume, write_made_result
from tests.browser.conftest import serving
from tests.browser.page import reading_page
from tests.browser.stage import stored

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FINDINGS = 40
KEYS = int(os.environ.get("STARLUNG_KEYS", "300"))


def test_no_key_is_lost(browser: Any, tmp_path: Path) -> None:
    volume = made_volume((60, 80, 80), (4.0, 4.4, 4.4))
    rng = np.random.default_rng(7)
    places = rng.uniform(-90, 90, (FINDINGS, 3)) - [0, 0, 110]
    centres = [tuple(map(float, place)) for place in places]
    findings = made_findings(volume)
    many = [
        findings.findings[0].model_copy(update={"id": number, "center_lps_mm": centre})
        for number, centre in enumerate(centres, start=1)
    ]
    write_made_result(tmp_path / "out", volume, findings.model_copy(update={"findings": many}))
    pressed = 0
    with (
        serving(tmp_path, "--open", str(tmp_path / "out")) as url,
        reading_page(browser, url) as page,
    ):
        page.open()
        page.await_images()
        page.settle()
        while pressed < KEYS:
            for number in range(FINDINGS):
                page.tab.keyboard.press("a" if number % 4 else "x")
                if number % 4 == 0:
                    page.tab.keyboard.press("2")
                pressed += 1 + (number % 4 == 0)
                page.tab.wait_for_timeout(int(rng.integers(0, 400)))
            page.expect_text(f"{FINDINGS} of {FINDINGS} reviewed")
            page.eventually(lambda: _assert(page.tab.locator("tr.saving").count() == 0))
            for left in range(FINDINGS - 1, -1, -1):
                page.tab.keyboard.press("u")
                pressed += 1
                if left % 10 == 0:
                    page.expect_text(f"{left} of {FINDINGS} reviewed")
            # what is pressed for a finding as it stood before its last change is refused, and told
            page.eventually(
                lambda: _assert(page.tab.locator("td", has_text="undecided").count() == FINDINGS)
            )
            page.choose_row(1)
        assert page.problems == []
    rounds = pressed // (FINDINGS + FINDINGS // 4 + FINDINGS)
    assert {finding.version for finding in stored(tmp_path)} == {2 * rounds}


def _assert(holds: bool) -> None:
    assert holds
