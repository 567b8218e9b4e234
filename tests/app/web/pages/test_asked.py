"""What is asked for in the viewer is done once and to the finding that was meant."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from app.web.asked import Asked
from app.web.components.viewer.component import Crosshair, ViewerAction
from app.web.reading import add_panel, guideline_panel
from app.web.reading.deciding import decision_saving, sign_dialog
from app.web.reading.deciding.actions import note_actions
from app.web.reading.deciding.decision_fields import Draft
from app.web.reading.malignancy import malignancy_panel
from app.web.reading.place import Place
from app.web.reading.taking_away import report_panel
from app.web.security.identity import Reader
from medical.detection.findings import AddedFinding, RatingModel, SeriesFindings
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide, sign
from medical.store.audit import newest
from tests.app.web.made_results import UID, made_findings, made_volume
from tests.app.web.pages.conftest import (
    EndedError,
    OpenPage,
    Page,
    end_in,
    note_twice,
    run_to_its_end,
)


def action(page: Page, kind: str, number: int, report: int, **more: Any) -> ViewerAction:
    """What the viewer sends for a finding as it stood when the page was opened."""
    row = page.findings()[number - 1].id
    sent: dict[str, Any] = {"kind": kind, "finding": row, "seen": 0, "study": page.key}
    return {**sent, "report": report, **more}  # type: ignore[typeddict-item]


def send(page: Page, *actions: ViewerAction) -> None:
    """Call what the viewer, which has no browser here, would have called; draw the page."""
    state = page.tab.session_state
    place: Place = state[f"place-{page.key}-{UID}"]
    asked: Asked = state["steps-asked"]
    note_actions(asked, (page.key, UID), place, Reader("anna", administrator=False), actions)
    page.tab.run()
    page.expect_whole()


def trail(page: Page, *kinds: str) -> list[str]:
    """The audit trail's decisions, the latest first."""
    return [entry.action for entry in newest(page.store, 50) if entry.action in kinds]


def versions(page: Page) -> list[tuple[str, int]]:
    return [(finding.verdict, finding.version) for finding in page.findings()]


def test_three_keys_in_one_breath_decide_three_findings_each_once(open_page: OpenPage) -> None:
    page = open_page()
    send(
        page,
        action(page, "accept", 1, 11, next=2),
        action(page, "accept", 2, 12, next=3),
        action(page, "reject", 3, 13, next=None, reason="vessel"),
    )
    assert versions(page) == [("accepted", 1), ("accepted", 1), ("rejected", 1)]
    assert trail(page, "accepted", "rejected") == ["rejected", "accepted", "accepted"]
    assert "3 of 3 reviewed" in page.text()
    assert page.problems() == []


def test_an_action_that_is_sent_again_is_not_done_again(open_page: OpenPage) -> None:
    page = open_page()
    first, second = action(page, "accept", 1, 11, next=2), action(page, "accept", 2, 12, next=3)
    send(page, first, first)
    send(page, first, second)
    send(page, first, second)
    send(page, first)
    assert versions(page) == [("accepted", 1), ("accepted", 1), ("open", 0)]
    assert page.tab.session_state["steps-asked"].report == 12
    assert page.problems() == []


def test_a_late_action_is_for_the_finding_that_was_on_show(open_page: OpenPage) -> None:
    page = open_page()
    late = action(page, "reject", 1, 11, next=2, reason="vessel")
    page.press("Next (N)")
    page.press("Next (N)")
    assert "Finding 3 of 3" in page.text()
    send(page, late)
    assert versions(page) == [("rejected", 1), ("open", 0), ("open", 0)]


def test_a_late_action_does_not_overrule_what_was_decided_meanwhile(open_page: OpenPage) -> None:
    page = open_page()
    late = action(page, "accept", 1, 11, next=2)
    rejection = NewDecision("rejected", reason="scar")
    decide(page.store, page.findings()[0].id, rejection, seen_version=0, actor="bo")
    send(page, late, action(page, "accept", 2, 12, next=3))
    assert versions(page) == [("rejected", 1), ("accepted", 1), ("open", 0)]
    assert "meanwhile been rejected (scar) by bo" in page.problems()[0]


def test_a_refused_action_calls_the_viewer_back(open_page: OpenPage) -> None:
    page = open_page()
    decide(page.store, page.findings()[0].id, NewDecision("accepted"), seen_version=0, actor="bo")
    send(page, action(page, "accept", 1, 11, next=2))
    assert "Finding 1 of 3" in page.text()
    assert page.tab.session_state[f"place-{page.key}-{UID}"].order == 1


def test_an_action_of_another_study_does_nothing(open_page: OpenPage) -> None:
    page = open_page()
    send(page, action(page, "accept", 1, 11, study="another"))
    assert versions(page) == [("open", 0)] * 3


