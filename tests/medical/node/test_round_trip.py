"""From a scanner over the node to the archive and back into retraining, all of it for real."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from medical.geometry import VolumeGeometry
from medical.intake import open_input
from medical.node.node import Node
from medical.node.retrieval import Retrieval
from medical.node.settings import NodeSettings
from medical.results.search import result_folders
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.workers.worker import Worker
from medical.store.arrivals import due
from medical.store.database import Store
from medical.store.outbox import lines
from medical.store.series import latest_scored
from medical.synthesis.write_ct import CtLabels, write_ct_series
from medical.training.cases.gather import gather
from medical.training.cases.sources.lesion import Planes
from medical.training.cases.sources.segmentation import segmentation_lesions
from medical.training.cases.sources.structured import structured_lesions
from medical.training.config import Cases
from models.zoo.loader import DEFAULT_MODEL
from tests.medical.dicom_out.test_segmentation import read_mask
from tests.medical.node.conftest import storescu
from tests.medical.node.test_delivery import statuses, wait_until
from tests.medical.node.test_receiver import wait_for_studies
from tests.medical.scoring.small_chest import write_small_chest
from tests.orthanc import Orthanc

pytestmark = pytest.mark.heavy

NAME, IDENTITY = "Wang^XiaoDong", "SECRET-17"


def write_chest(folder: Path) -> list[Path]:
    folder.mkdir()
    write_small_chest(folder / "chest.nii.gz", seed=1)
    hu = np.asarray(nibabel.load(folder / "chest.nii.gz").dataobj).T
    (folder / "chest.nii.gz").unlink()
    geometry = VolumeGeometry.axial(shape=hu.shape, spacing_mm=(2.0, 2.0, 2.0))
    labels = CtLabels("round trip", NAME, IDENTITY, "chest")
    return write_ct_series(
        np.clip(hu, -1024, 3000).astype(np.int16), geometry, folder, labels=labels
    )


@pytest.mark.parametrize("way", ["entity", "web"])
def test_what_was_scored_comes_back_as_a_training_case(
    make_node: Callable[..., Node],
    node_store: Store,
    orthanc: Orthanc,
    tmp_path: Path,
    way: str,
) -> None:
    files = write_chest(tmp_path / "ct")
    node = make_node(
        peers={"pacs": getattr(orthanc, way).model_dump()},
        rules=[{"send_to": ["pacs"], "forms": ["sr", "seg"]}],
    )
    assert storescu(node.settings.port, files) == 0
    assert storescu(orthanc.dicom_port, files, called="ORTHANC") == 0
    wait_for_studies(node_store, 1)
    options = ScoreOptions(server=True)
    Worker(node_store, model=DEFAULT_MODEL, samples=2, imported=None, options=options).run(
        until_empty=True
    )
    wait_until(lambda: len(lines(node_store)) == 2 and statuses(node_store) == {"sent"}, 60)
    assert due(node_store) == []
    study_uid = str(pydicom.dcmread(files[0]).StudyInstanceUID)
    back = tmp_path / "back"
    settings = NodeSettings(timeout_seconds=20)
    got = Retrieval(getattr(orthanc, way), settings).fetch(study_uid, None, out=back, move_to=None)
    assert got == (len(files) + 2, 0)

    (result,) = [
        folder
        for place in latest_scored(node_store, 1)
        for folder in result_folders(Path(place.folder))
    ]
    scored, outlines = result.read_findings(), result.read_outlines()
    assert scored.findings, "the ball must be found, or nothing is tested"
    assert outlines is not None
    by_modality = {}
    for file in back.rglob("*.dcm"):
        by_modality.setdefault(str(pydicom.dcmread(file).Modality), file)
    (handle,) = open_input(back, work_dir=tmp_path / "work").chosen
    lesions = structured_lesions(by_modality["SR"], Planes.of([handle]), place="sr")
    assert len(lesions) == len(scored.findings)
    for lesion, finding in zip(lesions, scored.findings, strict=True):
        apart = np.subtract(lesion.center_lps_mm, finding.center_lps_mm)
        assert np.abs(apart).max() < 0.01
    assert len(segmentation_lesions(by_modality["SEG"], place="seg")) == len(scored.findings)
    for number, outline in enumerate(outlines, start=1):
        mask, points = read_mask(by_modality["SEG"], number)
        assert mask.any()
        assert np.array_equal(mask, outline.holds(points))

    gathered = gather(Cases(cases=str(back)), out=tmp_path / "run", seen=(), work=tmp_path / "work")
    (row,) = gathered.truth
    assert row.series_uid == scored.series_instance_uid
    assert list(gathered.training) == [scored.series_instance_uid]
    leaves = [str(path) for path in node.folder.rglob("*")]
    assert not [path for path in leaves if "Wang" in path or IDENTITY in path]
    shutil.rmtree(back)
