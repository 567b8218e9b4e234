"""The worker's report and what the job makes of it; scoring itself is a double here."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from app.web.images import read_images
from app.web.jobs import Job
from app.web.nifti import write_nifti
from app.web.worker import Report, score
from medical.errors import InputError
from tests.app.web.made_results import made_findings, made_volume


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch) -> None:
    def score_path(path: Path, *, out: Path, progress: Any, **_: Any) -> Any:
        progress("detect", 0.5)
        volume = made_volume(shape=(20, 20, 20), uid="study")
        folder = out / "study"
        folder.mkdir(parents=True)
        (folder / "findings.json").write_text(made_findings(volume).model_dump_json(by_alias=True))
        error = InputError(out / "bad.dcm", "is cut off", "Copy it again")
        return SimpleNamespace(series=(SimpleNamespace(folder=folder),), errors=(error,))

    module = ModuleType("medical.scoring.score")
    module.score_path = score_path  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "medical.scoring.score", module)


def test_scores_prepares_the_images_and_tells(scoring: None, tmp_path: Path) -> None:
    source = tmp_path / "study.nii.gz"
    write_nifti(made_volume(shape=(20, 20, 20)), source)
    job, told = Job(source, tmp_path), io.StringIO()
    request = {"source": str(source), "folder": str(tmp_path), "model": "m", "passes": 2}
    score(request, Report(told))
    for line in told.getvalue().splitlines():
        job.read_line(line)
    assert (job.state, job.stage) == ("done", "view")
    assert job.errors == ["bad.dcm: is cut off. Copy it again."]
    images = read_images(job.result / "study")
    assert images is not None
    assert images.slice_numbers == list(range(1, 21))


def test_nothing_scored_is_a_failure_with_its_reason() -> None:
    job = Job(Path("x"), Path("y"))
    job.read_line(json.dumps({"series": 0, "errors": ["x: empty."], "failure": "nothing_scored"}))
    assert (job.state, job.failure, job.errors) == ("failed", "nothing_scored", ["x: empty."])


def test_a_running_stage_moves_the_bar() -> None:
    job = Job(Path("x"), Path("y"))
    job.read_line('{"stage": "refine", "fraction": 0.25}')
    assert (job.stage, job.fraction, job.finished) == ("refine", 0.25, False)
