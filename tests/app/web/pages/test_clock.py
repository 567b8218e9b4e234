"""Times on the page are the reader's own clock's, in the worklist and wherever else they stand."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from app.web import clock, words
from medical.i18n.moments import Moment
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide, sign
from tests.app.web.pages.conftest import OpenPage

KATHMANDU = ZoneInfo("Asia/Kathmandu")  # three quarters of an hour off: no other clock shows that
SIGNED = 1_750_000_000.0


@pytest.fixture(autouse=True)
def reader_in_kathmandu(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (clock, words):
        monkeypatch.setattr(module, "browser_zone", lambda: KATHMANDU)


def test_a_signature_and_a_decision_are_told_by_the_readers_clock(open_page: OpenPage) -> None:
    page = open_page()
    for finding in page.findings():
        decide(page.store, finding.id, NewDecision("accepted"), seen_version=0, actor="bo")
    again = NewDecision("rejected", reason="scar")
    decide(page.store, page.findings()[0].id, again, seen_version=1, actor="bo")
    sign(page.store, page.key, seen_version=4, actor="bo", at=SIGNED)
    page.tab.run()
    assert "Signed by bo, 2025-06-15 20:51" in page.text()
    latest = read_study(page.store, page.key).findings[0].latest
    assert latest is not None
    assert f"bo, {Moment.of(latest.at).on_clock(KATHMANDU)}<" in page.text()
    assert "UTC" not in page.text()
