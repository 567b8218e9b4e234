"""``starlung retrain`` as a user starts it: real processes, several ranks, the gate at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.medical.training.slabs import write_slabs

pytestmark = pytest.mark.heavy

STEPS = 3


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Two ranks on gloo train the shipped model for a few steps; one phantom is held out."""
    folder = tmp_path_factory.mktemp("ranks")
    cases, out = folder / "cases", folder / "out"
    cases.mkdir()
    write_slabs(cases, seeds=(1, 2))
    (cases / "split.csv").write_text("seriesuid,split\np1,evaluation\np2,training\n")
    options = ("--from", DEFAULT_MODEL, "--per-node", "2", "--steps", str(STEPS))
    small = ("--batch", "4", "--patch", "64")
    program = (sys.executable, "-m", "app.cli.main", "retrain")
    ended = subprocess.run(
        [*program, "--cases", cases, "--out", out, *options, *small],
        env={**os.environ, "STARLUNG_WORK_DIR": str(folder / "work"), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return out, ended


def test_two_ranks_train_one_model(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, ended = run
    assert ended.stdout.strip() == str(out / "model")
    model, parent = find_model(str(out / "model")), find_model(DEFAULT_MODEL)
    assert f"{STEPS} steps" in model.card.recipe
    assert "2 processes" in model.card.recipe
    assert model.card.sha256 != parent.card.sha256
    assert model.card.scans_seen_in_training == [*parent.card.scans_seen_in_training, "p2"]
    newest = max((out / "checkpoints").iterdir(), key=lambda place: place.name)
    assert {file.name for file in newest.glob("*.distcp")} >= {"__0_0.distcp", "__1_0.distcp"}


def test_tensorboard_reads_what_the_log_says(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    out, _ = run
    read = accumulator.EventAccumulator(str(out / "tensorboard")).Reload()
    first = json.loads((out / "log.jsonl").read_text().splitlines()[0])
    names = set(first) - {"step", "seconds"}
    assert names
    assert {f"loss/{name}" for name in names} == set(read.Tags()["scalars"])
    for name in names:
        event = read.Scalars(f"loss/{name}")[0]
        assert (event.step, event.value) == (1, pytest.approx(first[name], abs=1e-3))


def test_gate_of_one_scan_keeps_both_and_no_curve_is_copied(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, ended = run
    verdict = json.loads((out / "gate.json").read_text())
    assert verdict["replaces"] is False
    assert "too few to tell" in verdict["why"]
    assert verdict["why"] in ended.stderr
    card = find_model(str(out / "model")).card
    assert "NOT calibrated anew" in card.calibration.set_description
    assert card.operating_curve == ()
    assert card.metrics["operating_point_promise"] == {"none": "not calibrated anew"}
