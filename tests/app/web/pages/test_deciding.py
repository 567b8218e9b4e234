"""What a reader does on the page reaches the store, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from app.web.components.viewer.component import Crosshair
from app.web.reading import add_panel
from medical.detection.findings import AddedFinding
from medical.nodule.guidelines.assessment import Examination
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide
from medical.store.requests import remove
from tests.app.web.made_results import UID, made_findings, made_volume
from tests.app.web.pages.conftest import OpenPage, Page

REASON, SIZE, COMMENT, DENSITY = (
    "Reason for rejection",
    "Diameter measured by me (mm)",
    "Comment",
    "My density",
)


def test_accepting_all_and_signing(open_page: OpenPage) -> None:
    page = open_page()
    for number in (1, 2, 3):
        page.press(f"Accept {number}")
    page.sign()
    assert [finding.verdict for finding in page.findings()] == ["accepted"] * 3
    assert read_study(page.store, page.key).study.status == "signed"
    assert "Signed by" in page.text()
    assert not page.has("button", "Accept 1")


def test_a_rejection_needs_a_reason(open_page: OpenPage) -> None:
    page = open_page()
    page.press("Reject 1")
    assert page.problems() == ["Not rejected: enter a reason first."]
    page.enter("selectbox", REASON, "vessel")
    page.press("Reject 1")
    first = page.findings()[0]
    assert (first.verdict, first.latest and first.latest.reason) == ("rejected", "vessel")


def test_entering_a_comment_decides_nothing(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("selectbox", REASON, "vessel")
    page.enter("text_input", COMMENT, "near a vessel")
    page.enter("number_input", SIZE, 9.5)
    assert [finding.verdict for finding in page.findings()] == ["open"] * 3
    page.press("Accept 1")
    latest = page.findings()[0].latest
    assert latest is not None
    assert (latest.verdict, latest.reason) == ("accepted", "")
    assert (latest.comment, latest.diameter_mm) == ("near a vessel", 9.5)


def test_what_is_typed_is_kept_while_other_findings_are_looked_at(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("text_input", COMMENT, "spiculated")
    page.enter("number_input", SIZE, 12.5)
    page.enter("selectbox", REASON, "lymph node")
    page.press("Next (N)")
    assert page.widget("text_input", COMMENT).value == ""
    page.press("Next (N)")
    page.press("Next (N)")
    assert page.widget("text_input", COMMENT).value == "spiculated"
    assert page.widget("number_input", SIZE).value == 12.5
    assert page.widget("selectbox", REASON).value == "lymph node"


def test_what_another_reader_decided_stands_in_fields_that_nobody_typed_in(
    open_page: OpenPage,
) -> None:
    page = open_page()
    finding = page.findings()[0]
    decision = NewDecision("accepted", comment="by bo", diameter_mm=7.0)
    decide(page.store, finding.id, decision, seen_version=0, actor="bo")
    page.tab.run()
    assert page.widget("text_input", COMMENT).value == "by bo"
    assert page.widget("number_input", SIZE).value == 7.0


def test_the_slower_of_two_readers_loses_no_text(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("text_input", COMMENT, "clearly a nodule")
    finding = page.findings()[0]
    rejection = NewDecision("rejected", reason="scar")
    decide(page.store, finding.id, rejection, seen_version=0, actor="bo")
    page.press("Accept 1")
    assert "meanwhile been rejected (scar) by bo" in page.problems()[0]
    assert page.widget("text_input", COMMENT).value == "clearly a nodule"
    assert page.findings()[0].verdict == "rejected"


def test_an_empty_name_cannot_decide(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("text_input", "Reader's name", "  ")
    for label in ("Accept 1", "Reject 1", "Sign"):
        assert page.widget("button", label).disabled, label
    assert "Enter your name above" in page.text()
    with pytest.raises(ValueError, match="needs the name"):
        decide(
            page.store, page.findings()[0].id, NewDecision("accepted"), seen_version=0, actor=" "
        )


def test_a_decision_can_be_taken_back(open_page: OpenPage) -> None:
    page = open_page()
    page.press("Accept 1")
    page.press("Previous (P)")
    page.press("Undo decision")
    assert page.findings()[0].verdict == "open"
    assert len(page.findings()[0].decisions) == 2


def test_signing_waits_for_every_finding_and_an_administrator_opens_again(
    open_page: OpenPage,
) -> None:
    page = open_page()
    page.press("Accept 1")
    page.sign()
    assert "Review the remaining findings first: 2, 3" in page.text()
    assert not page.has("button", "Sign now")
    page.press("Accept 2")
    page.press("Accept 3")
    page.sign()
    page.press("Reopen")
    assert read_study(page.store, page.key).study.status == "review"


def test_the_density_is_corrected_like_the_diameter(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("selectbox", DENSITY, "part-solid")
    page.enter("number_input", "Solid component, mean diameter, mm", 6.5)
    page.press("Accept 1")
    first = page.findings()[0]
    assert (first.density, first.assessment.solid_diameter_mm) == ("part-solid", 6.5)
    page.press("Previous (P)")
    page.enter("selectbox", DENSITY, "solid")
    assert not page.has("number_input", "Solid component, mean diameter, mm")
    page.press("Accept 1")
    first = page.findings()[0]
    assert (first.density, first.assessment.solid_diameter_mm) == ("solid", None)


def add_at(page: Page, measured: AddedFinding, monkeypatch: pytest.MonkeyPatch) -> None:
    """Click where the viewer, which has no browser here, would have reported it."""
    monkeypatch.setattr(add_panel, "outline_at", lambda *_: measured)
    place = page.tab.session_state[f"place-{page.key}-{UID}"]
    place.click = Crosshair(
        report=1, finding=None, lps_mm=measured.center_lps_mm, slice_number=measured.slice_number
    )
    page.tab.run()
    page.press("Add a nodule here")


@pytest.fixture
def one_finding() -> Any:
    volume = made_volume((24, 40, 40), (10.0, 8.8, 8.8))
    findings = made_findings(volume)
    return findings.model_copy(update={"findings": findings.findings[:1]})


def test_an_added_nodule_counts_as_accepted(
    open_page: OpenPage, one_finding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(one_finding)
    seen = AddedFinding.measured(one_finding.findings[0], outlined=True)
    add_at(page, seen, monkeypatch)
    assert [finding.verdict for finding in page.findings()] == ["open", "accepted"]


def test_a_nodule_that_nobody_measured_needs_the_readers_diameter(
    open_page: OpenPage, one_finding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(one_finding)
    seen = AddedFinding.measured(one_finding.findings[0], outlined=False)
    assert (seen.diameter_mm, seen.volume_mm3, seen.volume_ci95) == (None, None, None)
    add_at(page, seen, monkeypatch)
    assert "could not outline it" in page.problems()[0]
    page.press("Accept 2")
    assert "has no size" in page.problems()[0]
    assert page.findings()[1].verdict == "open"
    page.enter("number_input", SIZE, 6.0)
    page.press("Accept 2")
    added = page.findings()[1]
    assert (added.verdict, added.diameter_mm, added.measured.volume_mm3) == ("accepted", 6.0, None)


def test_a_store_that_cannot_write_is_told_and_the_text_is_kept(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    from app.web.context import context

    page = open_page()
    page.enter("text_input", COMMENT, "spiculated")
    file = context().settings.work_dir / "store.sqlite"
    page.store.close()  # new connections wait for a lock as the line below says
    monkeypatch.setattr("medical.store.database._WAIT_MS", 100)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    page.press("Accept 1")
    assert page.problems()[0].startswith("Not saved: the database cannot be reached")
    other.execute("ROLLBACK")
    other.close()
    assert page.widget("text_input", COMMENT).value == "spiculated"
    page.press("Accept 1")
    latest = page.findings()[0].latest
    assert latest is not None
    assert latest.comment == "spiculated"


def test_a_reload_comes_back_to_the_finding(open_page: OpenPage) -> None:
    page = open_page()
    page.press("Next (N)")
    query = dict(page.tab.query_params.items())
    assert query["finding"] == "2"
    again = open_page(key=page.key, query=query)
    assert again.has("button", "Accept 2")
    assert open_page(key=page.key, query={"finding": "99"}).has("button", "Accept 1")


def test_another_language_changes_nothing_that_was_entered(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("selectbox", REASON, "vessel")
    page.enter("selectbox", DENSITY, "part-solid")
    page.enter("number_input", "Solid component, mean diameter, mm", 6.5)
    page.enter("selectbox", "Examination", "follow-up")
    for language in ("zh", "en", "zh"):
        page.widget("segmented_control", "Language / 语言").set_value(language).run()
        page.expect_whole()
    page.press("下一个 (N)")
    page.press("上一个 (P)")
    assert page.widget("selectbox", "否定原因").value == "血管"
    assert page.widget("selectbox", "我的密度判定").value == "part-solid"
    reading = read_study(page.store, page.key)
    assert reading.examination == Examination(kind="follow-up")
    page.press("确认 1")
    assert page.findings()[0].assessment.solid_diameter_mm == 6.5


def test_both_languages_are_whole(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("selectbox", REASON, "vessel")
    page.press("Reject 1")
    page.widget("segmented_control", "Language / 语言").set_value("zh").run()
    page.expect_whole()
    assert page.has("button", "确认 2")
    text = page.text()
    page.press("上一个 (P)")
    assert "已否定: 血管" in page.text()
    for english in ("solid ≥", "not applicable", "Slices are", "cannot be excluded"):
        assert english not in text, english


def test_what_will_be_signed_is_listed_before_it_is_signed(open_page: OpenPage) -> None:
    page = open_page()
    page.press("Accept 1")
    page.press("Accept 2")
    page.enter("selectbox", REASON, "bronchus or mucus plug")
    page.press("Reject 3")
    page.press("Sign")
    assert read_study(page.store, page.key).study.status == "review"
    listed = page.text()
    assert "accepted: 2" in listed
    assert "rejected: 1" in listed
    assert "3: bronchus or mucus plug" in listed
    page.press("Sign now")
    assert read_study(page.store, page.key).study.status == "signed"


def test_the_rest_is_rejected_at_once_and_one_undo_takes_it_back(open_page: OpenPage) -> None:
    page = open_page()
    page.press("Accept 1")
    page.press("Reject the remaining 2")
    assert page.problems() == ["Not rejected: enter a reason first."]
    page.enter("selectbox", REASON, "vessel")
    page.press("Reject the remaining 2")
    assert [finding.verdict for finding in page.findings()] == ["accepted", "rejected", "rejected"]
    page.press("Undo the last step (U)")
    assert [finding.verdict for finding in page.findings()] == ["accepted", "open", "open"]
    page.press("Undo the last step (U)")
    assert [finding.verdict for finding in page.findings()] == ["open"] * 3
    assert not page.has("button", "Undo the last step (U)")


def test_a_page_on_a_study_that_was_deleted_says_so(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    assert remove(page.store, page.key, reason="test", results=tmp_path / "none", actor="boss")
    page.press("Accept 1")
    assert "This study has been deleted." in page.text() + str(page.problems())


def test_nothing_is_undone_over_another_reader_s_decision(open_page: OpenPage) -> None:
    page = open_page()
    page.press("Accept 1")
    finding = page.findings()[0]
    rejection = NewDecision("rejected", reason="vessel")
    decide(page.store, finding.id, rejection, seen_version=1, actor="bo")
    page.press("Undo the last step (U)")
    assert page.problems() == ["Not undone: another reader has decided since."]
    assert page.findings()[0].verdict == "rejected"


def test_the_location_is_corrected_like_the_density(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("selectbox", "My location", "left upper zone")
    page.press("Accept 1")
    first = page.findings()[0]
    assert first.location == "left upper zone" != first.measured.location
