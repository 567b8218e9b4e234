"""What readers wait for is done by the worker, through the queue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medical.detection.findings import ModelReference
from medical.results.folder import ResultFolder
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.scorer import Scorer
from medical.scoring.workers.worker import Worker
from medical.store.database import Store, open_store, sqlite_url
from medical.store.jobs import JobRequest, JobState, job_state, request_job
from models.zoo.loader import DEFAULT_MODEL
from tests.app.web.made_pair import write_made_pair
from tests.medical.scoring.small_chest import write_small_chest


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(sqlite_url(tmp_path / "store.sqlite"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def scored(quick_scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> ResultFolder:
    """A small chest's result with images, without maps."""
    work = tmp_path_factory.mktemp("explained")
    write_small_chest(work / "chest.nii.gz", seed=1)
    options = ScoreOptions(patient_secret=b"s" * 32)
    (series,) = quick_scorer.score([work / "chest.nii.gz"], work / "out", options=options).series
    assert series.findings.findings
    return ResultFolder(series.folder)


def done(store: Store, wanted: JobRequest) -> JobState:
    """How a job ends."""
    request_job(store, wanted)
    worker = Worker(store, DEFAULT_MODEL, 2, None, kinds=["explain", "register"])
    worker.run(until_empty=True)
    state = job_state(store, wanted)
    assert state is not None
    return state


def of_result(folder: ResultFolder) -> JobRequest:
    return JobRequest("explain", folder.path, folder.path)


def test_maps_are_made_from_the_images_beside_the_result(
    store: Store, scored: ResultFolder
) -> None:
    ids = [finding.id for finding in scored.read_findings().findings]
    assert not scored.maps(ids)
    assert done(store, of_result(scored)) == JobState("ready", "")
    assert set(scored.maps(ids)) == set(ids)


def test_the_maps_are_those_that_scoring_makes(
    quick_scorer: Scorer, store: Store, scored: ResultFolder
) -> None:
    import nibabel
    import numpy as np

    done(store, of_result(scored))
    work = scored.path.parent.parent
    options = ScoreOptions(heatmaps=True)
    quick_scorer.score([work / "chest.nii.gz"], work / "again", options=options)
    by_scoring = ResultFolder(work / "again" / scored.path.name)
    scored_map, scoring_map = (
        nibabel.load(series.map_file(1)).dataobj for series in (scored, by_scoring)
    )
    assert np.array_equal(np.asarray(scored_map), np.asarray(scoring_map))


def test_another_model_s_result_is_not_explained(store: Store, tmp_path: Path) -> None:
    path, _ = write_made_pair(tmp_path)
    (folder,) = (ResultFolder(file.parent) for file in path.rglob("findings.json"))
    findings = folder.read_findings()
    model = ModelReference(name=DEFAULT_MODEL, version="0.0", sha256="0" * 64)
    folder.write_findings(findings.model_copy(update={"model": model}))
    state = done(store, of_result(folder))
    assert state.status == "failed"
    assert state.failure.startswith(f"{DEFAULT_MODEL}: 0.0 made this result; installed is ")
    assert str(tmp_path) not in state.failure
    model = model.model_copy(update={"name": "unknown"})
    folder.write_findings(findings.model_copy(update={"model": model}))
    assert "no model is called 'unknown'" in done(store, of_result(folder)).failure


def test_without_images_it_fails_with_the_reason(store: Store, tmp_path: Path) -> None:
    later, earlier = (
        ResultFolder(next(path.rglob("findings.json")).parent) for path in write_made_pair(tmp_path)
    )
    earlier.images_file.unlink()
    wanted = JobRequest("register", later.path, earlier.path)
    gone = "images: are no longer here. Score the study again."
    assert done(store, wanted) == JobState("failed", gone)
    assert done(store, wanted).status == "failed"  # asked for again, tried again
    assert later.read_registration(earlier) is None
