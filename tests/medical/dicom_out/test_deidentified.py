"""Results and their CT, de-identified with one secret, still belong together and name nobody."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from pydicom.sr.codedict import codes

from medical.deidentification.deidentifier import Deidentifier
from medical.deidentification.files import deidentify_files
from medical.training.cases.sources.lesion import Planes
from medical.training.cases.sources.structured import structured_lesions
from tests.medical.dicom_out.conftest import CHINESE, Written

KEY = b"sixteen bytes or more"


def test_report_and_segmentation_still_point_at_the_ct(upright: Written, tmp_path: Path) -> None:
    given = [upright.folder / "ct", *map(upright.file, ("sr", "seg", "kos"))]
    outcome = deidentify_files(given, tmp_path / "out", Deidentifier(KEY), work_dir=tmp_path / "w")
    assert outcome.refused == []
    kinds: dict[str, list[Path]] = {}
    for file in outcome.written:
        raw = file.read_bytes()
        for word in (CHINESE, "WangXiaoDong", "Wang^XiaoDong", "王", "TEST-1"):
            assert word.encode() not in raw
        kinds.setdefault(str(pydicom.dcmread(file).Modality), []).append(file)
    slices = {str(pydicom.dcmread(file).SOPInstanceUID) for file in kinds["CT"]}
    (sr,), (seg,) = kinds["SR"], kinds["SEG"]
    report, segmentation = hd.sr.srread(sr).content, hd.seg.segread(seg)
    for group in report.get_volumetric_roi_measurement_groups():
        pointed = group.referenced_segment.referenced_sop_instance_uid
        assert pointed == segmentation.SOPInstanceUID
    lines = [
        measure[0].ContentSequence[0].ContentSequence[0].ReferencedSOPSequence[0]
        for group in report.get_image_measurement_groups()
        for measure in group.get_measurements(name=codes.SCT.LongAxis)
    ]
    assert len(lines) == len(upright.scored.findings)
    assert {str(line.ReferencedSOPInstanceUID) for line in lines} <= slices


def test_retraining_reads_the_same_lesions_without_the_patient(
    upright: Written, tmp_path: Path
) -> None:
    given = [upright.folder / "ct", upright.file("sr")]
    outcome = deidentify_files(given, tmp_path / "out", Deidentifier(KEY), work_dir=tmp_path / "w")
    headers = {file: pydicom.dcmread(file) for file in outcome.written}
    (sr,) = [file for file, header in headers.items() if header.Modality == "SR"]
    planes = Planes()
    frame = next(str(h.FrameOfReferenceUID) for h in headers.values() if h.Modality == "CT")
    planes.frames_of_reference[frame] = ["the CT"]
    lesions = structured_lesions(sr, planes, place="sr")
    for lesion, finding in zip(lesions, upright.scored.findings, strict=True):
        assert np.abs(np.subtract(lesion.center_lps_mm, finding.center_lps_mm)).max() < 0.01
        assert lesion.diameter_mm == finding.diameter_mm
    if shutil.which("dciodvfy"):
        ran = subprocess.run(["dciodvfy", "-new", sr], capture_output=True, text=True)
        lines = (ran.stdout + ran.stderr).splitlines()
        assert [line for line in lines if line.startswith("Error")] == []
