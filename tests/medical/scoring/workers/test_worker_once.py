"""The worker builds its networks once, and decodes each slice of a study once."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from medical.dicom.stacking import decode, one_stack, selection, series
from medical.geometry import VolumeGeometry
from medical.results.folder import ResultFolder
from medical.review.worklist import worklist
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.workers.worker import Worker
from medical.store.database import Store, open_store, sqlite_url
from medical.store.queue import enqueue
from medical.synthesis.write_ct import CtLabels, write_ct_series
from models.runtime import openvino_cpu
from models.zoo import ready
from models.zoo.loader import CARD, DEFAULT_MODEL, find_model
from tests.medical.results.test_images_digest import repack
from tests.medical.scoring.small_chest import write_small_chest

pytestmark = pytest.mark.heavy

SLICES = 48
STUDIES = 3


@pytest.fixture(scope="module")
def chests(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three patients' small chests, as DICOM."""
    folder = tmp_path_factory.mktemp("chests")
    geometry = VolumeGeometry.axial(shape=(SLICES, 72, 72), spacing_mm=(2.0, 2.0, 2.0))
    inputs = []
    for seed in range(1, STUDIES + 1):
        write_small_chest(folder / f"{seed}.nii.gz", seed=seed)
        hu = np.asarray(nibabel.load(folder / f"{seed}.nii.gz").dataobj).T
        labels = CtLabels(f"once {seed}", f"Test^{seed}", f"T-{seed}", "made for a test")
        hu = np.clip(hu, -1024, 3000).astype(np.int16)
        write_ct_series(hu, geometry, folder / f"ct{seed}", labels=labels)
        inputs.append(folder / f"ct{seed}")
    return inputs


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(sqlite_url(tmp_path / "store.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often files were decoded and networks built; all of it is really done."""
    count: Counter[str] = Counter()

    def counting(module: Any, name: str, kind: str) -> None:
        real = getattr(module, name)

        def call(*arguments: Any, **options: Any) -> Any:
            count[f"decode {arguments[0]}" if kind == "decode" else kind] += 1
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, call)

    for module in (series, selection, one_stack, decode):
        counting(module, "decode_file", "decode")
    counting(ready, "ready_networks", "load")
    counting(openvino_cpu.OpenVinoNetwork, "__init__", "network")
    return count


def decoded(calls: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in calls.items() if name.startswith("decode ")}


def worker(store: Store, model: str, *, imported: Path | None = None) -> Worker:
    options = ScoreOptions(server=True, heatmaps=True, patient_secret=b"s" * 32)
    return Worker(store, model, 2, imported, options=options)


def test_three_studies_build_the_networks_once_and_decode_each_slice_once(
    store: Store, chests: list[Path], tmp_path: Path, calls: Counter[str]
) -> None:
    for chest in chests:
        enqueue(store, chest, root=tmp_path / "studies", actor="tester")
    assert worker(store, DEFAULT_MODEL).run(until_empty=True) == STUDIES
    assert calls["load"] == 1
    assert calls["network"] == 4  # detector, two parts of the second stage, malignancy
    assert len(decoded(calls)) == STUDIES * SLICES
    assert set(decoded(calls).values()) == {1}
    for study in worklist(store):
        (folder,) = (ResultFolder(path.parent) for path in Path(study.folder).rglob("input.json"))
        images, scored = folder.read_images(), folder.read_findings()
        assert images is not None and len(images.slice_numbers) == SLICES
        assert images.patient
        assert scored.findings
        assert len(folder.maps(finding.id for finding in scored.findings)) == len(scored.findings)
        assert folder.load_images().hu.shape == (SLICES, 72, 72)


def test_a_model_that_was_replaced_is_noticed(
    store: Store, chests: list[Path], tmp_path: Path, calls: Counter[str]
) -> None:
    place = tmp_path / "models" / "own"
    shipped = find_model(DEFAULT_MODEL)
    shutil.copytree(shipped.folder, place)
    shipped.card.model_copy(update={"name": "own"}).write(place / CARD)
    own = worker(store, "own", imported=tmp_path / "models")
    enqueue(store, chests[0], root=tmp_path / "studies", actor="tester")
    own.run(until_empty=True)
    other = shipped.card.model_copy(update={"name": "own", "operating_point": 0.5})
    other.write(place / CARD)
    enqueue(store, chests[1], root=tmp_path / "studies", actor="tester")
    own.run(until_empty=True)
    assert calls["load"] == 2
    points = {
        ResultFolder(file.parent).read_findings().operating_point
        for file in (tmp_path / "studies").rglob("findings.json")
    }
    assert points == {shipped.card.operating_point, 0.5}
    shutil.rmtree(place)
    enqueue(store, chests[2], root=tmp_path / "studies", actor="tester")
    own.run(until_empty=True)
    (failed,) = worklist(store, status=["failed"])
    assert "no model is called 'own'" in failed.failure


def test_a_ct_that_comes_again_in_another_encoding_is_known(
    store: Store, chests: list[Path], tmp_path: Path
) -> None:
    repack(chests[0], tmp_path / "unpacked")
    repack(chests[0], tmp_path / "altered", alter=True)
    for path in (chests[0], tmp_path / "unpacked", tmp_path / "altered"):
        enqueue(store, path, root=tmp_path / "studies", actor="test")
        assert worker(store, DEFAULT_MODEL).run(until_empty=True) == 1
    studies = sorted(worklist(store), key=lambda study: study.received_at)
    findings = [next(Path(study.folder).glob("*/findings.json")) for study in studies]
    notes = [ResultFolder(path.parent).read_findings().quality for path in findings]
    known = [[note.message for note in each if note.code == "scored_before"] for each in notes]
    assert [len(each) for each in known] == [0, 1, 0]
    assert f"already as {studies[0].label}" in known[1][0]
