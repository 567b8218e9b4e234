"""The operating point on the reading page: what another threshold gives; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medical.detection.findings import ModelReference
from medical.evaluation.expected_performance import expected_at_points
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.app.web.made_results import made_findings, made_volume, write_made_result
from tests.browser.page import reading_page

pytestmark = pytest.mark.browser
CARD = find_model(DEFAULT_MODEL).card
MARKS = "seriesuid,coordX,coordY,coordZ,probability,probability_low,probability_high,diameter_mm\n"
POINTS = sorted(choice.threshold for choice in CARD.operating_curve)
START = min(
    POINTS, key=lambda threshold: abs(threshold - CARD.operating_point)
)  # where the slider stands
LOWER = POINTS[POINTS.index(START) - 1]
# below the operating point too: such a mark is no finding, and the lower threshold adds it
FAINT_P = (LOWER + min(START, CARD.operating_point)) / 2
FAINT = f"-30.000,-40.000,-110.000,{FAINT_P:.6f},0.020000,0.900000,5.00"


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """A result of the shipped model: three findings, and a mark just below its operating point."""
    volume = made_volume(shape=(120, 60, 60), spacing_mm=(2.0, 6.0, 6.0))
    folder = write_made_result(tmp_path / "out", volume)
    model = ModelReference(
        name=CARD.name, version=CARD.version, sha256=CARD.sha256, digest=CARD.digest
    )
    scored = made_findings(volume).model_copy(
        update={"model": model, "operating_point": CARD.operating_point}
    )
    (folder / "findings.json").write_text(scored.model_dump_json(by_alias=True))
    uid = scored.series_instance_uid
    rows = [
        f"{uid},{x},{y},{z},{f.probability},{f.probability_ci95[0]},{f.probability_ci95[1]},9.0"
        for f in scored.findings
        for x, y, z in [f.center_lps_mm]
    ]
    (folder / "predictions.csv").write_text(MARKS + "\n".join([*rows, f"{uid},{FAINT}"]) + "\n")
    return tmp_path / "out"


def test_a_lower_point_shows_what_it_gives_and_the_marks_that_it_adds(
    browser: Any, serve: Callable[..., str], result: Path
) -> None:
    by_threshold = {point.threshold: point for point in expected_at_points(CARD)}
    with reading_page(browser, serve("--open", result)) as page:
        page.open()
        page.await_images()
        page.call_reader("anna")
        page.tab.get_by_text("Operating point: effect of another threshold").click()
        figures = page.tab.locator(".starlung-figures")
        figures.get_by_text(f"{by_threshold[START].sensitivity:.0%}", exact=True).wait_for()
        assert figures.inner_text().split()[-1] == "3"  # marks in this CT at the point of scoring
        name = "Probability from which a candidate counts as a finding"
        slider = page.tab.get_by_role("slider", name=name)
        slider.press("ArrowRight")  # above the point of scoring: figures, no marks to add
        page.expect_no_failure()
        slider.press("ArrowLeft")
        page.settle()
        slider.press("ArrowLeft")
        low, high = by_threshold[LOWER].false_positives_ci95

        def one_more() -> None:  # neighbouring points may share all but the count of marks here
            assert figures.inner_text().split()[-1] == "4"

        page.eventually(one_more)
        figures.get_by_text(f"{low:.2f}–{high:.2f}", exact=True).wait_for()
        # slice 61 of 2 mm from -230 mm; probability with its interval
        row = page.tab.locator(
            "table.starlung-guidelines tr", has_text=f"{FAINT_P:.2f} (0.02–0.90)"
        )
        assert row.inner_text().split()[0] == "61"
        assert page.tab.locator("tr[data-finding]").count() == 3
        page.tab.locator(".starlung-figures").scroll_into_view_if_needed()
        page.picture("operating-point")
        assert page.problems == []
