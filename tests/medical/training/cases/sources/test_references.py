"""Which CT an RTSTRUCT or a report is about, and how many lesions a region holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from medical.training.cases.sources.collect import Collected, collect
from medical.training.cases.sources.contours import contour_lesions, touching_outlines
from medical.training.cases.sources.lesion import Planes
from tests.logs import logged
from tests.medical.dicom.make import ROOT, take
from tests.medical.training.cases.sources.made import (
    SERIES,
    circle,
    made_ct,
    write_report,
    write_structure_set,
)


def taken(folder: Path, tmp_path: Path) -> tuple[Collected, list[str]]:
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    with logged() as log:
        return collect(folder, out=tmp_path / "out", truth=None, work=work), log


def test_two_nodules_in_one_region_are_two_lesions() -> None:
    lower = [circle(z, 4.0) for z in (0.0, 2.0, 4.0)]
    beside = [circle(z, 4.0) + np.array([40.0, 0, 0]) for z in (2.0, 4.0)]
    above = [circle(z, 4.0) for z in (30.0, 32.0)]
    hollow = [circle(0.0, 2.0)]
    groups = touching_outlines([*lower, *beside, *above, *hollow])
    assert sorted(map(len, groups)) == [2, 2, 4]


def _edited(path: Path, ct_folder: Path, *, images: bool, frames: str) -> Planes:
    """A structure set that names its series otherwise."""
    made = pydicom.dcmread(path)
    if images:
        for contour in made.ROIContourSequence[0].ContourSequence:
            image = Dataset()
            image.ReferencedSOPInstanceUID = f"{ROOT}1.7"
            contour.ContourImageSequence = [image]
    if frames == "none":
        del made.ReferencedFrameOfReferenceSequence
    if frames == "pet first":
        pet, series_ = Dataset(), Dataset()
        series_.SeriesInstanceUID = "1.2.9"
        study = Dataset()
        study.RTReferencedSeriesSequence = [series_]
        pet.FrameOfReferenceUID, pet.RTReferencedStudySequence = "1.2.8", [study]
        made.ReferencedFrameOfReferenceSequence.insert(0, pet)
        made.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = f"{ROOT}300"
    made.save_as(path)
    return Planes.of(take(ct_folder, path.parent).chosen)


@pytest.mark.parametrize(("images", "frames"), [(True, "none"), (False, "pet first")])
def test_the_series_of_a_structure_set(tmp_path: Path, images: bool, frames: str) -> None:
    made_ct(tmp_path / "ct")
    write_structure_set(tmp_path / "rt.dcm")
    planes = _edited(tmp_path / "rt.dcm", tmp_path / "ct", images=images, frames=frames)
    (lesion,) = contour_lesions(tmp_path / "rt.dcm", planes, place="rt.dcm")
    assert lesion.series_uid == SERIES


def test_a_report_in_a_frame_of_reference_that_one_slice_has(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    ct = made_ct(folder / "ct")
    write_report(folder / "sr.dcm", ct, region="outline")
    for index, path in enumerate(sorted((folder / "ct").iterdir())):
        if index != 0:  # as LIDC-IDRI is: another frame of reference in each slice
            image = pydicom.dcmread(path)
            image.FrameOfReferenceUID = f"{ROOT}300.{index}"
            image.save_as(path)
    for path in (folder / "ct").iterdir():
        path.rename(path.with_name(f"{99 - int(path.stem[-2:])}.dcm"))  # that slice comes last
    assert len(taken(folder, tmp_path)[0].truth) == 1
