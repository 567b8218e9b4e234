from __future__ import annotations

import pytest

from app.web.components.viewer.component import Crosshair
from app.web.reading.place import Place
from medical.review.reading import ReadFinding
from medical.store.tables import Decision
from tests.medical.store.made import made_series


@pytest.fixture
def findings() -> list[ReadFinding]:
    """Three findings; the second is decided."""
    decision = Decision(finding_id=2, version=1, verdict="accepted", actor="anna", at=0.0)
    made = made_series(0.9, 0.5, 0.3).findings
    return [
        ReadFinding(n, "1.2.3", n, 0, finding, (decision,) if n == 2 else ())
        for n, finding in enumerate(made, start=1)
    ]


def test_steps_go_round(findings: list[ReadFinding]) -> None:
    place = Place(finding=3)
    place.step(findings, 1)
    assert (place.finding, place.order) == (1, 1)
    place.step(findings, -1)
    assert place.finding == 3


def test_after_a_decision_the_next_undecided_comes(findings: list[ReadFinding]) -> None:
    place = Place(finding=1)
    place.to_next_undecided(findings)
    assert place.finding == 3
    place.to_next_undecided(findings)
    assert place.finding == 1


def test_a_report_is_heard_once() -> None:
    place = Place(finding=1)
    place.hear(Crosshair((1.0, 2.0, 3.0), 4, 2, report=10))
    place.finding = 5
    place.hear(Crosshair((1.0, 2.0, 3.0), 4, 2, report=10))
    assert place.finding == 5


def test_a_click_beside_the_findings_keeps_the_finding_and_the_point() -> None:
    place = Place(finding=1)
    click = Crosshair((1.0, 2.0, 3.0), 4, None, report=10)
    place.hear(click)
    assert (place.finding, place.click) == (1, click)
