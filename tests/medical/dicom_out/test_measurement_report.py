"""Reports are read back with the numbers that were written, by highdicom and by dcmqi."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from medical.detection.findings import AddedFinding, Malignancy, RatingModel
from medical.dicom_out.assessment import (
    DECISION,
    DECISIONS,
    DENSITIES,
    DENSITY,
    Assessments,
    LungRads,
    ReadFinding,
    SignedReading,
)
from medical.dicom_out.malignancy_rating import OUTCOME_RATING, RATING, SCHEME, TypedRatings
from medical.dicom_out.measurement_report import write_measurement_report
from medical.dicom_out.provenance import tracking_uid
from medical.dicom_out.segmentation import write_segmentation
from medical.dicom_out.statements import PRESENCE
from medical.training.cases.sources.lesion import Planes
from medical.training.cases.sources.structured import structured_lesions
from models.zoo.starnet_card import LearnedOutcomes
from tests.medical.dicom_out.conftest import Written

MEASURES = {
    "long_axis_mm": codes.SCT.LongAxis,
    "short_axis_mm": codes.SCT.ShortAxis,
    "diameter_mm": codes.SCT.Diameter,
    "volume_mm3": codes.SCT.Volume,
    "mean_hu": codes.DCM.AttenuationCoefficient,
}


def content_of(file: Path) -> hd.sr.MeasurementReport:
    return hd.sr.srread(file).content


def values_of(group: object, name: object) -> list[float]:
    return [float(item.value) for item in group.get_measurements(name=name)]


def ends_of(item: Dataset) -> tuple[float, float]:
    """The interval that value and uncertainties tell."""
    upper, lower = (
        float(part.MeasuredValueSequence[0].NumericValue)
        for part in item[0].ContentSequence
        if part.RelationshipType == "HAS PROPERTIES"
    )
    value = float(item.value)
    return round(value - lower, 4), round(value + upper, 4)


def test_every_number_is_read_back(written: Written) -> None:
    report = content_of(written.file("sr"))
    for finding in written.scored.findings:
        uid = tracking_uid(written.scored, finding.id)
        (group,) = report.get_volumetric_roi_measurement_groups(tracking_uid=uid)
        (place,) = report.get_image_measurement_groups(tracking_uid=uid)
        for field, name in MEASURES.items():
            values = values_of(group, name) + values_of(place, name)
            assert set(values) == {getattr(finding, field)}
        (probability,) = group.get_measurements(name=codes.DCM.CertaintyOfFinding)
        assert probability.value == pytest.approx(100 * finding.probability)
        assert ends_of(probability) == pytest.approx([100 * p for p in finding.probability_ci95])
        (diameter,) = group.get_measurements(name=codes.SCT.Diameter)
        assert ends_of(diameter) == pytest.approx(finding.diameter_ci95)
        (volume,) = group.get_measurements(name=codes.SCT.Volume)
        assert ends_of(volume) == pytest.approx(finding.volume_ci95)
        (density,) = group.get_qualitative_evaluations(name=DENSITY)
        assert density.value == DENSITIES[finding.density]


def test_a_group_points_at_its_segment_and_the_model(written: Written) -> None:
    report, seg = content_of(written.file("sr")), hd.seg.segread(written.file("seg"))
    for finding in written.scored.findings:
        uid = tracking_uid(written.scored, finding.id)
        (group,) = report.get_volumetric_roi_measurement_groups(tracking_uid=uid)
        segment = group.referenced_segment
        assert segment.referenced_sop_instance_uid == seg.SOPInstanceUID
        (number,) = segment.referenced_segment_numbers
        assert seg.SegmentSequence[number - 1].SegmentLabel == f"Finding {finding.id}"


def test_the_centre_stands_in_the_ct_frame_of_reference(written: Written) -> None:
    planes = Planes()
    planes.frames_of_reference[written.ct.frame_of_reference_uid] = ["the CT"]
    lesions = structured_lesions(written.file("sr"), planes, place="sr")
    findings = written.scored.findings
    assert len(lesions) == len(findings)
    for lesion, finding in zip(lesions, findings, strict=True):
        assert np.abs(np.subtract(lesion.center_lps_mm, finding.center_lps_mm)).max() < 0.01
        assert lesion.diameter_mm == finding.diameter_mm


def test_the_only_finding_points_at_the_only_segment(upright: Written, tmp_path: Path) -> None:
    scored = upright.scored.model_copy(update={"findings": upright.scored.findings[:1]})
    seg = write_segmentation(upright.outlines[:1], scored, tmp_path / "seg.dcm", ct=upright.ct)
    write_measurement_report(scored, tmp_path / "sr.dcm", ct=upright.ct, segmentation=seg)
    (group,) = content_of(tmp_path / "sr.dcm").get_volumetric_roi_measurement_groups()
    assert group.referenced_segment.referenced_sop_instance_uid == seg.SOPInstanceUID
    assert list(group.referenced_segment.referenced_segment_numbers) == [1]


def test_all_that_it_rests_on_is_in_its_evidence(written: Written) -> None:
    made = hd.sr.srread(written.file("sr"))
    named = {
        str(image.ReferencedSOPInstanceUID)
        for name in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
        for study in made.get(name, [])
        for series in study.ReferencedSeriesSequence
        for image in series.ReferencedSOPSequence
    }
    seg = hd.seg.segread(written.file("seg"))
    assert named == {*written.ct.header_of, str(seg.SOPInstanceUID)}


def test_dcmqi_reads_the_same_numbers(written: Written, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("tid1500reader")
    if not program.is_file():
        pytest.skip("dcmqi is not installed")
    target = tmp_path / "sr.json"
    files = ["--inputDICOM", written.file("sr"), "--outputMetadata", target]
    subprocess.run([program, *files], check=True, capture_output=True)
    groups = json.loads(target.read_text())["Measurements"]
    assert len(groups) == 2 * len(written.scored.findings)
    for finding in written.scored.findings:
        uid = tracking_uid(written.scored, finding.id)
        read = {
            item["quantity"]["CodeValue"]: float(item["value"])
            for group in groups
            if group["TrackingUniqueIdentifier"] == uid
            for item in group["measurementItems"]
        }
        for field, name in MEASURES.items():
            assert read[name.value] == getattr(finding, field)


@pytest.mark.parametrize("negative", [True, False])
def test_that_nothing_was_found_is_told(upright: Written, tmp_path: Path, negative: bool) -> None:
    scored = upright.scored.model_copy(update={"findings": [], "negative": negative})
    write_measurement_report(scored, tmp_path / "sr.dcm", ct=upright.ct, segmentation=None)
    (group,) = content_of(tmp_path / "sr.dcm").get_image_measurement_groups()
    (presence,) = group.get_qualitative_evaluations(name=PRESENCE)
    undetermined = codes.DCM.PresenceUndetermined
    assert presence.value == (codes.SCT.Absent if negative else undetermined)


def test_without_an_outline_a_finding_points_at_its_slice(upright: Written, tmp_path: Path) -> None:
    write_measurement_report(upright.scored, tmp_path / "sr.dcm", ct=upright.ct, segmentation=None)
    report = content_of(tmp_path / "sr.dcm")
    assert report.get_volumetric_roi_measurement_groups() == []
    groups = report.get_image_measurement_groups()
    measured = [group for group in groups if values_of(group, codes.SCT.Volume)]
    for group, finding in zip(measured, upright.scored.findings, strict=True):
        (source,) = group.source_images
        assert source.referenced_sop_instance_uid == finding.sop_instance_uid


def test_a_malignancy_rating_is_written_where_there_is_one(
    upright: Written, tmp_path: Path
) -> None:
    rating = Malignancy(risk=0.25, ci95=(0.125, 0.5), image_weight=0.75, text_weight=0.25)
    first = upright.scored.findings[0].model_copy(update={"malignancy": rating})
    scored = upright.scored.model_copy(update={"findings": [first]})
    write_measurement_report(scored, tmp_path / "sr.dcm", ct=upright.ct, segmentation=None)
    groups = content_of(tmp_path / "sr.dcm").get_image_measurement_groups()
    (item,) = [item for group in groups for item in group.get_measurements(name=RATING)]
    assert (item.value, ends_of(item)) == (0.25, (0.125, 0.5))


STARNET = RatingModel(name="starnet", version="1", sha256="1" * 64, digest="2" * 64)
OUTCOMES = LearnedOutcomes(
    findings=30, patients=22, malignant=14, known_by={"follow-up": 12, "histology": 18}
)


@pytest.mark.parametrize("outcomes", [None, OUTCOMES])
def test_a_rating_names_its_starnet_and_what_taught_it(
    upright: Written, tmp_path: Path, outcomes: LearnedOutcomes | None
) -> None:
    rating = Malignancy(risk=0.25, ci95=(0.125, 0.5), image_weight=0.75, text_weight=0.25)
    first = upright.scored.findings[0].model_copy(update={"malignancy": rating})
    starnet = STARNET.model_copy(update={"outcomes": outcomes})
    scored = upright.scored.model_copy(update={"findings": [first], "malignancy_model": starnet})
    with_typed = rating.model_copy(update={"risk": 0.75, "ci95": (0.5, 1.0)})
    typed = TypedRatings("Typed by Anna: smoker", {first.id: with_typed})
    write_measurement_report(
        scored, tmp_path / "sr.dcm", ct=upright.ct, segmentation=None, typed=typed
    )
    written = pydicom.dcmread(tmp_path / "sr.dcm")
    texts = {
        str(item.ConceptNameCodeSequence[0].CodeMeaning): str(item.TextValue)
        for item in written.ContentSequence
        if item.ValueType == "TEXT"
    }
    assert texts["History"] == "Typed by Anna: smoker"
    groups = content_of(tmp_path / "sr.dcm").get_image_measurement_groups()
    concept = RATING if outcomes is None else OUTCOME_RATING
    of_typed = Code(f"{concept.value}-typed", SCHEME, "any")
    for name, value in ((concept, 0.25), (of_typed, 0.75)):
        (item,) = [item for group in groups for item in group.get_measurements(name=name)]
        assert item.value == value
        texts_of_item = " ".join(
            str(part.TextValue) for part in item[0].ContentSequence if part.ValueType == "TEXT"
        )
        assert f"starnet 1 digest={'2' * 64}" in texts_of_item
        assert ("14" in texts_of_item and "histology 18" in texts_of_item) == (outcomes is not None)
        assert ("not pathology" in texts_of_item) == (outcomes is None)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
def test_an_added_nodule_without_a_diameter_has_its_place(written: Written, tmp_path: Path) -> None:
    finding = written.scored.findings[0]
    added = AddedFinding.measured(finding, outlined=False)
    assert added.diameter_mm is None
    reading = SignedReading(
        signed_by="Bo",
        signed_at=datetime(2026, 1, 2, tzinfo=UTC),
        findings={9: ReadFinding(decision="added", reader="Bo", measured=added)},
        lung_rads=LungRads("", "none applies"),
    )
    scored = written.scored.model_copy(update={"findings": []})
    path = tmp_path / "sr.dcm"
    assessments = Assessments({}, reading)
    write_measurement_report(
        scored, path, ct=written.ct, segmentation=None, assessments=assessments
    )
    report = hd.sr.srread(path).content
    (group,) = report.get_planar_roi_measurement_groups(tracking_uid=tracking_uid(scored, 9))
    assert group.roi.graphic_type == hd.sr.GraphicTypeValues3D.POINT
    assert tuple(group.roi.value[0]) == pytest.approx(finding.center_lps_mm, abs=0.01)
    assert group.roi.frame_of_reference_uid == written.ct.frame_of_reference_uid
    assert group.get_measurements() == []
    assert group.get_qualitative_evaluations(name=DECISION)[0].value == DECISIONS["added"]
    ran = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
    lines = (ran.stdout + ran.stderr).splitlines()
    assert lines
    assert [line for line in lines if line.startswith("Error")] == []
