"""Jobs on devices: in parallel by device, skipped where done, a failure stops no other."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import torch

from tests.benchmarks.each_device import Job, devices_found, pack, run_jobs


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that writes its device to the file it is given, or fails."""
    (tmp_path / "made_job.py").write_text(
        "import os, pathlib, sys\n"
        "if sys.argv[1] == 'fail':\n    sys.exit('it is broken')\n"
        "pathlib.Path(sys.argv[1]).write_text(os.environ['CUDA_VISIBLE_DEVICES'])\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "made_job"


def jobs_of(module: str, out: Path, names: str) -> list[Job]:
    return [Job(name, (module, str(out / name)), out / name) for name in names]


def test_a_job_sees_its_device_alone(module: str, tmp_path: Path) -> None:
    assert not run_jobs(jobs_of(module, tmp_path, "ab"), devices=["7"])
    assert [(tmp_path / name).read_text() for name in "ab"] == ["7", "7"]


def test_what_is_there_is_not_made_again(module: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept")
    run_jobs(jobs_of(module, tmp_path, "ab"), devices=["0"])
    assert (tmp_path / "a").read_text() == "kept"
    assert (tmp_path / "b").exists()


def test_a_failure_is_told_and_stops_no_other(module: str, tmp_path: Path) -> None:
    bad = Job("bad", (module, "fail"), tmp_path / "bad")
    jobs = [bad, *jobs_of(module, tmp_path, "a")]
    failed = run_jobs(jobs, devices=["0"])
    assert failed == {"bad": "it is broken"}
    assert (tmp_path / "a").exists()


def test_a_job_that_writes_nothing_has_failed(module: str, tmp_path: Path) -> None:
    job = Job("other", (module, str(tmp_path / "elsewhere")), tmp_path / "other")
    assert set(run_jobs([job], devices=["0"])) == {"other"}


def test_devices_are_those_that_the_caller_may_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert devices_found() == ["3", "5"]


def test_without_a_device_there_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert devices_found() == [""]


def test_a_pack_holds_the_files_that_exist(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"1234")
    size = pack([tmp_path / "a.safetensors", tmp_path / "b.safetensors"], tmp_path / "x.tar")
    assert size == (tmp_path / "x.tar").stat().st_size
    with tarfile.open(tmp_path / "x.tar") as tar:
        assert tar.getnames() == ["a.safetensors"]
