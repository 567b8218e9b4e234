"""Truth from the reading room belongs to the images that were read, whatever files are called."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from medical.detection.findings import Input
from medical.intake import number_series, open_input
from medical.io.series_handle import SeriesHandle
from medical.results.folder import ResultFolder
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide, sign
from medical.review.worklist import worklist
from medical.store.database import open_store, sqlite_url
from medical.store.queue import claim, enqueue, finish
from medical.training.cases.sources.reviewed import reviewed_studies
from tests.medical.scoring.small_chest import write_small_chest
from tests.medical.store.made import made_series


@pytest.mark.parametrize("images_kept", [True, False])
def test_a_file_called_like_the_number_of_another_is_not_taken_for_it(
    images_kept: bool, tmp_path: Path
) -> None:
    source = tmp_path / "two"
    source.mkdir()
    write_small_chest(source / "anna.nii.gz", seed=1)
    write_small_chest(source / "series-1.nii.gz", seed=2)
    numbered = number_series(open_input(source, work_dir=tmp_path / "w")).chosen
    assert [(item.path.name, item.series_instance_uid) for item in numbered] == [
        ("anna.nii.gz", "series-1"),
        ("series-1.nii.gz", "series-2"),
    ]
    store = open_store(sqlite_url(tmp_path / "store.sqlite"))
    enqueue(store, source, root=tmp_path / "studies", actor="anna")
    claimed = claim(store, "worker")
    assert claimed is not None
    scored = []
    for handle in numbered:
        digest = Input(path=".", sha256=handle.content().sha256)
        series = made_series(0.9, uid=handle.series_instance_uid)
        scored.append(series.model_copy(update={"input": digest}))
        viewer_images = ResultFolder(claimed.folder / series.series_instance_uid).images_file
        viewer_images.parent.mkdir(parents=True)
        shutil.copy(handle.path, viewer_images)
        text = scored[-1].model_dump_json(by_alias=True)
        (viewer_images.parent.parent / "findings.json").write_text(text)
    finish(store, claimed, series=scored)
    for study in worklist(store):
        (finding,) = read_study(store, study.key).findings
        decide(store, finding.id, NewDecision("accepted"), seen_version=0, actor="bo")
        sign(store, study.key, seen_version=1, actor="bo")
        if not images_kept:
            shutil.rmtree(Path(study.folder) / finding.series_uid / "viewer")
    store.close()
    url = sqlite_url(tmp_path / "store.sqlite")
    if not images_kept:
        with pytest.raises(Exception, match="no signed study whose images are still here"):
            reviewed_studies(url, work=tmp_path / "w2")
        return
    read = reviewed_studies(url, work=tmp_path / "w2")
    images = {item.series_instance_uid: voxels(item) for item in read.handles}
    truth = {item.series_instance_uid: voxels(item) for item in numbered}
    assert set(images) == set(truth) == {lesion.series_uid for lesion in read.lesions}
    for name, hu in truth.items():
        np.testing.assert_array_equal(images[name], hu)


def voxels(handle: SeriesHandle) -> np.ndarray:
    return handle.load().hu
