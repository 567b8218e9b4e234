"""From scoring over signature and archive into a whole retraining, which learns nobody's name."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pydicom
import pytest

from medical.intake import open_input
from medical.node.dispatch import enter_objects
from medical.node.node import Node
from medical.node.retrieval import Retrieval
from medical.node.settings import NodeSettings
from medical.report.objects.signed import signed_objects
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import add_finding, decide
from medical.review.worklist import worklist
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.workers.worker import Worker
from medical.store.database import Store
from medical.store.outbox import lines
from medical.training.cases.sources.lesion import Planes
from medical.training.cases.sources.structured import structured_lesions
from medical.training.config import Cases, RunConfig
from medical.training.recipes import Budget, Patches, Recipe
from medical.training.retrain import retrain
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.medical.dicom_out.test_segmentation import read_mask
from tests.medical.node.conftest import storescu
from tests.medical.node.test_delivery import statuses, wait_until
from tests.medical.node.test_receiver import wait_for_studies
from tests.medical.node.test_round_trip import IDENTITY, NAME, write_chest
from tests.medical.report.objects.test_signed import READER, put_signature
from tests.medical.store.made import made_added
from tests.orthanc import Orthanc

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
BORN = "19500203"


def sign_with_an_added_nodule(store: Store, key: str) -> list[tuple[float, ...]]:
    """Accept what was found, add a nodule in the other lung; returns the places of both."""
    reading = read_study(store, key)
    assert reading.findings, "the ball must be found, or nothing is tested"
    for finding in reading.findings:
        accepted = NewDecision("accepted")
        decide(store, finding.id, accepted, seen_version=finding.version, actor=READER)
    (series,) = reading.series
    x, y, z = series.scored.findings[0].center_lps_mm
    other = (x + 64.0 if x < 72 else x - 64.0, y, z)
    added = made_added().model_copy(update={"center_lps_mm": other})
    add_finding(store, key, series.uid, added, actor=READER)
    put_signature(store, key)
    return [*(finding.center_lps_mm for finding in series.scored.findings), other]


def left_behind(folder: Path) -> bytes:
    """All that lies in a folder: names of files, their bytes, and what arrays unpack to."""
    parts = []
    for file in sorted(folder.rglob("*")):
        parts.append(str(file.relative_to(folder)).encode())
        if file.is_file():
            parts.append(file.read_bytes())
        if file.suffix == ".npz":
            try:
                with np.load(file, allow_pickle=False) as arrays:
                    parts += [arrays[name].tobytes() for name in arrays.files]
                    parts += [str(arrays[name]).encode() for name in arrays.files]
            except (BadZipFile, ValueError):
                raise AssertionError(f"{file} cannot be looked into") from None
    return b"\n".join(parts)


def test_retraining_learns_from_what_a_reader_signed_and_keeps_no_patient(
    make_node: Callable[..., Node], node_store: Store, orthanc: Orthanc, tmp_path: Path
) -> None:
    files = write_chest(tmp_path / "ct")
    for file in files:
        header = pydicom.dcmread(file)
        header.PatientBirthDate = BORN
        header.save_as(file)
    node = make_node(peers={"pacs": orthanc.entity.model_dump()}, rules=[{"forms": []}])
    assert storescu(node.settings.port, files) == 0
    assert storescu(orthanc.dicom_port, files, called="ORTHANC") == 0
    wait_for_studies(node_store, 1)
    options = ScoreOptions(server=True)
    Worker(node_store, model=DEFAULT_MODEL, samples=2, imported=None, options=options).run(
        until_empty=True
    )
    (study,) = worklist(node_store)
    centers = sign_with_an_added_nodule(node_store, study.key)
    (series,) = read_study(node_store, study.key).series
    outlines = series.folder.read_outlines()
    signed = [file.content for file in signed_objects(node_store, study.key, actor=READER)]
    enter_objects(node_store, node.spool.outbox, "pacs", signed, actor=READER, key=study.key)
    wait_until(lambda: statuses(node_store) == {"sent"}, 60)
    assert len(lines(node_store)) == len(signed) == 4
    study_uid = str(pydicom.dcmread(files[0]).StudyInstanceUID)
    back, out = tmp_path / "back", tmp_path / "out"
    settings = NodeSettings(timeout_seconds=20)
    got = Retrieval(orthanc.entity, settings).fetch(study_uid, None, out=back, move_to=None)
    assert got == (len(files) + len(signed), 0)

    by_modality = {str(pydicom.dcmread(file).Modality): file for file in back.rglob("*.dcm")}
    (handle,) = open_input(back, work_dir=tmp_path / "work").chosen
    read = structured_lesions(by_modality["SR"], Planes.of([handle]), place="sr")
    assert len(read) == len(centers)
    for lesion, center in zip(read, centers, strict=True):
        assert np.abs(np.subtract(lesion.center_lps_mm, center)).max() < 0.01
    assert outlines
    for number, outline in enumerate(outlines, start=1):
        mask, points = read_mask(by_modality["SEG"], number)
        assert mask.any()
        assert np.array_equal(mask, outline.holds(points))

    recipe = Recipe(budget=Budget(minutes=0.02), patches=Patches(batch=4, patch=48))
    run = RunConfig.model_validate({"source": Cases(cases=str(back)), "recipe": recipe})
    card = find_model(str(retrain(run, out=out).folder)).card

    assert card.scans_seen_in_training == [str(pydicom.dcmread(files[0]).SeriesInstanceUID)]
    with (out / "truth.csv").open() as table:
        rows = [
            tuple(float(row[name]) for name in ("coordX", "coordY", "coordZ"))
            for row in csv.DictReader(table)
        ]
    assert len(rows) == len(centers)
    for center in centers:  # of a nodule with an outline the mean of the outline's and the report's
        assert min(np.linalg.norm(np.subtract(row, center)) for row in rows) < 1
    left = left_behind(out)
    assert card.scans_seen_in_training[0].encode() in left, "it must be able to find something"
    family, given = NAME.split("^")
    for word in (NAME, family, given, IDENTITY, BORN):
        assert word.encode() not in left
        assert word.encode("utf-16-le") not in left
        assert word.encode("utf-32-le") not in left
