"""MONAI Deploy's application gives what the scorer gives, and fails where nothing is scored."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medical.geometry import VolumeGeometry
from medical.scoring.scorer import Scorer
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.benchmarks.night import chest

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("monai.deploy") is None, reason="MONAI Deploy is not installed"
    ),
]


def run(inputs: Path, out: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "STARLUNG_SAMPLES": "2"}
    return subprocess.run(
        [sys.executable, ROOT / "deploy/monai/app.py", "--input", inputs, "--output", out],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def findings_of(out: Path) -> list[object]:
    (file,) = out.glob("*/findings.json")
    record = json.loads(file.read_text())
    return [record["findings"], record["model"], record["series_instance_uid"]]


def test_it_writes_what_the_scorer_writes(quick_scorer: Scorer, tmp_path: Path) -> None:
    hu = chest(random.Random(1)).astype(np.int16)
    geometry = VolumeGeometry.axial(
        shape=hu.shape, spacing_mm=(2.0, 2.0, 2.0), origin_lps_mm=(0.0, 0.0, 0.0)
    )
    labels = CtLabels("deploy", "Wang^XiaoDong", "ID-1", "made for a test")
    write_ct_series(hu, geometry, tmp_path / "in" / "ct", labels=labels)
    ran = run(tmp_path / "in", tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    quick_scorer.score([tmp_path / "in"], tmp_path / "plain")
    assert findings_of(tmp_path / "out") == findings_of(tmp_path / "plain")
    assert len(list((tmp_path / "out").glob("*/sr.dcm"))) == 1
    assert "Wang" not in ran.stdout + ran.stderr


def test_nothing_to_score_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    ran = run(tmp_path / "in", tmp_path / "out")
    assert ran.returncode != 0
    assert "no CT could be scored" in ran.stdout + ran.stderr
