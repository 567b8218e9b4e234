"""What readers ask about studies: put aside, delete, cancel; who is on the images."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from medical.dicom.header.identity import Identity
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.refusals import DeletedError
from medical.review.reviews import decide, sign
from medical.review.worklist import next_to_read, worklist
from medical.store.database import Store
from medical.store.identities import identities_of, scanners
from medical.store.queue import claim, enqueue, finish, give_up, renew
from medical.store.requests import (
    archive,
    bring_back,
    cancel,
    known_input,
    remove,
    score_again,
    try_again,
)
from medical.store.results import import_result
from medical.store.tables import AuditEntry
from tests.medical.store.made import made_series

DOE = Identity(name="Doe Jane", patient_id="4711", scanner="Example One", kernel="LUNG")


def scored(store: Store, root: Path, *probabilities: float, who: Identity | None = None) -> str:
    key = enqueue(store, root / "ct", root=root, actor="anna")
    claimed = claim(store, "worker")
    assert claimed is not None
    series = made_series(*probabilities)
    identities = {series.series_instance_uid: who} if who else {}
    assert finish(store, claimed, series=[series], identities=identities)
    return key


def accept_all(store: Store, key: str) -> None:
    for finding in read_study(store, key).findings:
        decide(store, finding.id, NewDecision("accepted"), seen_version=0, actor="anna")


def audited(store: Store) -> list[tuple[str, str]]:
    with store.reading() as session:
        rows = session.execute(select(AuditEntry.action, AuditEntry.subject))
        return [(action, subject) for action, subject in rows]


def test_to_be_read_stands_first_by_strongest_finding_and_signed_last(
    store: Store, tmp_path: Path
) -> None:
    signed = scored(store, tmp_path, 0.99)
    weak, strong = scored(store, tmp_path, 0.3), scored(store, tmp_path, 0.8)
    waiting = enqueue(store, tmp_path / "next", root=tmp_path, actor="anna")
    accept_all(store, signed)
    version = read_study(store, signed).study.version
    sign(store, signed, seen_version=version, actor="anna")
    assert [study.key for study in worklist(store)] == [strong, weak, waiting, signed]
    assert next_to_read(store, after=signed) == strong
    assert next_to_read(store, after=strong) == weak


def test_an_archived_study_leaves_the_list_with_its_reason_in_the_trail(
    store: Store, tmp_path: Path
) -> None:
    key = scored(store, tmp_path, 0.9)
    assert archive(store, key, reason="duplicate", actor="anna")
    assert not archive(store, key, reason="duplicate", actor="anna")
    assert worklist(store) == []
    assert [study.key for study in worklist(store, archived=True)] == [key]
    assert ("archive", f"{key} duplicate") in audited(store)
    assert bring_back(store, key, actor="anna")
    assert [study.key for study in worklist(store)] == [key]
    with pytest.raises(ValueError, match="got 'Doe Jane'"):
        archive(store, key, reason="Doe Jane", actor="anna")  # type: ignore[arg-type]


def test_what_somebody_decided_on_is_never_deleted(store: Store, tmp_path: Path) -> None:
    decided, gone = scored(store, tmp_path, 0.9), scored(store, tmp_path, 0.8, who=DOE)
    accept_all(store, decided)
    (tmp_path / gone).mkdir(exist_ok=True)
    for key, removed in ((decided, False), (gone, True)):
        assert remove(store, key, reason="test", results=tmp_path, actor="boss") is removed
    assert [study.key for study in worklist(store)] == [decided]
    assert not (tmp_path / gone).exists()
    assert ("delete", f"{gone} test") in audited(store)
    assert scanners(store) == []


def test_a_page_on_a_deleted_study_cannot_decide_on_the_next_patients_finding(
    store: Store, tmp_path: Path
) -> None:
    gone = scored(store, tmp_path, 0.9)
    (shown,) = read_study(store, gone).findings
    assert remove(store, gone, reason="test", results=tmp_path, actor="boss")
    following = scored(store, tmp_path, 0.8)
    with pytest.raises(DeletedError, match="has been deleted"):
        decide(
            store,
            shown.id,
            NewDecision("accepted"),
            seen_version=0,
            actor="anna",
            study_key=gone,
        )
    assert [finding.verdict for finding in read_study(store, following).findings] == ["open"]


def test_a_page_on_a_result_that_was_scored_again_cannot_decide_on_the_new_finding(
    store: Store, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    key = import_result(store, out, [made_series(0.9)], actor="anna")
    (shown,) = read_study(store, key).findings
    assert import_result(store, out, [made_series(0.7)], actor="anna") == key
    with pytest.raises(DeletedError):
        decide(
            store,
            shown.id,
            NewDecision("accepted"),
            seen_version=0,
            actor="anna",
            study_key=key,
        )
    (anew,) = read_study(store, key).findings
    assert anew.verdict == "open"
    assert anew.id > shown.id


def test_two_who_ask_at_once_have_a_study_scored_again_once(store: Store, tmp_path: Path) -> None:
    key, ready = scored(store, tmp_path, 0.9), threading.Barrier(2)

    def ask(actor: str) -> str | None:
        ready.wait()
        return score_again(store, key, root=tmp_path, actor=actor)

    with ThreadPoolExecutor(2) as pool:
        keys = list(pool.map(ask, ["anna", "ben"]))
    assert keys.count(None) == 1
    assert sorted(study.status for study in worklist(store)) == ["ready", "received"]
    assert score_again(store, key, root=tmp_path, actor="anna", model="another")
    assert score_again(store, "no such key", root=tmp_path, actor="anna") is None


def test_cancelled_scoring_is_lost_to_its_worker_and_can_begin_again(
    store: Store, tmp_path: Path
) -> None:
    key = enqueue(store, tmp_path / "ct", root=tmp_path, actor="anna")
    claimed = claim(store, "worker")
    assert claimed is not None
    assert cancel(store, key, actor="anna")
    assert not renew(store, claimed, stage="read", fraction=0.5)
    assert not cancel(store, key, actor="anna")
    assert worklist(store)[0].failure == "scoring was cancelled"
    assert try_again(store, key, actor="anna", model="another")
    again = claim(store, "worker")
    assert again is not None
    assert again.model == "another"


def test_the_same_input_is_known_until_it_failed_or_was_put_aside(
    store: Store, tmp_path: Path
) -> None:
    key = enqueue(store, tmp_path / "ct", root=tmp_path, actor="anna", content="c" * 64)
    assert known_input(store, "c" * 64) == key
    assert known_input(store, "") is None
    claimed = claim(store, "worker")
    assert claimed is not None
    give_up(store, claimed, failure="no CT series in it")
    assert known_input(store, "c" * 64) is None


def test_who_is_on_the_images_is_found_and_filtered_by_scanner(
    store: Store, tmp_path: Path
) -> None:
    doe, nobody = scored(store, tmp_path, 0.9, who=DOE), scored(store, tmp_path, 0.8)
    study = read_study(store, doe).study
    assert list(identities_of(store, [study.id])[study.id].values()) == [DOE]
    assert [item.key for item in worklist(store, text="doe", identities=True)] == [doe]
    assert worklist(store, text="scanner", identities=True) == [], "a field's name is no value"
    assert worklist(store, text="doe") == []
    assert [item.key for item in worklist(store, scanner="Example One")] == [doe]
    assert {item.key for item in worklist(store)} == {doe, nobody}
    assert not [line for line in audited(store) if "Doe" in " ".join(line)]
    assert DOE.impersonal() == Identity(scanner="Example One", kernel="LUNG")
