"""Chest CAD SR says where findings lie, and tells nothing found from not analysed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from medical.dicom_out.chest_cad import write_chest_cad, write_failed_chest_cad
from medical.geometry import VolumeGeometry
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.scorer import Scorer
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.medical.dicom_out.conftest import Written

SUCCEEDED, FAILED = "111222", "111224"


def item_called(parent: Dataset, meaning: str) -> Dataset:
    (item,) = [
        item
        for item in parent.ContentSequence
        if "ConceptNameCodeSequence" in item
        and item.ConceptNameCodeSequence[0].CodeMeaning == meaning
    ]
    return item


def value_of(item: Dataset) -> str:
    return str(item.ConceptCodeSequence[0].CodeValue)


def states_of(made: Dataset) -> tuple[str, str]:
    """The codes of the findings' and the detections' summaries."""
    return (
        value_of(item_called(made, "CAD Processing and Findings Summary")),
        value_of(item_called(made, "Summary of Detections")),
    )


def test_a_finding_lies_on_its_slice(written: Written) -> None:
    made = pydicom.dcmread(written.file("cad-sr"))
    assert states_of(made) == ("111242", SUCCEEDED)
    library = item_called(made, "Image Library").ContentSequence
    opacities = item_called(made, "CAD Processing and Findings Summary").ContentSequence
    assert len(opacities) == len(written.scored.findings)
    for finding, item in zip(written.scored.findings, opacities, strict=True):
        center = item_called(item, "Center")
        (root, place, entry) = center.ContentSequence[0].ReferencedContentItemIdentifier
        assert (root, made.ContentSequence[place - 1]) == (1, item_called(made, "Image Library"))
        image = library[entry - 1].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        (frame,) = [f for f in written.ct.frames if f.sop_instance_uid == image]
        column, row = center.GraphicData
        where = frame.placement
        point = (
            np.array(where.position_lps_mm)
            + (column - 0.5) * where.column_spacing_mm * np.array(where.along_row)
            + (row - 0.5) * where.row_spacing_mm * np.array(where.along_column)
        )
        off = point - np.array(finding.center_lps_mm)
        assert np.linalg.norm(off) < 1.3  # half of the slices' distance
        size = item_called(item, "Diameter").MeasuredValueSequence[0].NumericValue
        assert float(size) == finding.diameter_mm


@pytest.mark.parametrize(("negative", "summary"), [(True, "111241"), (False, "111243")])
def test_nothing_found_depends_on_what_was_searched(
    upright: Written, tmp_path: Path, negative: bool, summary: str
) -> None:
    scored = upright.scored.model_copy(update={"findings": [], "negative": negative})
    made = write_chest_cad(scored, tmp_path / "none.dcm", ct=upright.ct)
    assert states_of(made) == (summary, SUCCEEDED)


def test_an_analysis_that_failed_is_no_empty_result(upright: Written, tmp_path: Path) -> None:
    path = tmp_path / "failed.dcm"
    made = write_failed_chest_cad(upright.ct.headers, path, algorithm=("starlung-base", "1"))
    assert states_of(made) == ("111245", FAILED)
    group = item_called(made, "Summary of Detections").ContentSequence[0]
    assert group.ConceptNameCodeSequence[0].CodeMeaning == "Failed Detections"
    for program in ("dciodvfy", "dsrdump"):
        if shutil.which(program) is not None:
            ran = subprocess.run([program, path], capture_output=True, text=True, check=False)
            assert "Error" not in ran.stdout + ran.stderr


@pytest.mark.heavy
def test_a_ct_without_lungs_leaves_one(quick_scorer: Scorer, tmp_path: Path) -> None:
    hu = np.full((12, 64, 64), 40, np.int16)
    geometry = VolumeGeometry.axial(
        shape=hu.shape, spacing_mm=(2.0, 2.0, 2.0), origin_lps_mm=(0.0, 0.0, 0.0)
    )
    hu[:, 0] = -1000
    labels = CtLabels("no lung", "A^B", "X", "made for a test")
    write_ct_series(hu, geometry, tmp_path / "ct", labels=labels)
    options = ScoreOptions(forms=frozenset({"cad-sr"}))
    result = quick_scorer.score([tmp_path / "ct"], tmp_path / "out", options=options)
    assert "no air-filled lung" in str(result.errors[0])
    (file,) = (tmp_path / "out").glob("*/cad-sr.dcm")
    assert states_of(pydicom.dcmread(file)) == ("111245", FAILED)
