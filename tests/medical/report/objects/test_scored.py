"""Objects as scored say what the model said, whatever readers made of it since."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

from medical.errors import InputError
from medical.report.objects.scored import SCORED_FORMS, scored_objects
from medical.report.objects.signed import signed_objects
from medical.store.database import Store
from medical.store.queue import enqueue
from medical.training.cases.sources.structured import structured_lesions
from tests.medical.dicom_out.conftest import Written, upright, write_all
from tests.medical.report.objects.test_signed import (
    by_form,
    planes_of,
    read_and_sign,
    scored_study,
    signed,
    store,
)

__all__ = ["signed", "store", "upright", "write_all"]  # fixtures


def test_a_reader_changes_nothing_in_them(store: Store, upright: Written, tmp_path: Path) -> None:
    key = scored_study(store, upright, tmp_path / "studies")
    before = scored_objects(store, key, actor="anna", cards=())
    assert [file.form for file in before] == list(SCORED_FORMS)
    read_and_sign(store, key, upright)
    assert scored_objects(store, key, actor="anna", cards=()) == before
    paths = by_form(before, tmp_path)
    lesions = structured_lesions(paths["sr"], planes_of(upright), place="x")
    for lesion, finding in zip(lesions, upright.scored.findings, strict=True):
        assert lesion.center_lps_mm == pytest.approx(finding.center_lps_mm, abs=0.01)
    made = pydicom.dcmread(paths["sr"])
    assert made.VerificationFlag == "UNVERIFIED"
    as_signed = by_form(signed_objects(store, key, actor="anna"), tmp_path)
    assert pydicom.dcmread(as_signed["sr"]).SeriesInstanceUID != made.SeriesInstanceUID


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
@pytest.mark.parametrize("direction", ["feet first", "oblique"])
def test_dciodvfy_finds_no_error(
    store: Store, write_all: Callable[[str], Written], direction: str, tmp_path: Path
) -> None:
    key = scored_study(store, write_all(direction), tmp_path / "studies")
    for path in by_form(scored_objects(store, key, actor="a", cards=()), tmp_path).values():
        ran = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True)
        lines = (ran.stdout + ran.stderr).splitlines()
        assert lines
        assert [line for line in lines if line.startswith("Error")] == [], path.name


def test_what_is_not_scored_or_has_no_headers_has_none(
    store: Store, upright: Written, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = scored_study(store, upright, tmp_path / "other", headers=False)
    with pytest.raises(InputError, match="no headers of its CT"):
        scored_objects(store, other, actor="anna", cards=())
    waiting = enqueue(store, tmp_path, root=tmp_path, actor="anna")
    with pytest.raises(InputError, match="is not scored"):
        scored_objects(store, waiting, actor="anna", cards=())
