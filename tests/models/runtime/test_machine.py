"""Threads are counted by what this process may use: cores allowed, and a container's quota."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from medical.training.config import Cluster
from medical.training.worker import process_environment
from models.detector.detector import DetectorConfig
from models.runtime import machine
from models.runtime.conversion import convert_detector
from models.runtime.machine import core_quota, count_cores, thread_count
from models.runtime.openvino_cpu import OpenVinoNetwork


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Control groups without a quota, of a process in a unit, on a machine of 64 cores."""
    own = tmp_path / "own"
    own.write_text("1:cpu:/\n0::/system.slice/worker.service\n")
    unit = tmp_path / "groups" / "system.slice" / "worker.service"
    unit.mkdir(parents=True)
    (unit / "cpu.max").write_text("max 100000\n")
    machine.granted_shares.cache_clear()
    monkeypatch.setattr(machine, "_OWN_GROUP", own)
    monkeypatch.setattr(machine, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    yield unit
    machine.granted_shares.cache_clear()


def test_a_process_kept_to_one_core_counts_one() -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("cores cannot be chosen on this system")
    script = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from models.runtime.machine import count_cores; print(count_cores())"
    )
    asked = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert asked.stdout.strip() == b"1"


def test_without_a_quota_all_allowed_cores_count(groups: Path) -> None:
    assert core_quota() is None
    assert count_cores() == 64
    assert thread_count() == 8


@pytest.mark.parametrize(("quota", "cores"), [("200000", 2), ("250000", 3), ("20000", 1)])
def test_a_quota_counts_in_whole_cores(groups: Path, quota: str, cores: int) -> None:
    (groups / "cpu.max").write_text(f"{quota} 100000\n")
    assert (core_quota(), count_cores(), thread_count()) == (cores, cores, cores)


def test_the_groups_are_asked_once(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (groups / "cpu.max").write_text("300000 100000\n")
    assert core_quota() == 3
    monkeypatch.setattr(machine, "_OWN_GROUP", groups / "may not be read")
    assert (core_quota(), count_cores(), thread_count()) == (3, 3, 3)


def test_a_group_above_may_grant_less(groups: Path) -> None:
    (groups / "cpu.max").write_text("800000 100000\n")
    (groups.parent / "cpu.max").write_text("400000 100000\n")
    assert count_cores() == 4


def test_a_quota_of_more_than_is_allowed_says_nothing(groups: Path) -> None:
    (groups / "cpu.max").write_text("6400000 100000\n")
    assert core_quota() is None


@pytest.mark.usefixtures("groups")
def test_processes_of_a_training_share_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    assert process_environment(Cluster(per_node=4))["OMP_NUM_THREADS"] == "4"


def test_a_network_keeps_to_the_quota(groups: Path) -> None:
    (groups / "cpu.max").write_text("100000 100000\n")
    config = DetectorConfig(widths=(8, 8, 8, 8), channels=8, local_attention=True)
    network = OpenVinoNetwork(convert_detector(config.build().eval()))
    network(np.zeros((1, 1, 64, 64, 64), np.float32))
    (request,) = network._requests.values()
    assert request.get_compiled_model().get_property("INFERENCE_NUM_THREADS") == 1
