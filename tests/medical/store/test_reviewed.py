"""What waits for a retraining: signed decisions about scans that no training has seen."""

from __future__ import annotations

from pathlib import Path

from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviewed import ReviewedFinding, reviewed_findings, waiting
from medical.review.reviews import add_finding, decide, sign
from medical.store.database import Store
from medical.store.queue import claim, enqueue, finish
from medical.store.series import latest_scored
from tests.medical.store.made import made_added, made_series

FINDINGS = (
    ReviewedFinding("a", "1.1", "model", "accepted", 0.9),
    ReviewedFinding("a", "1.1", "model", "rejected", 0.6),
    ReviewedFinding("b", "1.2", "reader", "accepted", None),
)


def test_all_wait_where_nothing_was_seen() -> None:
    queue = waiting(FINDINGS, seen=())
    assert (queue.studies, queue.confirmed, queue.added, queue.rejected) == (2, 1, 1, 1)
    assert queue.findings == 3


def test_scans_seen_in_training_do_not_wait() -> None:
    queue = waiting(FINDINGS, seen=["1.1"])
    assert (queue.studies, queue.findings, queue.added) == (1, 1, 1)


def test_only_signed_studies_count(store: Store) -> None:
    key = enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    taken = claim(store, "worker")
    assert taken is not None
    finish(store, taken, series=[made_series(0.9, 0.4)])
    first, second = read_study(store, key).findings
    decide(store, first.id, NewDecision("accepted"), seen_version=0, actor="anna")
    decide(store, second.id, NewDecision("rejected", reason="scar"), seen_version=0, actor="anna")
    add_finding(store, key, "1.2.3", made_added(), actor="anna")
    assert reviewed_findings(store) == []
    sign(store, key, seen_version=read_study(store, key).study.version, actor="anna")
    findings = reviewed_findings(store)
    assert [(finding.origin, finding.verdict, finding.probability) for finding in findings] == [
        ("model", "accepted", 0.9),
        ("model", "rejected", 0.4),
        ("reader", "accepted", None),
    ]


def test_the_latest_come_first_and_only_scored_ones(store: Store) -> None:
    for _ in range(3):
        enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    for _ in range(2):
        taken = claim(store, "worker")
        assert taken is not None
        finish(store, taken, series=[made_series(0.9)])
    folders = latest_scored(store, 10)
    assert len(folders) == 2
    assert [study.id for study in latest_scored(store, 1)] == [folders[0].id]
