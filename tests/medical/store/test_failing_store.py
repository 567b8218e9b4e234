"""The store when its disk is full, it is locked, its server is gone, or a clock is wrong."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from medical.review.decisions import NewDecision
from medical.review.reading import read_study, study_version
from medical.review.reviews import decide, sign
from medical.review.worklist import count_by_status, worklist, worklist_change_token
from medical.store import database
from medical.store.database import Store, StoreUnavailableError, open_store, sqlite_url
from medical.store.queue import claim, enqueue, finish
from medical.store.tables import Study
from tests.full_disk import fill, small_disk
from tests.medical.store.made import made_series
from tests.postgres import PROGRAMS, postgres_server

ACCEPT = NewDecision("accepted")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process's write that does not end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def ready_study(store: Store) -> str:
    key = enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    taken = claim(store, "worker")
    assert taken is not None
    assert finish(store, taken, series=[made_series(0.9, 0.4)])
    return key


def test_reads_wait_for_no_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_WAIT_MS", 100)
    store = open_store(sqlite_url(tmp_path / "store.sqlite"))
    key = ready_study(store)
    with locked(tmp_path / "store.sqlite"):
        assert [first.key for first in worklist(store)] == [key]
        assert len(read_study(store, key).findings) == 2
        assert study_version(store, key) == 0
        assert count_by_status(store)["ready"] == 1
        assert worklist_change_token(store)
        assert claim(store, "idle worker") is None  # it looks every second
    store.close()


def test_a_locked_store_refuses_in_a_sentence_and_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_WAIT_MS", 100)
    store = open_store(sqlite_url(tmp_path / "store.sqlite"))
    finding = read_study(store, ready_study(store)).findings[0]
    with (
        locked(tmp_path / "store.sqlite"),
        pytest.raises(StoreUnavailableError, match="locked by another process"),
    ):
        decide(store, finding.id, ACCEPT, seen_version=0, actor="anna")
    assert decide(store, finding.id, ACCEPT, seen_version=0, actor="anna") == 1
    store.close()


def test_a_full_disk_keeps_all_or_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size="2m") as disk:
        store = open_store(sqlite_url(disk / "store.sqlite"))
        key = ready_study(store)
        finding = read_study(store, key).findings[0]
        filled = fill(disk)
        long = NewDecision("accepted", comment="x" * 2000)
        with pytest.raises(StoreUnavailableError, match="disk is full"):
            for version in range(1000):
                decide(store, finding.id, long, seen_version=version, actor="anna")
        stored = read_study(store, key).findings[0]
        assert stored.version == len(stored.decisions)
        filled.unlink()
        decide(store, finding.id, ACCEPT, seen_version=stored.version, actor="anna")
        store.close()


@pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not installed")
def test_a_server_gone_in_mid_review_is_told_and_found_again(tmp_path: Path) -> None:
    with postgres_server(tmp_path) as url:
        store = open_store(url)
        key = ready_study(store)
        first, second = read_study(store, key).findings
        decide(store, first.id, ACCEPT, seen_version=0, actor="anna")
        _control(tmp_path, "stop", url)
        with pytest.raises(StoreUnavailableError, match="does not answer"):
            decide(store, second.id, ACCEPT, seen_version=0, actor="anna")
        with pytest.raises(StoreUnavailableError, match="does not answer"):
            read_study(store, key)
        _control(tmp_path, "start", url)
        decide(store, second.id, ACCEPT, seen_version=0, actor="anna")
        sign(store, key, seen_version=2, actor="anna")
        assert [len(finding.decisions) for finding in read_study(store, key).findings] == [1, 1]
        store.close()


def _control(folder: Path, what: str, url: str) -> None:
    """Stop or start the test's server as its administrator would."""
    import os

    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    cluster, port = folder / "cluster", url.rsplit(":", 1)[1].split("/")[0]
    command = [*(user if os.geteuid() == 0 else []), PROGRAMS[-1].parent / "pg_ctl"]
    command += ["-D", cluster, "-w", "-l", cluster / "log", what]
    if what == "start":
        command += ["-o", f"-p {port} -c listen_addresses=127.0.0.1 -k {cluster} -c fsync=off"]
    else:
        command += ["-m", "immediate"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_an_hour_off_takes_nobodys_study(
    store: Store, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    held = claim(store, "holder", lease_seconds=30)
    assert held is not None
    right = time.time
    with monkeypatch.context() as wrong:
        wrong.setattr(time, "time", lambda: right() + 3600 * hours)
        assert claim(store, "worker with a wrong clock") is None
    with store.transaction() as session:  # its holder died
        session.get_one(Study, held.id).lease_until = database.clock(session) - 1
    with monkeypatch.context() as wrong:
        wrong.setattr(time, "time", lambda: right() + 3600 * hours)
        assert claim(store, "worker with a wrong clock") is not None


def test_a_lease_from_before_the_machine_started_again_has_ended(store: Store) -> None:
    enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    held = claim(store, "before")
    assert held is not None
    with store.transaction() as session:
        session.get_one(Study, held.id).lease_until = database.clock(session) + 10 * 86_400
    assert claim(store, "after") is not None


def test_two_servers_on_one_store_see_each_others_decisions(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.sqlite")
    first, other = open_store(url), open_store(url)
    key = ready_study(first)
    assert claim(other, "the other server's worker") is None
    for finding in read_study(other, key).findings:
        decide(other, finding.id, ACCEPT, seen_version=0, actor="bo")
    sign(first, key, seen_version=study_version(first, key), actor="anna")
    assert read_study(other, key).study.signed_by == "anna"
    first.close()
    other.close()
