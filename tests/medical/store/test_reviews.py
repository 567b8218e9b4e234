"""Readers' decisions on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from medical.detection.findings import AddedFinding
from medical.nodule.guidelines.assessment import Assessment, Examination
from medical.review.decisions import NewDecision, unaccounted
from medical.review.reading import read_study, study_version
from medical.review.refusals import (
    ChangedMeanwhileError,
    DecidedMeanwhileError,
    NotReadyError,
    SignedError,
    UndecidedError,
    UnmeasuredError,
)
from medical.review.reviews import (
    add_finding,
    decide,
    describe_examination,
    note_opened,
    reopen,
    sign,
)
from medical.store.audit import newest, verify
from medical.store.database import Store
from medical.store.queue import claim, enqueue, finish
from medical.store.tables import StoredFinding
from tests.medical.store.made import made_added, made_series

ACCEPT = NewDecision("accepted")
REJECT = NewDecision("rejected", reason="vessel")


@pytest.fixture
def key(store: Store) -> str:
    """A study with two findings, ready to read."""
    made = enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    taken = claim(store, "worker")
    assert taken is not None
    assert finish(store, taken, series=[made_series(0.9, 0.4)])
    return made


def _decide_both(store: Store, key: str) -> None:
    for finding in read_study(store, key).findings:
        decide(store, finding.id, ACCEPT, seen_version=finding.version, actor="anna")


def test_a_scored_study_has_its_findings_undecided(store: Store, key: str) -> None:
    reading = read_study(store, key)
    assert [(f.number, f.verdict, f.origin) for f in reading.findings] == [
        (1, "open", "model"),
        (2, "open", "model"),
    ]
    assert (reading.study.status, reading.study.max_probability) == ("ready", 0.9)


def test_a_decision_is_kept_with_who_and_why(store: Store, key: str) -> None:
    first, second = read_study(store, key).findings
    decide(store, first.id, REJECT, seen_version=0, actor="anna")
    measured = NewDecision("accepted", comment="spiculated", diameter_mm=11.5)
    decide(store, second.id, measured, seen_version=0, actor="bo")
    reading = read_study(store, key)
    earlier, two = reading.findings
    assert (earlier.verdict, earlier.latest and earlier.latest.reason, earlier.diameter_mm) == (
        "rejected",
        "vessel",
        8.0,
    )
    assert two.latest is not None
    assert (two.latest.actor, two.latest.comment, two.diameter_mm) == ("bo", "spiculated", 11.5)
    assert reading.study.status == "review"


def test_the_second_tab_is_told_who_decided_what_and_nothing_is_lost(
    store: Store, key: str
) -> None:
    finding = read_study(store, key).findings[0]
    decide(store, finding.id, REJECT, seen_version=0, actor="anna")
    with pytest.raises(DecidedMeanwhileError) as refused:
        decide(store, finding.id, ACCEPT, seen_version=0, actor="bo")
    sentence = str(refused.value)
    assert sentence.startswith("Finding 1 has meanwhile been rejected (vessel) by anna, 20")
    assert "was not saved" in sentence
    (stored,) = read_study(store, key).findings[0].decisions
    assert (stored.actor, stored.verdict) == ("anna", "rejected")


def test_of_many_at_once_exactly_one_decides(store: Store, key: str) -> None:
    finding = read_study(store, key).findings[0]

    def attempt(number: int) -> bool:
        try:
            decide(store, finding.id, ACCEPT, seen_version=0, actor=f"reader {number}")
        except DecidedMeanwhileError:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(attempt, range(6))) == 1
    assert len(read_study(store, key).findings[0].decisions) == 1


def test_a_decision_taken_back_stays_in_the_history(store: Store, key: str) -> None:
    finding = read_study(store, key).findings[0]
    decide(store, finding.id, REJECT, seen_version=0, actor="anna")
    decide(store, finding.id, NewDecision("open"), seen_version=1, actor="anna")
    now = read_study(store, key).findings[0]
    assert (now.verdict, now.version) == ("open", 2)
    assert [d.verdict for d in now.decisions] == ["rejected", "open"]


def test_a_nodule_added_by_a_reader_counts_as_accepted(store: Store, key: str) -> None:
    assert add_finding(store, key, "1.2.3", made_added(), actor="anna", comment="apex") == 3
    added = read_study(store, key).findings[2]
    assert (added.origin, added.verdict, added.latest and added.latest.comment) == (
        "reader",
        "accepted",
        "apex",
    )
    assert read_study(store, key).study.findings == 3


def test_a_study_is_signed_only_when_every_finding_is_decided(store: Store, key: str) -> None:
    finding = read_study(store, key).findings[0]
    decide(store, finding.id, ACCEPT, seen_version=0, actor="anna")
    with pytest.raises(UndecidedError, match="findings first: 2"):
        sign(store, key, seen_version=1, actor="anna")
    assert read_study(store, key).study.status == "review"


def test_what_the_signer_did_not_see_is_not_signed(store: Store, key: str) -> None:
    _decide_both(store, key)
    seen = study_version(store, key)
    add_finding(store, key, "1.2.3", made_added(), actor="bo")
    with pytest.raises(ChangedMeanwhileError):
        sign(store, key, seen_version=seen, actor="anna")


def test_after_signing_everything_is_refused_with_who_and_when(store: Store, key: str) -> None:
    _decide_both(store, key)
    sign(store, key, seen_version=study_version(store, key), actor="anna")
    finding = read_study(store, key).findings[0]
    for deed in (
        lambda: decide(store, finding.id, REJECT, seen_version=1, actor="bo"),
        lambda: add_finding(store, key, "1.2.3", made_added(), actor="bo"),
        lambda: sign(store, key, seen_version=study_version(store, key), actor="bo"),
    ):
        with pytest.raises(SignedError, match=r"signed by anna, 20.* can no longer be changed"):
            deed()
    assert read_study(store, key).findings[0].verdict == "accepted"


def test_a_signature_can_be_taken_back(store: Store, key: str) -> None:
    _decide_both(store, key)
    sign(store, key, seen_version=study_version(store, key), actor="anna")
    assert reopen(store, key, actor="admin")
    assert not reopen(store, key, actor="admin")
    finding = read_study(store, key).findings[0]
    decide(store, finding.id, REJECT, seen_version=1, actor="bo")
    assert read_study(store, key).study.status == "review"


def test_a_study_that_is_not_scored_takes_no_decision(store: Store) -> None:
    waiting = enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    with pytest.raises(NotReadyError, match="it is received"):
        sign(store, waiting, seen_version=0, actor="anna")


def test_everything_leaves_an_entry_in_the_trail(store: Store, key: str) -> None:
    before = verify(store).entries
    note_opened(store, key, actor="anna")
    _decide_both(store, key)
    add_finding(store, key, "1.2.3", made_added(), actor="anna")
    sign(store, key, seen_version=study_version(store, key), actor="anna")
    reopen(store, key, actor="admin")
    verification = verify(store)
    assert (verification.entries - before, verification.problem) == (6, "")
    assert unaccounted(store) == []


def test_the_database_refuses_to_change_decisions(store: Store, key: str) -> None:
    _decide_both(store, key)
    for statement in ("UPDATE decisions SET verdict = 'open'", "DELETE FROM decisions"):
        with pytest.raises(DBAPIError, match="append-only"), store.transaction() as session:
            session.execute(text(statement))


def test_whoever_goes_round_that_is_found_by_the_trail(store: Store, key: str) -> None:
    _decide_both(store, key)
    with store.transaction() as session:
        if session.connection().dialect.name == "postgresql":
            session.execute(text("ALTER TABLE decisions DISABLE TRIGGER ALL"))
        else:
            session.execute(text("DROP TRIGGER decisions_no_UPDATE"))
        session.execute(text("UPDATE decisions SET verdict = 'rejected' WHERE id = 2"))
    assert unaccounted(store) == [2]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"verdict": "rejected", "reason": "  "}, "needs a reason"),
        ({"verdict": "maybe"}, "got 'maybe'"),
        ({"verdict": "accepted", "diameter_mm": 0.0}, "got 0.0"),
        ({"verdict": "accepted", "comment": "x" * 2001}, "got 2001"),
    ],
)
def test_a_judgement_that_says_nothing_usable_cannot_exist(
    wrong: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        NewDecision(**wrong)  # type: ignore[arg-type]


def test_a_guess_is_accepted_only_with_the_readers_own_diameter(store: Store, key: str) -> None:
    guess = AddedFinding.model_validate({**made_added().model_dump(), "outlined": False})
    assert add_finding(store, key, "1.2.3", guess, actor="anna") == 3
    added = read_study(store, key).findings[2]
    assert (added.verdict, added.diameter_mm, added.density) == ("open", None, None)
    with pytest.raises(UnmeasuredError, match="Enter your own diameter"):
        decide(store, added.id, ACCEPT, seen_version=added.version, actor="anna")
    measured = NewDecision("accepted", diameter_mm=6.0)
    decide(store, added.id, measured, seen_version=added.version, actor="anna")
    assert read_study(store, key).findings[2].diameter_mm == 6.0


def test_a_guess_that_an_older_version_accepted_is_not_signed(store: Store, key: str) -> None:
    _decide_both(store, key)
    add_finding(store, key, "1.2.3", made_added(), actor="anna")
    with store.transaction() as session:  # as versions up to 0.5 kept it
        row = session.get_one(StoredFinding, read_study(store, key).findings[2].id)
        row.measured = row.measured.replace('"outlined":true', '"outlined":false')
    with pytest.raises(UnmeasuredError, match="Finding 3"):
        sign(store, key, seen_version=study_version(store, key), actor="anna")


def test_what_is_entered_for_the_guidelines_is_kept_and_in_the_trail(
    store: Store, key: str
) -> None:
    finding = read_study(store, key).findings[0]
    entered = Assessment(density="part-solid", solid_diameter_mm=6.5, history="new")
    new = NewDecision("accepted", assessment=entered)
    decide(store, finding.id, new, seen_version=0, actor="anna")
    sentence = Examination(kind="follow-up", age_years=64, risk="high")
    describe_examination(store, key, sentence, seen_version=1, actor="anna")
    reading = read_study(store, key)
    assert reading.findings[0].assessment == entered
    assert reading.findings[0].density == "part-solid"
    assert reading.examination == sentence
    assert unaccounted(store) == []
    assert not verify(store).problem
    assert newest(store, 1)[0].action == "examination"
    with pytest.raises(ChangedMeanwhileError):
        describe_examination(store, key, Examination(), seen_version=1, actor="bo")


@pytest.mark.parametrize("name", ["", "  "])
def test_nobody_without_a_name_decides(store: Store, key: str, name: str) -> None:
    finding = read_study(store, key).findings[0]
    with pytest.raises(ValueError, match="needs the name"):
        decide(store, finding.id, ACCEPT, seen_version=0, actor=name)
    with pytest.raises(ValueError, match="needs the name"):
        sign(store, key, seen_version=0, actor=name)
    with pytest.raises(ValueError, match="needs the name"):
        add_finding(store, key, "1.2.3", made_added(), actor=name)
