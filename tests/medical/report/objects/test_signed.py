"""Objects of a signed study say what was signed, from the headers that the store has kept."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import highdicom as hd
import pydicom
import pytest
from pydicom.sr.codedict import codes

from medical.dicom_out.assessment import (
    DECISION,
    DECISIONS,
    DENSITY_BY_READER,
    LUNG_RADS,
    LUNG_RADS_RULE,
    REASON,
)
from medical.dicom_out.kept_headers import pack_headers, unpack_headers
from medical.dicom_out.provenance import tracking_uid
from medical.dicom_out.statements import PRESENCE, QUALITATIVE_EVALUATIONS
from medical.errors import InputError
from medical.intake import open_input
from medical.nodule.guidelines.assessment import Assessment, Examination
from medical.report.files import files_to_sign
from medical.report.objects.kept import ObjectFile
from medical.report.objects.signed import signed_objects
from medical.results.folder import ResultFolder
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import add_finding, decide, describe_examination, reopen, sign
from medical.store.database import Store, open_store, sqlite_url
from medical.store.queue import claim, enqueue, finish
from medical.training.cases.sources.lesion import Planes
from medical.training.cases.sources.segmentation import segmentation_lesions
from medical.training.cases.sources.structured import structured_lesions
from tests.medical.dicom_out.conftest import CHINESE, Written, upright, write_all
from tests.medical.store.made import made_added

__all__ = ["upright", "write_all"]  # fixtures
READER = "Dr. Anna"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(sqlite_url(tmp_path / "store.sqlite"))


def scored_study(store: Store, written: Written, place: Path, *, headers: bool = True) -> str:
    """Put in line and scored, its CT gone since."""
    key = enqueue(store, written.folder / "ct", root=place, actor="anna")
    claimed = claim(store, "worker")
    assert claimed is not None
    uid = written.scored.series_instance_uid
    folder = ResultFolder(claimed.folder / uid)
    folder.path.mkdir(parents=True)
    folder.write_outlines(written.outlines)
    folder.write_findings(written.scored)
    packed = {uid: pack_headers(written.ct)} if headers else {}
    assert finish(store, claimed, series=[written.scored], headers=packed)
    return key


def put_signature(store: Store, key: str) -> None:
    reading = read_study(store, key)
    files = files_to_sign(
        reading, reading.series[0], None, actor=READER, at=1_750_000_000.0, store=store, cards=()
    )
    sign(
        store,
        key,
        seen_version=reading.study.version,
        actor=READER,
        at=1_750_000_000.0,
        report=files,
    )


def read_and_sign(store: Store, key: str, written: Written) -> None:
    """Accept the first with another size and density, reject the second, add a third."""
    first, second = read_study(store, key).findings
    corrected = NewDecision(
        "accepted", diameter_mm=11.5, comment="spiculated", assessment=Assessment(density="solid")
    )
    decide(store, first.id, corrected, seen_version=first.version, actor="Bo")
    rejection = NewDecision("rejected", reason="vessel")
    decide(store, second.id, rejection, seen_version=second.version, actor=READER)
    uid = written.scored.findings[1].sop_instance_uid
    added = made_added().model_copy(update={"sop_instance_uid": uid})
    add_finding(store, key, written.scored.series_instance_uid, added, actor=READER)
    seen = read_study(store, key).study.version
    baseline = Examination(kind="baseline")
    describe_examination(store, key, baseline, seen_version=seen, actor=READER)
    put_signature(store, key)


@pytest.fixture
def signed(store: Store, upright: Written, tmp_path: Path) -> tuple[Store, str, Written]:
    key = scored_study(store, upright, tmp_path / "studies")
    read_and_sign(store, key, upright)
    return store, key, upright


def by_form(files: list[ObjectFile], place: Path) -> dict[str, Path]:
    paths = {file.form: place / f"{file.form}.dcm" for file in files}
    for file in files:
        paths[file.form].write_bytes(file.content)
    return paths


def planes_of(written: Written) -> Planes:
    return Planes.of(open_input(written.folder / "ct", work_dir=written.folder / "work").chosen)


def texts_of(group: object, name: object) -> list[str]:
    return [
        str(item.TextValue)
        for item in group[0].ContentSequence
        if item.ValueType == "TEXT" and item.name == name
    ]


def test_the_report_says_what_was_signed(
    signed: tuple[Store, str, Written], tmp_path: Path
) -> None:
    store, key, written = signed
    paths = by_form(signed_objects(store, key, actor="anna"), tmp_path)
    made = pydicom.dcmread(paths["sr"])
    assert (made.VerificationFlag, made.CompletionFlag) == ("VERIFIED", "COMPLETE")
    assert str(made.VerifyingObserverSequence[0].VerifyingObserverName) == READER
    assert made.SeriesDescription == "StarLung measurements as signed, research use only"
    made.decode()
    assert str(made.PatientName) == CHINESE
    report = hd.sr.srread(paths["sr"]).content
    first, second = written.scored.findings
    (region,) = report.get_volumetric_roi_measurement_groups(
        tracking_uid=tracking_uid(written.scored, first.id)
    )
    (place,) = report.get_image_measurement_groups(
        tracking_uid=tracking_uid(written.scored, first.id)
    )
    (model,) = region.get_measurements(name=codes.SCT.Diameter)
    (reader,) = place.get_measurements(name=codes.SCT.Diameter)
    assert (model.value, reader.value) == (first.diameter_mm, 11.5)
    (decision,) = region.get_qualitative_evaluations(name=DECISION)
    assert decision.value == DECISIONS["accepted"]
    assert len(region.get_qualitative_evaluations(name=DENSITY_BY_READER)) == 1
    (category,) = region.get_qualitative_evaluations(name=LUNG_RADS)
    assert category.value.value == "4A"  # 11.5 mm, solid, at baseline
    assert "solid ≥ 8 to < 15 mm at baseline" in texts_of(region, LUNG_RADS_RULE)[0]
    assert texts_of(region, codes.DCM.Comment) == ["spiculated"]
    uid = tracking_uid(written.scored, second.id)
    assert report.get_image_measurement_groups(tracking_uid=uid) == []
    (added,) = report.get_image_measurement_groups(tracking_uid=tracking_uid(written.scored, 3))
    assert added.get_qualitative_evaluations(name=DECISION)[0].value == DECISIONS["added"]


def test_what_has_no_place_stands_among_the_statements(
    signed: tuple[Store, str, Written], tmp_path: Path
) -> None:
    store, key, written = signed
    paths = by_form(signed_objects(store, key, actor="anna"), tmp_path)
    root = hd.sr.srread(paths["sr"]).content[0].ContentSequence
    (container,) = [item for item in root if item.name == QUALITATIVE_EVALUATIONS]
    items = {item.name: item for item in container.ContentSequence}
    assert items[PRESENCE].value == codes.SCT.Present
    assert items[LUNG_RADS].value.value == "4A"
    assert "solid ≥ 8 to < 15 mm at baseline" in items[LUNG_RADS_RULE].value
    rejection = items[DECISION]
    assert rejection.value == DECISIONS["rejected"]
    properties = {item.name: item for item in rejection.ContentSequence}
    second = written.scored.findings[1]
    uid = properties[codes.DCM.TrackingUniqueIdentifier].value
    assert uid == tracking_uid(written.scored, second.id)
    assert properties[REASON].value == "vessel"
    assert str(properties[codes.DCM.PersonObserverName].value) == READER
    image = properties[codes.DCM.SourceOfMeasurement]
    assert image.referenced_sop_instance_uid == second.sop_instance_uid


def test_dcmqi_and_dcmtk_read_what_stands(
    signed: tuple[Store, str, Written], tmp_path: Path
) -> None:
    program = Path(sys.executable).with_name("tid1500reader")
    if not program.is_file() or shutil.which("dsrdump") is None:
        pytest.skip("dcmqi or DCMTK is not installed")
    store, key, written = signed
    report = by_form(signed_objects(store, key, actor="anna"), tmp_path)["sr"]
    target = tmp_path / "sr.json"
    files = ["--inputDICOM", report, "--outputMetadata", target]
    subprocess.run([program, *files], check=True, capture_output=True)
    groups = json.loads(target.read_text())["Measurements"]
    first = written.scored.findings[0]
    assert {group["TrackingUniqueIdentifier"] for group in groups} == {
        str(tracking_uid(written.scored, number)) for number in (first.id, 3)
    }
    dumped = subprocess.run(["dsrdump", report], capture_output=True, text=True, check=True)
    assert "Rejected by the reader" in dumped.stdout
    assert [line for line in dumped.stderr.splitlines() if line.startswith("E:")] == []


def test_every_group_has_a_place_that_viewers_find(
    signed: tuple[Store, str, Written], tmp_path: Path
) -> None:
    """OHIF joins groups by tracking UID, and stops at the first in which no number is a place's."""
    store, key, _ = signed
    paths = by_form(signed_objects(store, key, actor="anna"), tmp_path)
    places: dict[str, int] = {}
    for group in hd.sr.srread(paths["sr"]).content.get_image_measurement_groups():
        numbers = [item for item in group[0].ContentSequence if item.ValueType == "NUM"]
        below = [[part.ValueType for part in item.get("ContentSequence", ())] for item in numbers]
        count = sum(kinds in (["SCOORD"], ["SCOORD3D"]) for kinds in below)
        uid = str(group.tracking_uid)
        places[uid] = places.get(uid, 0) + count
    assert len(places) == 2
    assert min(places.values()) >= 1


