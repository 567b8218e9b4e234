"""The report's lines lie on the nodules, in the slices that show them."""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from medical.dicom_out.measurement_report import write_measurement_report
from medical.dicom_out.provenance import tracking_uid
from medical.training.cases.sources.lesion import Planes
from medical.training.cases.sources.structured import structured_lesions
from tests.medical.dicom_out.conftest import RADII_MM, Written

AXIAL = {"head first", "feet first", "prone"}
UPRIGHT = np.eye(3)  # the ellipsoids' axes: x, y, z


def coordinates(report: Path, uid: str, name: object) -> Dataset:
    """The place that one measure of one finding was taken at."""
    content = hd.sr.srread(report).content
    groups = content.get_image_measurement_groups(tracking_uid=uid)
    (measure,) = [item for group in groups for item in group.get_measurements(name=name)]
    (place,) = measure[0].ContentSequence
    assert place.RelationshipType == "INFERRED FROM"
    return place


def in_patient(place: Dataset, headers: dict[str, Dataset]) -> np.ndarray:
    """Points in the patient, as the standard says: the first pixel's centre is 0.5, 0.5."""
    if place.ValueType == "SCOORD3D":
        return np.reshape(np.array(place.GraphicData, float), (-1, 3))
    header = headers[place.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID]
    columns, rows = np.reshape(np.array(place.GraphicData, float), (-1, 2)).T - 0.5
    along_row, along_column = np.reshape(np.array(header.ImageOrientationPatient, float), (2, 3))
    between_rows, between_columns = map(float, header.PixelSpacing)
    return (
        np.array(header.ImagePositionPatient, float)
        + np.outer(columns * between_columns, along_row)
        + np.outer(rows * between_rows, along_column)
    )


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["written"])


def test_the_lines_lie_along_the_nodule_and_are_as_long_as_the_report_says(
    written: Written, kind: str
) -> None:
    for finding, outline, radii in zip(
        written.scored.findings, written.outlines, RADII_MM, strict=True
    ):
        uid = tracking_uid(written.scored, finding.id)
        low, high = outline.box_lps_mm() or (np.zeros(3), np.zeros(3))
        middle = (low + high) / 2
        ends = {}
        for name, length in (
            (codes.SCT.LongAxis, finding.long_axis_mm),
            (codes.SCT.ShortAxis, finding.short_axis_mm),
        ):
            place = coordinates(written.file("sr"), uid, name)
            assert place.ValueType == ("SCOORD" if kind in AXIAL else "SCOORD3D")
            assert place.GraphicType == "POLYLINE"
            line = in_patient(place, written.ct.header_of)
            assert np.linalg.norm(line[1] - line[0]) == pytest.approx(length, abs=0.01)
            # across slices of 2.5 mm the slice that shows it may lie half of that away
            away = np.abs(line.mean(0) - middle)
            assert (away <= (0.8, 0.8, 1.25 + 0.7)).all()
            ends[name] = (line[1] - line[0]) / length
        if radii[0] != radii[1]:
            assert abs(ends[codes.SCT.LongAxis] @ UPRIGHT[np.argmax(radii[:2])]) > 0.95
        assert abs(ends[codes.SCT.LongAxis] @ ends[codes.SCT.ShortAxis]) < 0.02


def test_without_an_outline_both_axes_point_at_the_centre(upright: Written, tmp_path: Path) -> None:
    report = tmp_path / "sr.dcm"
    write_measurement_report(upright.scored, report, ct=upright.ct, segmentation=None)
    for finding in upright.scored.findings:
        uid = tracking_uid(upright.scored, finding.id)
        for name in (codes.SCT.LongAxis, codes.SCT.ShortAxis):
            place = coordinates(report, uid, name)
            assert in_patient(place, {})[0] == pytest.approx(finding.center_lps_mm, abs=0.001)


def test_retraining_takes_the_centre_not_the_middle_of_the_lines(written: Written) -> None:
    planes = Planes()
    planes.frames_of_reference[written.ct.frame_of_reference_uid] = ["the CT"]
    for frame in written.ct.frames:
        planes.placed[(frame.sop_instance_uid, frame.index + 1)] = ("the CT", frame.placement)
    lesions = structured_lesions(written.file("sr"), planes, place="sr")
    for lesion, finding in zip(lesions, written.scored.findings, strict=True):
        assert np.abs(np.subtract(lesion.center_lps_mm, finding.center_lps_mm)).max() < 0.01
        assert lesion.diameter_mm == finding.diameter_mm
