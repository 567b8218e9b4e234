"""A run on a Ray cluster gives what a run here gives, to the byte, also where an actor is killed.

Bytes are compared with two processes here, which have as many cores each: with another number of
them the last digits of what networks say differ, in numbers that no finding shows.
"""

from __future__ import annotations

import csv
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from medical.results.manifest import read_manifest
from medical.results.summary import SUMMARY
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.scorer import Scorer
from tests.medical.scoring.batches.test_batch import results, write_archive

ray = pytest.importorskip("ray", reason="the extra ray is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def files_of(out: Path) -> dict[str, bytes]:
    """Everything beside findings, manifest and summary, which carry times, and the signature."""
    timed = {"findings.json", "manifest.jsonl", "summary.csv", "signature.json"}
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in timed
    }


def summary_of(out: Path) -> list[dict[str, str]]:
    """Lines of the summary without what a series took, in whatever order they ended."""
    with (out / SUMMARY).open(encoding="utf-8") as table:
        rows = [{**row, "seconds": ""} for row in csv.DictReader(table)]
    return sorted(rows, key=str)


def assert_same(a: Path, b: Path) -> None:
    assert results(a) == results(b)
    there, here = files_of(a), files_of(b)
    assert sorted(there) == sorted(here)
    assert [name for name in there if there[name] != here[name]] == []
    assert summary_of(a) == summary_of(b)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_archive(tmp_path_factory.mktemp("ray") / "in", count=4)
    (folder / "broken.nii.gz").write_bytes(b"nothing")
    return folder


@pytest.fixture(scope="module")
def local(quick_scorer: Scorer, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("local")
    quick_scorer.score([archive], out, workers=2)
    return out


def test_two_actors_give_what_two_processes_give(
    quick_scorer: Scorer, archive: Path, local: Path, tmp_path: Path
) -> None:
    result = quick_scorer.score([archive], tmp_path / "out", workers=2, engine="ray")
    quick_scorer.score([archive], tmp_path / "alone")
    assert results(tmp_path / "out") == results(tmp_path / "alone")
    assert_same(tmp_path / "out", local)
    assert [error.path.name for error in result.errors] == ["broken.nii.gz"]
    outcomes = [entry.outcome for entry in read_manifest(tmp_path / "out")]
    assert sorted(outcomes) == ["failed", *["scored"] * 4]
    assert not list((tmp_path / "out").glob(".starlung-*"))


def test_an_actor_that_is_killed_costs_nothing(
    quick_scorer: Scorer, archive: Path, local: Path, tmp_path: Path
) -> None:
    from medical.scoring.batches.ray_batch import RayBatch

    killed: list[int] = []

    def kill_soon(actors: Sequence[Any]) -> None:
        victim = ray.get(actors[0].process.remote())

        def kill() -> None:
            while not list((tmp_path / "out").glob("*/findings.json")):
                time.sleep(0.05)
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

        threading.Thread(target=kill, daemon=True).start()

    batch = RayBatch(quick_scorer, tmp_path / "out", ScoreOptions(), 2, begun=kill_soon)
    result = batch.score([archive])
    assert killed
    assert len(result.series) == 4
    assert_same(tmp_path / "out", local)
    outcomes = [entry.outcome for entry in read_manifest(tmp_path / "out")]
    assert sorted(outcomes) == ["failed", *["scored"] * 4]


def test_a_series_that_kills_fails_and_the_others_go_on(
    quick_scorer: Scorer, archive: Path, local: Path, tmp_path: Path
) -> None:
    from medical.scoring.batches.ray_batch import RayBatch

    class Deadly(Scorer):
        def read(self, ct: Any, **given: Any) -> Any:
            if ct.source.series_instance_uid.endswith("Wang-1"):
                os._exit(1)
            return super().read(ct, **given)

    deadly = Deadly(quick_scorer._model, samples=quick_scorer.samples)
    result = RayBatch(deadly, tmp_path / "out", ScoreOptions(), 2).score([archive])
    problems = {error.path.name: error.problem for error in result.errors}
    assert problems["Wang-1.nii.gz"] == "3 workers ended while they scored it"
    assert {"Wang-0", "Wang-2", "Wang-3"} <= {item.folder.name for item in result.series}