def test_what_stands_is_outlined_selected_and_read_as_truth(
    signed: tuple[Store, str, Written], tmp_path: Path
) -> None:
    store, key, written = signed
    paths = by_form(signed_objects(store, key, actor="anna"), tmp_path)
    assert set(paths) == {"sr", "seg", "kos", "pdf"}
    (outlined,) = segmentation_lesions(paths["seg"], place="x")
    assert outlined.series_uid == written.scored.series_instance_uid
    lesions = structured_lesions(paths["sr"], planes_of(written), place="x")
    centers = {lesion.center_lps_mm for lesion in lesions}
    first, second = written.scored.findings
    assert len(lesions) == 2
    assert any(center == pytest.approx(first.center_lps_mm, abs=0.01) for center in centers)
    assert all(center != pytest.approx(second.center_lps_mm, abs=0.01) for center in centers)
    assert {round(lesion.diameter_mm, 2) for lesion in lesions} == {11.5, 8.0}
    key_objects = pydicom.dcmread(paths["kos"])
    named = {
        str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
        for item in key_objects.ContentSequence
        if item.ValueType == "IMAGE"
    }
    assert named == {first.sop_instance_uid, second.sop_instance_uid}  # where the third was added
    pdf = pydicom.dcmread(paths["pdf"])
    assert pdf.EncapsulatedDocument.startswith(b"%PDF")


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
@pytest.mark.parametrize("direction", ["head first", "oblique"])
def test_dciodvfy_finds_no_error(
    store: Store, write_all: Callable[[str], Written], direction: str, tmp_path: Path
) -> None:
    written = write_all(direction)
    key = scored_study(store, written, tmp_path / "studies")
    read_and_sign(store, key, written)
    for path in by_form(signed_objects(store, key, actor="anna"), tmp_path).values():
        ran = subprocess.run(
            ["dciodvfy", "-new", path], capture_output=True, text=True, check=False
        )
        lines = (ran.stdout + ran.stderr).splitlines()
        assert lines
        assert [line for line in lines if line.startswith("Error")] == [], path.name


