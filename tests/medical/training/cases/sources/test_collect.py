"""From a folder or a store to CTs, truth and hard negatives."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK

from medical.errors import InputError
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import add_finding, decide, sign
from medical.store.database import Store, open_store, sqlite_url
from medical.store.queue import claim, enqueue, finish
from medical.training.cases.sources.collect import Collected, collect
from tests.logs import logged
from tests.medical.store.made import made_added, made_series
from tests.medical.training.cases.sources.made import (
    CENTER_LPS_MM,
    SERIES,
    made_ct,
    write_report,
    write_segmentation,
    write_structure_set,
)

HEAD = "seriesuid,coordX,coordY,coordZ,diameter_mm\n"


def taken(cases: Path | str, tmp_path: Path, **options: Any) -> tuple[Collected, list[str]]:
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    given = {"out": tmp_path / "out", "truth": None, "work": work, **options}
    with logged() as log:
        return collect(cases, **given), log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cases"


def write_volume(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    hu = np.full((20, 30, 30), -800, np.int16)
    hu[:, :2] = 40
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(hu), str(path))


def test_all_objects_about_one_lesion_are_one_row(folder: Path, tmp_path: Path) -> None:
    ct = made_ct(folder / "ct")
    (folder / "more").mkdir()
    write_segmentation(folder / "more" / "seg.dcm", ct)
    write_structure_set(folder / "more" / "rt.dcm")
    write_report(folder / "more" / "sr.dcm", ct, region="outline")
    cases, _ = taken(folder, tmp_path)
    (lesion,) = cases.truth
    assert lesion.series_uid == SERIES
    np.testing.assert_allclose(lesion.center_lps_mm, CENTER_LPS_MM, atol=0.4)
    with cases.truth_path.open() as stream:
        (row,) = csv.DictReader(stream)
    assert all(name in row["source"] for name in ("seg.dcm", "rt.dcm ROI 4", "sr.dcm group 1"))


@pytest.mark.parametrize("kind", ["seg", "sr"])
def test_an_object_of_another_patient_is_no_truth_of_this_one_s_ct(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    ct = made_ct(folder / "ct")
    (folder / "more").mkdir()
    write_structure_set(folder / "more" / "rt.dcm")
    for number in ("ID-4711", "ID-4712"):
        file = folder / "more" / f"{kind}-{number}.dcm"
        if kind == "seg":
            write_segmentation(file, ct)
        else:
            write_report(file, ct, region="outline")
        made = pydicom.dcmread(file)
        made.PatientID = number
        made.save_as(file)
    cases, log = taken(folder, tmp_path)
    with cases.truth_path.open() as stream:
        sources = [row["source"] for row in csv.DictReader(stream)]
    assert len(sources) == 1
    assert f"{kind}-ID-4711.dcm" in sources[0]
    assert f"{kind}-ID-4712.dcm" not in sources[0]
    stranger = folder / "more" / f"{kind}-ID-4712.dcm"
    sentence = f"left out: {stranger}: its patient is not that of the CT it refers to"
    assert sentence in log


def test_a_table_goes_before_objects(folder: Path, tmp_path: Path) -> None:
    ct = made_ct(folder)
    write_segmentation(folder / "seg.dcm", ct)
    (folder / "annotations.csv").write_text(f"{HEAD}{SERIES},1,2,-45,9\n")
    cases, _ = taken(folder, tmp_path)
    assert cases.truth_path == folder / "annotations.csv"
    assert cases.truth[0].center_lps_mm == (1.0, 2.0, -45.0)


def test_masks_are_truth_and_no_cts(folder: Path, tmp_path: Path) -> None:
    write_volume(folder / "images" / "a.nii.gz")
    mask = np.zeros((20, 30, 30), np.uint8)
    mask[8:13, 13:18, 13:18] = 1
    (folder / "labels").mkdir()
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(mask), str(folder / "labels" / "a.nii.gz"))
    cases, _ = taken(folder, tmp_path)
    assert [handle.series_instance_uid for handle in cases.handles] == ["a"]
    np.testing.assert_allclose(cases.truth[0].center_lps_mm, (15, 15, 10), atol=0.1)


def test_nothing_that_says_where_nodules_are_is_refused(folder: Path, tmp_path: Path) -> None:
    made_ct(folder)
    with pytest.raises(InputError, match="no truth table here, nor masks"):
        taken(folder, tmp_path)


def test_empty_masks_alone_are_refused(folder: Path, tmp_path: Path) -> None:
    write_volume(folder / "a.nii.gz")
    empty = SimpleITK.GetImageFromArray(np.zeros((20, 30, 30), np.uint8))
    SimpleITK.WriteImage(empty, str(folder / "a_mask.nii.gz"))
    with pytest.raises(InputError, match="nor masks"):
        taken(folder, tmp_path)


@pytest.fixture
def reviewed(tmp_path: Path) -> tuple[str, Store, str]:
    """A store with a study of two findings, one of them rejected, and one added; not signed."""
    write_volume(tmp_path / "scans" / "one.nii.gz")
    url = sqlite_url(tmp_path / "store.sqlite")
    store = open_store(url)
    source = tmp_path / "scans" / "one.nii.gz"
    key = enqueue(store, source, root=tmp_path / "results", actor="tester")
    claimed = claim(store, "worker")
    assert claimed is not None
    finish(store, claimed, series=[made_series(0.9, 0.4, uid="one")])
    first, second = read_study(store, key).findings
    measured = NewDecision("accepted", diameter_mm=11.5)
    decide(store, first.id, measured, seen_version=0, actor="anna")
    decide(store, second.id, NewDecision("rejected", reason="vessel"), seen_version=0, actor="anna")
    added = made_added().model_copy(update={"center_lps_mm": (20.0, 20.0, 5.0)})
    add_finding(store, key, "one", added, actor="anna")
    return url, store, key


def test_signed_readings_are_truth_and_rejected_marks_hard_negatives(
    reviewed: tuple[str, Store, str], tmp_path: Path
) -> None:
    url, store, key = reviewed
    sign(store, key, seen_version=read_study(store, key).study.version, actor="anna")
    store.close()
    cases, _ = taken(url, tmp_path)
    assert [handle.series_instance_uid for handle in cases.handles] == ["one"]
    assert [item.diameter_mm for item in cases.truth] == [11.5, 8.0]
    assert [item.center_lps_mm for item in cases.rejected] == [(-40.0, 10.0, -100.0)]


def test_studies_that_are_not_signed_do_not_count(
    reviewed: tuple[str, Store, str], tmp_path: Path
) -> None:
    url, store, _ = reviewed
    store.close()
    with pytest.raises(InputError, match="no signed study"):
        taken(url, tmp_path)


def test_store_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such store"):
        taken(sqlite_url(tmp_path / "none.sqlite"), tmp_path)
    assert not (tmp_path / "none.sqlite").exists()


def test_study_whose_images_are_gone_is_left_out_by_its_label(
    reviewed: tuple[str, Store, str], tmp_path: Path
) -> None:
    url, store, key = reviewed
    study = read_study(store, key).study
    sign(store, key, seen_version=study.version, actor="anna")
    store.close()
    (tmp_path / "scans" / "one.nii.gz").unlink()
    with logged() as log, pytest.raises(InputError, match="no signed study"):
        taken(url, tmp_path)
    assert log == [f"left out: {study.label}: its images are no longer here"]


def test_copy_kept_beside_the_result_is_taken_where_the_upload_is_gone(
    reviewed: tuple[str, Store, str], tmp_path: Path
) -> None:
    url, store, key = reviewed
    sign(store, key, seen_version=read_study(store, key).study.version, actor="anna")
    store.close()
    images = tmp_path / "results" / key / "one" / "viewer" / "ct.nii.gz"
    images.parent.mkdir(parents=True)
    (tmp_path / "scans" / "one.nii.gz").rename(images)
    cases, _ = taken(url, tmp_path)
    assert cases.handles[0].load().source.series_instance_uid == "one"


def test_volume_files_of_the_same_name_are_kept_apart(
    reviewed: tuple[str, Store, str], tmp_path: Path
) -> None:
    url, store, key = reviewed
    sign(store, key, seen_version=read_study(store, key).study.version, actor="anna")
    write_volume(tmp_path / "others" / "one.nii.gz")
    source = tmp_path / "others" / "one.nii.gz"
    other = enqueue(store, source, root=tmp_path / "results", actor="tester")
    claimed = claim(store, "worker")
    assert claimed is not None
    finish(store, claimed, series=[made_series(0.9, uid="one")])
    (finding,) = read_study(store, other).findings
    decide(store, finding.id, NewDecision("accepted"), seen_version=0, actor="anna")
    sign(store, other, seen_version=read_study(store, other).study.version, actor="anna")
    store.close()
    cases, _ = taken(url, tmp_path)
    names = {handle.series_instance_uid for handle in cases.handles}
    assert names == {"one", f"one-{key[:6]}"}
    assert {lesion.series_uid for lesion in cases.truth} == names
    assert len(cases.truth) == 3


def report(status: str) -> str:
    findings = [
        {"number": n, "measured": {"center_lps_mm": [x, 15, 10]}, "decision": d, "diameter_mm": 7}
        for n, (x, d) in enumerate([(5, "accepted"), (25, "rejected")], start=1)
    ]
    record = {"schema": "starlung.report/1", "study": "CT-1", "series_instance_uid": "a"}
    return json.dumps({**record, "status": status, "findings": findings})


def test_exported_report_is_truth(folder: Path, tmp_path: Path) -> None:
    write_volume(folder / "a.nii.gz")
    (folder / "CT-1-report.json").write_text(report("signed"))
    (folder / "other.json").write_text("{}")
    cases, _ = taken(folder, tmp_path)
    assert [item.center_lps_mm for item in cases.truth] == [(5.0, 15.0, 10.0)]
    assert [item.center_lps_mm for item in cases.rejected] == [(25.0, 15.0, 10.0)]


def test_exported_report_that_is_not_signed_is_refused(folder: Path, tmp_path: Path) -> None:
    write_volume(folder / "a.nii.gz")
    (folder / "CT-1-report.json").write_text(report("review"))
    with pytest.raises(InputError, match="was not signed"):
        taken(folder, tmp_path)
