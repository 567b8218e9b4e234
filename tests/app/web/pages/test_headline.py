"""The headline of a series without findings says what it cannot know."""

from __future__ import annotations

import pytest

from medical.detection.findings import Searched
from tests.app.web.made_results import made_findings, made_volume
from tests.app.web.pages.conftest import OpenPage

UNKNOWN = "which share of each lung was searched is not known"


@pytest.mark.parametrize(
    ("searched", "title"),
    [
        (Searched(left=0.4, right=1.0), "No finding in the part that was searched"),
        (Searched(left=None, right=None), "No finding in the part that was searched"),
        (Searched(left=0.9, right=1.0), "No finding reaches the operating point."),
        (None, "No finding reaches the operating point."),
    ],
)
def test_without_findings(searched: Searched | None, title: str, open_page: OpenPage) -> None:
    findings = made_findings(made_volume((24, 40, 40), (10.0, 8.8, 8.8)))
    empty = findings.model_copy(update={"findings": [], "negative": True, "searched": searched})
    shown = open_page(empty).text()
    assert title in shown
    assert (UNKNOWN in shown) == (searched is None)