def test_asked_for_again_they_are_the_same_files(signed: tuple[Store, str, Written]) -> None:
    store, key, _ = signed
    first = signed_objects(store, key, actor="anna")
    assert signed_objects(store, key, actor="bo") == first
    assert [file.form for file in signed_objects(store, key, actor="bo", forms={"sr"})] == ["sr"]


def test_signed_anew_they_are_new_ones(signed: tuple[Store, str, Written], tmp_path: Path) -> None:
    store, key, _ = signed
    (before,) = signed_objects(store, key, actor="anna", forms={"sr"})
    assert reopen(store, key, actor="anna")
    with pytest.raises(InputError, match="is not signed"):
        signed_objects(store, key, actor="anna")
    put_signature(store, key)
    (after,) = signed_objects(store, key, actor="anna", forms={"sr"})
    uids = []
    for number, file in enumerate((before, after)):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(file.content)
        header = pydicom.dcmread(path)
        uids.append((str(header.SeriesInstanceUID), str(header.SOPInstanceUID)))
    assert uids[0][0] == uids[1][0]
    assert uids[0][1] != uids[1][1]


def test_without_headers_it_is_said(store: Store, upright: Written, tmp_path: Path) -> None:
    key = scored_study(store, upright, tmp_path / "studies", headers=False)
    read_and_sign(store, key, upright)
    with pytest.raises(InputError, match="no headers of its CT"):
        signed_objects(store, key, actor="anna")


def test_everything_rejected_leaves_no_nodule(
    store: Store, upright: Written, tmp_path: Path
) -> None:
    key = scored_study(store, upright, tmp_path / "studies")
    for finding in read_study(store, key).findings:
        rejection = NewDecision("rejected", reason="vessel")
        decide(store, finding.id, rejection, seen_version=finding.version, actor=READER)
    put_signature(store, key)
    paths = by_form(signed_objects(store, key, actor="anna"), tmp_path)
    assert set(paths) == {"sr", "pdf"}
    assert structured_lesions(paths["sr"], planes_of(upright), place="x") == []


@pytest.mark.parametrize("damage", [b"", b"nothing", None])
def test_damaged_headers_are_refused(upright: Written, damage: bytes | None) -> None:
    whole = pack_headers(upright.ct)
    with pytest.raises(ValueError, match="kept headers"):
        unpack_headers(whole[: len(whole) // 2] if damage is None else damage)


def test_kept_headers_are_those_of_the_ct(upright: Written) -> None:
    ct = unpack_headers(pack_headers(upright.ct))
    assert [frame.sop_instance_uid for frame in ct.frames] == [
        frame.sop_instance_uid for frame in upright.ct.frames
    ]
    assert [frame.placement for frame in ct.frames] == [
        frame.placement for frame in upright.ct.frames
    ]
    assert all("PixelData" not in header for header in ct.headers)
    assert len(pack_headers(upright.ct)) < 40_000
