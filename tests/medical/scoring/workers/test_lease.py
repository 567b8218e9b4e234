"""A worker keeps its study through a locked database, and stops in time all the same."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest

from medical.review.worklist import worklist
from medical.scoring.batches.tally import ScoredSeries, ScoreResult
from medical.scoring.workers.worker import Stop, Worker
from medical.store import database
from medical.store.database import Store, open_store, sqlite_url
from medical.store.queue import claim, enqueue
from medical.store.requests import try_again
from medical.store.results import sibling_key
from medical.store.tables import Study
from tests.medical.store.made import made_series

LEASE_SECONDS = 1.5


class SlowWorker(Worker):
    """Scores for some seconds, without a CT."""

    seconds = 4.0

    def _work(self, claimed: Any, lease: Any) -> ScoreResult:
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            time.sleep(0.05)
        return ScoreResult((ScoredSeries(made_series(0.9), claimed.folder),), ())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that waits for a lock for a tenth of a second."""
    monkeypatch.setattr(database, "_WAIT_MS", 100)
    opened = open_store(sqlite_url(file))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def stops_at_sigterm() -> Iterator[None]:
    def stop(*_: object) -> NoReturn:
        raise Stop

    before = signal.signal(signal.SIGTERM, stop)
    yield
    signal.signal(signal.SIGTERM, before)


def lock_for(file: Path, seconds: float, *, after: float = 0.0) -> threading.Thread:
    """Another process's write."""

    def hold() -> None:
        time.sleep(after)
        with closing(sqlite3.connect(file, isolation_level=None, timeout=10)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")

    thread = threading.Thread(target=hold)
    thread.start()
    return thread


def worker(store: Store, folder: Path, **more: Any) -> SlowWorker:
    enqueue(store, Path("ct"), root=folder, actor="tester")
    return SlowWorker(store, "none", 2, None, lease_seconds=LEASE_SECONDS, **more)


def test_a_locked_database_does_not_end_the_lease(store: Store, file: Path, tmp_path: Path) -> None:
    slow = worker(store, tmp_path)
    lock = lock_for(file, 0.8, after=0.5)
    taken: list[object] = []

    def want() -> None:
        time.sleep(0.3)
        end = time.monotonic() + 3.2
        while time.monotonic() < end:
            try:
                taken.append(claim(store, "second worker"))
            except Exception:
                taken.append(None)
            time.sleep(0.2)

    second = threading.Thread(target=want)
    second.start()
    assert slow.run(until_empty=True) == 1
    second.join()
    lock.join()
    assert set(taken) == {None}
    (study,) = worklist(store)
    assert (study.status, study.attempts) == ("ready", 1)


def test_the_time_limit_is_watched_while_the_database_is_locked(
    store: Store, file: Path, tmp_path: Path
) -> None:
    slow = worker(store, tmp_path, max_seconds=1.5)
    lock = lock_for(file, 0.8, after=0.3)
    assert slow.run(until_empty=True) == 0
    lock.join()
    (study,) = worklist(store)
    assert study.status == "failed"
    assert "took longer" in study.failure


def test_a_result_waits_for_a_database_that_is_locked_when_it_is_ready(
    store: Store, file: Path, tmp_path: Path
) -> None:
    slow = worker(store, tmp_path)
    slow.seconds = 0.6
    lock = lock_for(file, 1.5, after=0.3)
    assert slow.run(until_empty=True) == 1
    lock.join()
    assert worklist(store)[0].status == "ready"


def test_a_worker_waits_for_a_database_that_is_locked_at_its_claim(
    store: Store, file: Path, tmp_path: Path
) -> None:
    slow = worker(store, tmp_path)
    slow.seconds = 0.1
    lock = lock_for(file, 1.0)
    time.sleep(0.2)
    assert slow.run(until_empty=True) == 1
    lock.join()


def test_a_study_that_another_worker_took_is_left_to_it(store: Store, tmp_path: Path) -> None:
    slow = worker(store, tmp_path)
    slow.seconds = 20.0

    def take() -> None:
        time.sleep(0.7)
        with store.transaction() as session:
            (study,) = session.query(Study).all()
            study.lease_owner = "another"

    thief = threading.Thread(target=take)
    began = time.monotonic()
    thief.start()
    claimed = claim(store, slow.owner, lease_seconds=LEASE_SECONDS)
    assert claimed is not None
    assert not slow._score(claimed)
    thief.join()
    assert time.monotonic() - began < 15
    assert worklist(store)[0].lease_owner == "another"


class TwoPatients(Worker):
    """Scores two patients, without a CT."""

    def _work(self, claimed: Any, lease: Any) -> ScoreResult:
        both = [made_series(0.9, uid=uid) for uid in ("1.2.3", "1.2.4")]
        for series in both:
            (claimed.folder / series.series_instance_uid).mkdir(parents=True, exist_ok=True)
        return ScoreResult(
            tuple(
                ScoredSeries(series, claimed.folder / series.series_instance_uid) for series in both
            ),
            (),
        )


def test_a_folder_that_cannot_be_made_for_the_second_patient_ends_no_worker(
    store: Store, tmp_path: Path
) -> None:
    key = enqueue(store, tmp_path / "two.zip", root=tmp_path / "studies", actor="anna")
    here = tmp_path / "studies" / sibling_key(Study(key=key), made_series(0.9, uid="1.2.4"))
    here.parent.mkdir()
    here.write_text("in the way")
    worker = TwoPatients(store, model="", samples=2, imported=None)
    assert worker.run(until_empty=True) == 0
    (study,) = worklist(store)
    assert (study.status, study.failure) == ("failed", "cannot be read or written: File exists")
    here.unlink()
    assert try_again(store, key, actor="anna")
    assert worker.run(until_empty=True) == 1
    assert [study.status for study in worklist(store)] == ["ready", "ready"]


def test_a_stop_that_python_dropped_ends_the_worker_after_its_study(
    store: Store, tmp_path: Path
) -> None:
    stopping = threading.Event()
    slow = worker(store, tmp_path, stopping=stopping)
    enqueue(store, Path("ct2"), root=tmp_path, actor="tester")
    slow.seconds = 0.6
    threading.Timer(0.2, stopping.set).start()
    assert slow.run(until_empty=True) == 1
    assert sorted(study.status for study in worklist(store)) == ["ready", "received"]


def test_a_study_that_is_out_of_time_does_not_stop_the_worker(store: Store, tmp_path: Path) -> None:
    stopping = threading.Event()

    def stop(*_: object) -> NoReturn:
        stopping.set()
        raise Stop

    signal.signal(signal.SIGTERM, stop)
    slow = worker(store, tmp_path, stopping=stopping, max_seconds=0.5)
    enqueue(store, Path("ct2"), root=tmp_path, actor="tester")
    slow.seconds = 2.0
    assert slow.run(until_empty=True) == 0
    assert [study.status for study in worklist(store)] == ["failed", "failed"]
    assert not stopping.is_set()
