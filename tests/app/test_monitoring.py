"""Whoever watches over the site sees that it lives, whether it can work, and how much waits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.monitoring import watch_over
from medical.metrics import REGISTRY
from medical.store.database import Store, open_store, sqlite_url
from medical.store.figures import StoreFigures, answers
from medical.store.outbox import Outgoing, put
from medical.store.queue import claim, enqueue, give_up
from tests.orthanc import free_port

PROGRAM = [sys.executable, "-m", "app.cli.main"]
PATIENT = "Wang^XiaoDong"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(sqlite_url(tmp_path / "store.sqlite"))


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def values(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_store(store: Store, tmp_path: Path) -> None:
    for name in (PATIENT, "b", "c"):
        enqueue(store, tmp_path / name, root=tmp_path / "out", actor="test")
    claimed = claim(store, "worker")
    assert claimed is not None
    give_up(store, claimed, failure="no lung")
    with store.transaction() as session:
        put(session, "pacs", [Outgoing("1.2", tmp_path / "a"), Outgoing("1.3", tmp_path / "b")])
    figures = StoreFigures(store)
    REGISTRY.register(figures)
    server = watch_over("127.0.0.1", 0, is_ready=lambda: answers(store))
    try:
        status, text = get(server.server_port, "/metrics")
    finally:
        REGISTRY.unregister(figures)
        server.shutdown()
    assert status == 200
    known = values(text)
    assert known["starlung_studies", "received"] == 2
    assert known["starlung_studies", "failed"] == 1
    assert known["starlung_studies", "ready"] == 0
    assert known["starlung_outbox", "pacs", "waiting"] == 2
    assert 0 <= known["starlung_queue_oldest_seconds",] < 60
    assert known["starlung_store_up",] == 1
    assert "Wang" not in text


def test_health_and_readiness_are_two_things() -> None:
    ready = [True]
    server = watch_over("127.0.0.1", 0, is_ready=lambda: ready[0])
    try:
        assert get(server.server_port, "/health") == (200, "ok\n")
        assert get(server.server_port, "/ready") == (200, "ok\n")
        ready[0] = False
        assert get(server.server_port, "/health") == (200, "ok\n")
        assert get(server.server_port, "/ready") == (503, "the store does not answer\n")
        assert get(server.server_port, "/")[0] == 404
    finally:
        server.shutdown()


def test_a_store_that_is_gone_is_told(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "gone" / "store.sqlite"))
    assert answers(store)
    store.close()
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    assert not answers(store)
    (up,) = StoreFigures(store).collect()
    assert [sample.value for sample in up.samples] == [0.0]


@pytest.mark.heavy
@pytest.mark.parametrize("command", ["worker", "receive"])
def test_a_process_is_watched_over_and_its_log_is_json(command: str, tmp_path: Path) -> None:
    port = free_port()
    environment = os.environ | {
        "STARLUNG_WORK_DIR": str(tmp_path / "work"),
        "STARLUNG_CONFIG": os.devnull,
        "STARLUNG_LOG_FORMAT": "json",
        "STARLUNG_NODE": f'{{"port": {free_port()}}}',
    }
    (tmp_path / PATIENT).mkdir()
    if command == "worker":
        store = open_store(sqlite_url(tmp_path / "work" / "store.sqlite"))
        enqueue(store, tmp_path / PATIENT, root=tmp_path / "out", actor="test")
    process = subprocess.Popen(
        [*PROGRAM, command, "--metrics-port", str(port)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    wanted = (
        ("starlung_worker_studies_total", "failed")
        if command == "worker"
        else ("starlung_store_up",)
    )
    end, known = time.monotonic() + 60, {}
    while not known.get(wanted) and time.monotonic() < end:
        time.sleep(0.3)
        try:
            known = values(get(port, "/metrics")[1])
        except OSError:
            continue
    assert known[wanted] == 1
    assert get(port, "/ready")[0] == 200
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=30)
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    if command == "worker":
        assert {line["level"] for line in lines} == {"info"}
        assert any("holds no CT images" in line["message"] for line in lines)
    assert "Wang" not in log
