"""Jobs of readers are in the queue beside the studies: leased, taken up again, asked for again."""

from __future__ import annotations

from pathlib import Path

from medical.review.worklist import worklist
from medical.store.audit import newest_number
from medical.store.database import Store
from medical.store.jobs import JobRequest, JobState, job_state, request_job
from medical.store.queue import (
    MAX_ATTEMPTS,
    claim,
    enqueue,
    finish,
    give_back,
    give_up,
    renew,
)

MAPS = JobRequest("explain", Path("result"), Path("result"))
BESIDE = JobRequest("register", Path("result"), Path("earlier"))


def test_a_job_waits_is_done_and_is_done(store: Store) -> None:
    assert job_state(store, MAPS) is None
    request_job(store, MAPS)
    request_job(store, MAPS)  # it waits already
    assert job_state(store, MAPS) == JobState("received", "")
    taken = claim(store, "worker")
    assert taken is not None
    assert (taken.kind, taken.folder) == ("explain", Path("result"))
    assert claim(store, "another") is None
    request_job(store, MAPS)  # it is being done
    assert claim(store, "another") is None
    assert renew(store, taken, stage="", fraction=0.5)
    assert finish(store, taken)
    assert job_state(store, MAPS) == JobState("ready", "")
    assert not finish(store, taken)


def test_readers_wait_for_no_study_that_is_in_line(store: Store) -> None:
    enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    request_job(store, BESIDE)
    first, second = claim(store, "worker"), claim(store, "worker")
    assert first is not None and second is not None
    assert (first.kind, first.source) == ("register", Path("earlier"))
    assert second.kind == "score"


def test_a_worker_takes_the_kinds_that_it_asks_for(store: Store) -> None:
    enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    request_job(store, MAPS)
    assert claim(store, "readers", kinds=["register"]) is None
    study = claim(store, "night", kinds=["score"])
    assert study is not None and study.kind == "score"
    assert claim(store, "night", kinds=["score"]) is None
    taken = claim(store, "readers", kinds=["explain", "register"])
    assert taken is not None and taken.kind == "explain"


def test_a_job_that_failed_says_why_and_may_be_asked_for_again(store: Store) -> None:
    request_job(store, MAPS)
    taken = claim(store, "worker")
    assert taken is not None
    assert give_up(store, taken, failure="its images are gone")
    assert job_state(store, MAPS) == JobState("failed", "its images are gone")
    assert claim(store, "worker") is None
    request_job(store, MAPS)
    assert job_state(store, MAPS) == JobState("received", "")


def test_the_job_of_a_dead_worker_goes_to_the_next(store: Store) -> None:
    request_job(store, MAPS)
    dead = claim(store, "dead", lease_seconds=-1)
    heir = claim(store, "heir")
    assert dead is not None and heir is not None
    assert dead.id == heir.id
    assert not renew(store, dead, stage="", fraction=0.1)
    assert give_back(store, heir)
    assert job_state(store, MAPS) == JobState("received", "")


def test_a_job_that_kills_every_worker_fails(store: Store) -> None:
    request_job(store, MAPS)
    for _ in range(MAX_ATTEMPTS):
        assert claim(store, "worker", lease_seconds=-1) is not None
    assert claim(store, "worker") is None
    state = job_state(store, MAPS)
    assert state is not None and state.status == "failed"


def test_jobs_are_neither_studies_nor_in_the_trail(store: Store) -> None:
    before = newest_number(store)
    request_job(store, MAPS)
    taken = claim(store, "worker")
    assert taken is not None
    finish(store, taken)
    assert newest_number(store) == before
    assert worklist(store) == []
