"""Studies come back from Orthanc as they were, by C-GET, C-MOVE and WADO."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

from medical.node.dimse import Entity, PeerUnavailableError
from medical.node.node import Node
from medical.node.retrieval import Retrieval
from medical.node.settings import NodeSettings
from medical.store.database import Store
from tests.medical.dicom_out.conftest import Written, upright, write_all
from tests.medical.node.conftest import write_study
from tests.medical.node.test_receiver import instances, wait_for_studies
from tests.orthanc import Orthanc, free_port, new_orthanc

__all__ = ["upright", "write_all"]  # fixtures
pytestmark = pytest.mark.heavy
SETTINGS = NodeSettings(timeout_seconds=10)


def upload(orthanc: Orthanc, files: list[Path]) -> str:
    entity = Entity(orthanc.entity, "STARLUNG", 10)
    entity.store(files, lambda _: True, lambda *_: None)
    return str(pydicom.dcmread(files[0]).StudyInstanceUID)


def pixels(files: list[Path]) -> dict[str, list[int]]:
    """Decoded: by C-GET an archive sends in the encoding that it likes."""
    read = [pydicom.dcmread(file) for file in files]
    return {str(dataset.SOPInstanceUID): dataset.pixel_array.ravel().tolist() for dataset in read}


@pytest.mark.parametrize("way", ["entity", "web"])
def test_a_study_is_found_and_fetched_as_it_was(
    orthanc: Orthanc, study: list[Path], tmp_path: Path, way: str
) -> None:
    uid = upload(orthanc, study)
    upload(orthanc, write_study(tmp_path / "other", identity="other"))
    retrieval = Retrieval(getattr(orthanc, way), SETTINGS)
    studies = retrieval.find(study_uid=uid, date=None, modality="CT")
    assert [(name, day) for name, day, _ in studies] == [(uid, "20200101")]
    assert len(retrieval.find(study_uid=None, date="20200101", modality="CT")) == 2
    assert retrieval.find(study_uid=None, date="20210101", modality="CT") == []
    assert retrieval.find(study_uid=uid, date=None, modality="SR") == []
    assert retrieval.find(study_uid=uid, date=None, modality=None) == studies
    out = tmp_path / "out"
    assert retrieval.fetch(uid, None, out=out, move_to=None) == (len(study), 0)
    assert pixels(sorted(out.rglob("*.dcm"))) == pixels(study)


def test_a_study_is_fetched_with_all_kinds_of_objects_that_we_write(
    orthanc: Orthanc, upright: Written, tmp_path: Path
) -> None:
    objects = [upright.file(form) for form in ("sr", "seg", "cad-sr", "kos", "pdf")]
    files = [*sorted((upright.folder / "ct").rglob("*.dcm")), *objects]
    uid = upload(orthanc, files)
    for number, way in enumerate((orthanc.entity, orthanc.web)):
        out = tmp_path / str(number)
        fetched = Retrieval(way, SETTINGS).fetch(uid, None, out=out, move_to=None)
        assert fetched == (len(files), 0)


def test_one_series_is_fetched_alone(orthanc: Orthanc, study: list[Path], tmp_path: Path) -> None:
    uid = upload(orthanc, study)
    retrieval = Retrieval(orthanc.entity, SETTINGS)
    with pytest.raises(PeerUnavailableError, match="it answered with status"):
        retrieval.fetch(uid, "1.2.3", out=tmp_path / "none", move_to=None)
    series = str(pydicom.dcmread(study[0]).SeriesInstanceUID)
    for number, way in enumerate((orthanc.entity, orthanc.web)):
        out = tmp_path / str(number)
        assert Retrieval(way, SETTINGS).fetch(uid, series, out=out, move_to=None) == (6, 0)


def test_a_study_is_moved_to_the_node(
    make_node: Callable[..., Node], node_store: Store, study: list[Path], tmp_path: Path
) -> None:
    node = make_node()
    place = ["STARLUNG", "127.0.0.1", node.settings.port]
    orthanc = new_orthanc(tmp_path / "orthanc", node=place)
    orthanc.start()
    uid = upload(orthanc, study)
    retrieval = Retrieval(orthanc.entity, SETTINGS)
    assert retrieval.fetch(uid, None, out=None, move_to="STARLUNG") == (6, 0)
    (source,) = wait_for_studies(node_store, 1)
    assert instances(list(source.iterdir())) == instances(study)
    orthanc.stop()


def test_dcmtk_has_the_archive_move_a_study_to_the_node_which_queues_it(
    make_node: Callable[..., Node], node_store: Store, study: list[Path], tmp_path: Path
) -> None:
    if shutil.which("movescu") is None:
        pytest.skip("DCMTK is not installed")
    caller = {"ae_title": "ORTHANC", "address": "127.0.0.1"}
    node = make_node(callers=[caller])
    place = ["STARLUNG", "127.0.0.1", node.settings.port]
    orthanc = new_orthanc(tmp_path / "orthanc", node=place)
    orthanc.start()
    uid = upload(orthanc, study)
    upload(orthanc, write_study(tmp_path / "other", identity="other"))
    to_node = ["-aec", "ORTHANC", "-aem", "STARLUNG", "127.0.0.1", str(orthanc.dicom_port)]
    wanted = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={uid}"]
    moved = subprocess.run(["movescu", "-v", "-S", *wanted, *to_node], capture_output=True)
    assert moved.returncode == 0, moved.stderr
    (source,) = wait_for_studies(node_store, 1)
    assert instances(list(source.iterdir())) == instances(study)
    orthanc.stop()


@pytest.mark.parametrize("way", ["entity", "web"])
def test_a_peer_that_is_not_there_is_told(tmp_path: Path, way: str) -> None:
    orthanc = Orthanc(tmp_path, free_port(), free_port(), {})
    started = time.monotonic()
    with pytest.raises(PeerUnavailableError, match="does not answer"):
        Retrieval(getattr(orthanc, way), SETTINGS).find(study_uid="1.2", date=None, modality="CT")
    assert time.monotonic() - started < 60
