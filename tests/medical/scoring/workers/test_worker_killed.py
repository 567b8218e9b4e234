"""A worker killed in the middle of ten studies: all ten are scored, none twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from app.settings import Settings
from app.site_store import open_site_store
from medical.review.worklist import worklist
from medical.store.audit import verify
from medical.store.database import Store, open_store, sqlite_url
from medical.store.queue import enqueue
from medical.store.tables import AuditEntry
from tests.medical.scoring.small_chest import write_small_chest
from tests.postgres import postgres_server

STUDIES = 10
LEASE_SECONDS = 4.0


def _worker(url: str, folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "STARLUNG_STORE_URL": url,
        "STARLUNG_WORK_DIR": str(folder / "work"),
        "STARLUNG_LEASE_SECONDS": str(LEASE_SECONDS),
        "STARLUNG_SAMPLES": "2",
    }
    command = [sys.executable, "-m", "app.cli.main", "worker", "--until-empty"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def _wait(until: Callable[[], bool], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


def _ends(store: Store) -> list[str]:
    with store.transaction() as session:
        wanted = select(AuditEntry.subject).where(AuditEntry.action == "ready")
        return list(session.scalars(wanted))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_all_ten_finish_and_none_twice(kind: str, tmp_path: Path) -> None:
    if kind == "sqlite":
        _kill_and_go_on(sqlite_url(tmp_path / "store.sqlite"), tmp_path)
    else:
        with postgres_server(tmp_path / "server") as url:
            _kill_and_go_on(url, tmp_path)


def _kill_and_go_on(url: str, folder: Path) -> None:
    store = open_site_store(Settings(work_dir=folder / "work", store_url=url))
    keys = []
    for number in range(STUDIES):
        path = folder / f"ct{number}.nii.gz"
        write_small_chest(path, seed=number)
        keys.append(enqueue(store, path, root=folder / "studies", actor="tester"))
    first = _worker(url, folder)
    # in the middle: some are done, one is being looked at
    _wait(lambda: len(_ends(store)) >= 3 and bool(worklist(store, status=["scoring"])), seconds=200)
    first.send_signal(signal.SIGKILL)
    first.wait()
    done_before = _ends(store)
    assert 3 <= len(done_before) < STUDIES
    assert len(worklist(store, status=["scoring"])) == 1
    time.sleep(LEASE_SECONDS)  # until then the study is still the dead worker's
    assert _worker(url, folder).wait(timeout=300) == 0
    assert sorted(_ends(store)) == sorted(keys)
    assert [study.status for study in worklist(store)] == ["ready"] * STUDIES
    for study in worklist(store):
        (findings,) = Path(study.folder).glob("*/findings.json")
        assert json.loads(findings.read_text("utf-8"))["schema"] == "starlung.findings/1"
    assert not verify(store).problem
    store.close()


def test_a_worker_asked_to_stop_puts_its_study_back(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.sqlite")
    store = open_store(url)
    write_small_chest(tmp_path / "ct.nii.gz", seed=1)
    enqueue(store, tmp_path / "ct.nii.gz", root=tmp_path / "studies", actor="tester")
    worker = _worker(url, tmp_path)
    _wait(lambda: bool(worklist(store, status=["scoring"])), seconds=60)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    (study,) = worklist(store)
    assert (study.status, study.attempts) == ("received", 0)
    store.close()


@pytest.mark.heavy
def test_what_cannot_be_scored_fails_with_its_reason_and_the_next_is_scored(
    tmp_path: Path,
) -> None:
    url = sqlite_url(tmp_path / "store.sqlite")
    store = open_store(url)
    (tmp_path / "bad.dcm").write_text("not a CT")
    write_small_chest(tmp_path / "ct.nii.gz", seed=1)
    for name in ("bad.dcm", "ct.nii.gz"):
        enqueue(store, tmp_path / name, root=tmp_path / "studies", actor="tester")
    assert _worker(url, tmp_path).wait(timeout=200) == 0
    ready, failed = worklist(store)
    assert (ready.status, failed.status) == ("ready", "failed")
    assert failed.failure.startswith("input: not a DICOM file or volume")
    assert str(tmp_path) not in failed.failure
    store.close()
