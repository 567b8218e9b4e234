"""A batch: the manifest grows, several processes give what one gives, a kill costs nothing."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from medical.results.manifest import Manifest, ManifestEntry, read_manifest
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.tally import SeriesEnd
from medical.scoring.scorer import Scorer
from tests.medical.scoring.small_chest import write_small_chest

ENTRY = ManifestEntry(
    at="2026-01-01T00:00:00+00:00",
    series_instance_uid="1.2",
    sha256="ab",
    model="m 1",
    digest="cd",
    outcome="scored",
)


def results(out: Path) -> dict[str, str]:
    """What is said of each series, but for the time that it took."""
    outcomes = {}
    for file in sorted(out.glob("*/findings.json")):
        record = json.loads(file.read_text())
        record.pop("seconds")
        outcomes[file.parent.name] = json.dumps(record, sort_keys=True)
    return outcomes


def write_archive(folder: Path, *, count: int) -> Path:
    folder.mkdir()
    for seed in range(count):
        write_small_chest(folder / f"Wang-{seed}.nii.gz", seed=seed)
    return folder


def test_half_a_line_is_passed_by_and_closed_off(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    manifest.enter(ENTRY)
    with manifest.path.open("a") as file:
        file.write('{"at": "2026')
    assert list(read_manifest(tmp_path)) == [ENTRY]
    Manifest(tmp_path).enter(ENTRY)
    assert list(read_manifest(tmp_path)) == [ENTRY, ENTRY]


def test_a_folder_without_a_manifest_has_no_entry(tmp_path: Path) -> None:
    assert list(read_manifest(tmp_path)) == []


@pytest.mark.heavy
def test_two_processes_give_what_one_gives(quick_scorer: Scorer, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "in", count=4)
    (archive / "broken.nii.gz").write_bytes(b"nothing")
    series = quick_scorer.score([archive], tmp_path / "one")
    ends: list[SeriesEnd] = []
    options = ScoreOptions(watch=ends.append)
    two = quick_scorer.score([archive], tmp_path / "two", options=options, workers=2)
    assert results(tmp_path / "one") == results(tmp_path / "two")
    assert len(results(tmp_path / "two")) == 4
    assert [s.folder.name for s in series.series] == [s.folder.name for s in two.series]
    assert [e.path.name for e in series.errors] == [e.path.name for e in two.errors]
    assert (tmp_path / "one" / "predictions.csv").read_bytes() == (
        tmp_path / "two" / "predictions.csv"
    ).read_bytes()
    assert (ends[-1].done, ends[-1].failed, ends[-1].expected) == (4, 1, 5)
    for name in ("one", "two"):
        entries = list(read_manifest(tmp_path / name))
        assert sorted(entry.outcome for entry in entries) == ["failed"] + ["scored"] * 4
        assert {entry.digest for entry in entries} == {quick_scorer.card.digest}
        assert "Wang" not in (tmp_path / name / "manifest.jsonl").read_text()
        with (tmp_path / name / "summary.csv").open(newline="") as file:
            lines = list(csv.DictReader(file))
        assert sorted(Path(line["input"]).name for line in lines) == sorted(
            path.name for path in archive.iterdir()
        )
        assert sorted(line["outcome"] for line in lines) == ["failed"] + ["scored"] * 4
    again = quick_scorer.score(
        [archive], tmp_path / "two", options=ScoreOptions(resume=True), workers=2
    )
    assert len(again.series) == 4
    outcomes = [entry.outcome for entry in read_manifest(tmp_path / "two")]
    assert outcomes.count("scored") == outcomes.count("there already") == 4


@pytest.mark.heavy
def test_a_process_that_is_killed_costs_nothing(quick_scorer: Scorer, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "in", count=5)
    killed: list[int] = []

    def kill(*_: object) -> None:
        if not killed:
            child = next(p for p in psutil.Process().children() if "spawn_main" in p.cmdline()[-2])
            child.kill()
            killed.append(child.pid)

    result = quick_scorer.score(
        [archive], tmp_path / "two", options=ScoreOptions(watch=kill), workers=2
    )
    assert killed
    assert not result.errors
    quick_scorer.score([archive], tmp_path / "one")
    assert results(tmp_path / "two") == results(tmp_path / "one")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_is_killed_three_times_scores_each_series_once(
    workers: int, tmp_path: Path
) -> None:
    archive, out = write_archive(tmp_path / "in", count=12), tmp_path / "out"
    command = [sys.executable, "-m", "app.cli.main", "score", archive, "--out", out, "--resume"]
    environment = os.environ | {"STARLUNG_SAMPLES": "2", "STARLUNG_WORK_DIR": str(tmp_path / "w")}

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*command, "--workers", str(workers)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    chance = random.Random(7)
    for killed in range(3):
        process = start()
        while len(results(out)) < 3 * killed + 1:
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 2))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for file in out.glob("*/findings.json"):
            json.loads(file.read_text())
    assert len(results(out)) < 12
    assert start().wait(timeout=500) == 0
    assert len(results(out)) == 12
    scored = [e.sha256 for e in read_manifest(out) if e.outcome == "scored"]
    assert len(scored) == len(set(scored)), "none was scored twice"
    assert not list(out.rglob(".partial-*"))
