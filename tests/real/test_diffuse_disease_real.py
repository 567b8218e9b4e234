"""The scan with pneumonia is said to have dense lungs; scans without are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical.ct.diffuse_disease import diffuse_disease_notes
from medical.ct.prepare import prepare
from medical.intake import open_input


@pytest.mark.parametrize(
    ("name", "dense"),
    [
        ("ct/covid-ct-md-cap001.nii.gz", True),
        ("ct/qin-lsc-0064.nii.gz", False),  # the densest of those without
        ("dicom/covid-ct-md-normal001", False),
    ],
)
def test_only_pneumonia_is_noted(name: str, dense: bool, real_data: Path, tmp_path: Path) -> None:
    (handle,) = open_input(real_data / name, work_dir=tmp_path).chosen
    prepared = prepare(handle.load())
    assert bool(diffuse_disease_notes(prepared.hu, prepared.lung)) == dense