@pytest.mark.parametrize("name", ["assessment_of", "decide"])
def test_a_step_that_is_ended_before_it_has_written_is_begun_again(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    page = open_page()
    end_in(monkeypatch, decision_saving, name, before=True)
    run_to_its_end(partial(send, page, action(page, "accept", 1, 11, next=2)))
    page.tab.run()
    assert versions(page) == [("accepted", 1), ("open", 0), ("open", 0)]
    assert "1 of 3 reviewed" in page.text()


def test_a_step_that_is_ended_after_it_has_written_is_not_begun_again() -> None:
    asked, done = Asked(), []

    def step() -> None:
        done.append(asked.report)
        asked.written()
        raise EndedError

    asked.note(step, report=5)
    with pytest.raises(EndedError):
        asked.do()
    asked.do()
    assert (done, asked.report) == ([0], 5)


def test_a_step_that_fails_is_not_begun_again() -> None:
    asked = Asked()
    asked.note(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        asked.do()
    assert asked.steps == []


class _Clicks:
    """Each click that writes, where its write is, and what the trail says of it."""

    @staticmethod
    def sign(page: Page) -> None:
        for finding in page.findings():
            decide(page.store, finding.id, NewDecision("accepted"), seen_version=0, actor="bo")
        page.tab.run()
        page.press("Sign")
        page.widget("button", "Sign now").click()

    @staticmethod
    def add(page: Page) -> None:
        place: Place = page.tab.session_state[f"place-{page.key}-{UID}"]
        place.click = Crosshair((1.0, 2.0, 3.0), 4, None, 99)
        page.tab.run()
        page.widget("button", "Add a nodule here").click()

    @staticmethod
    def reopen(page: Page) -> None:
        for finding in page.findings():
            decide(page.store, finding.id, NewDecision("accepted"), seen_version=0, actor="bo")
        sign(page.store, page.key, seen_version=len(page.findings()), actor="bo")
        page.tab.run()
        page.widget("button", "Reopen").click()

    @staticmethod
    def examination(page: Page) -> None:
        page.widget("selectbox", "Examination").set_value("baseline")

    @staticmethod
    def context(page: Page) -> None:
        page.widget("number_input", "Pack-years").set_value(30.0)
        page.widget("button", "Rate with this context").click()


def rated_findings() -> SeriesFindings:
    """Findings with a rating, by a StarNet that is not at hand any more."""
    scored = made_findings(made_volume((24, 40, 40), (10.0, 8.8, 8.8)))
    starnet = RatingModel(name="starnet", version="0", sha256="1" * 64)
    return scored.model_copy(update={"malignancy_model": starnet})


CLICKS: list[tuple[Callable[[Page], None], object, str, bool]] = [
    (_Clicks.sign, sign_dialog, "sign", True),
    (_Clicks.sign, sign_dialog, "sign", False),
    (_Clicks.add, add_panel, "add_finding", True),
    (_Clicks.add, add_panel, "add_finding", False),
    (_Clicks.reopen, report_panel, "reopen", True),
    (_Clicks.examination, guideline_panel, "describe_examination", True),
    (_Clicks.context, malignancy_panel, "type_context", True),
    (_Clicks.context, malignancy_panel, "type_context", False),
]
ACTIONS = {
    "add_finding": "add",
    "describe_examination": "examination",
    "type_context": "context",
}


@pytest.mark.parametrize(("click", "owner", "name", "before"), CLICKS)
def test_a_click_whose_run_is_ended_writes_once(
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
    click: Callable[[Page], None],
    owner: object,
    name: str,
    before: bool,
) -> None:
    page = open_page(rated_findings())
    seen = AddedFinding.measured(page.findings()[0].measured, outlined=True)  # type: ignore[arg-type]
    monkeypatch.setattr(add_panel, "outline_at", lambda *_: seen)
    click(page)
    end_in(monkeypatch, *((owner, name) if before else (Asked, "written")), before=before)
    run_to_its_end(page.tab.run)
    page.tab.run()
    page.tab.run()
    page.expect_whole()
    assert len(trail(page, ACTIONS.get(name, name))) == 1
    assert page.problems() == []


def test_a_double_click_decides_signs_and_reopens_once(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_twice(monkeypatch)
    page = open_page()
    for number in (1, 2, 3):
        page.press(f"Accept {number}")
    assert versions(page) == [("accepted", 1)] * 3
    page.sign()
    assert trail(page, "sign") == ["sign"]
    page.press("Reopen")
    assert trail(page, "reopen") == ["reopen"]
    assert page.problems() == []


def test_context_that_is_sent_twice_before_the_page_has_answered_is_kept_once(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_twice(monkeypatch)
    page = open_page(rated_findings())
    _Clicks.context(page)
    page.tab.run()
    page.expect_whole()
    assert trail(page, "context") == ["context"]
    assert page.problems() == []


def test_the_way_to_the_next_study_outlives_a_run_that_is_ended() -> None:
    asked = Asked()
    asked.go_on("this", "next")
    assert [asked.next_study("this"), asked.next_study("this")] == ["next", "next"]
    assert asked.next_study("next") is None
    assert asked.next_study("this") is None


def test_two_answers_in_one_breath_are_both_kept(open_page: OpenPage) -> None:
    page = open_page()
    page.widget("selectbox", "Examination").set_value("follow-up")
    page.widget("checkbox", "Known cancer").check()
    page.tab.run()
    page.expect_whole()
    examination = read_study(page.store, page.key).examination
    assert (examination.kind, examination.known_cancer) == ("follow-up", True)
    assert page.problems() == []


def test_a_field_that_was_dropped_may_still_report() -> None:
    Draft(999, 0, "en").note("comment")
    assert Draft(999, 0, "en").value("comment", "nothing typed") == "nothing typed"
