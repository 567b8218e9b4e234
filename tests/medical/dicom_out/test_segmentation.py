"""Outlines are read back where they were drawn, whatever way the CT lies in the patient."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import highdicom as hd
import nibabel
import numpy as np
import pytest

from medical.dicom.stacking.series import CtSeries
from medical.dicom_out.measurement_report import write_measurement_report
from medical.dicom_out.provenance import OriginalCt
from medical.dicom_out.segmentation import outlined, planes_of, write_segmentation
from medical.geometry import VolumeGeometry
from medical.intake import open_input
from medical.nodule.outline import Outline
from medical.training.cases.sources.segmentation import segmentation_lesions
from tests.medical.dicom.make import save
from tests.medical.dicom.test_enhanced import enhanced
from tests.medical.dicom_out.conftest import RADII_MM, Written, outline_at


def read_mask(file: Path, segment: int) -> tuple[np.ndarray, np.ndarray]:
    """Mask ``[z, y, x]`` and the LPS points of its voxels, by highdicom."""
    volume = hd.seg.segread(file).get_volume(segment_numbers=[segment], combine_segments=False)
    mask = volume.array[..., 0].astype(bool)
    indices = np.stack(np.meshgrid(*map(np.arange, mask.shape), indexing="ij"), axis=-1)
    points = volume.map_indices_to_reference(indices.reshape(-1, 3).astype(float))
    return mask, points.reshape(*mask.shape, 3)


@pytest.mark.parametrize("number", [1, 2])
def test_a_voxel_is_set_where_its_centre_lies_in_the_outline(written: Written, number: int) -> None:
    mask, points = read_mask(written.file("seg"), number)
    assert mask.any()
    assert np.array_equal(mask, written.outlines[number - 1].holds(points))


@pytest.mark.parametrize("number", [1, 2])
def test_the_mask_is_the_ellipsoid_that_was_drawn(written: Written, number: int) -> None:
    mask, points = read_mask(written.file("seg"), number)
    center = np.array(written.scored.findings[number - 1].center_lps_mm)
    far = (((points - center) / np.array(RADII_MM[number - 1])) ** 2).sum(-1)
    assert not mask[far > 1.6].any()
    assert mask[far < 0.5].all()


def test_no_frame_is_left_out_or_doubled(written: Written) -> None:
    seg = hd.seg.segread(written.file("seg"))
    set_in_frames = int(seg.pixel_array.sum())
    in_planes = sum(
        int(mask.sum())
        for outline in written.outlines
        for mask in planes_of(outline, written.ct.frames).values()
    )
    assert set_in_frames == in_planes > 100


def test_segments_say_which_finding_they_are(written: Written) -> None:
    seg = hd.seg.segread(written.file("seg"))
    assert [str(part.SegmentLabel) for part in seg.SegmentSequence] == ["Finding 1", "Finding 2"]
    assert len({str(part.TrackingUID) for part in seg.SegmentSequence}) == 2
    assert seg.ContentQualification == "RESEARCH"


def test_dcmqi_reads_the_same_voxels(written: Written, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("segimage2itkimage")
    if not program.is_file():
        pytest.skip("dcmqi is not installed")
    files = ["--inputDICOM", written.file("seg"), "--outputDirectory", tmp_path]
    subprocess.run([program, *files, "-t", "nifti"], check=True, capture_output=True)
    for number in (1, 2):
        image = nibabel.load(tmp_path / f"{number}.nii.gz")
        voxels = np.argwhere(np.asarray(image.dataobj) > 0)
        points = nibabel.affines.apply_affine(image.affine, voxels) * (-1, -1, 1)
        mask, places = read_mask(written.file("seg"), number)
        assert len(points) == mask.sum()
        assert np.abs(sorted_rows(points) - sorted_rows(places[mask])).max() < 0.01


def sorted_rows(points: np.ndarray) -> np.ndarray:
    rounded = np.round(points, 1)
    return points[np.lexsort(rounded.T)]


def test_retraining_reads_the_lesions(written: Written) -> None:
    lesions = segmentation_lesions(written.file("seg"), place="seg")
    assert len(lesions) == 2
    for lesion, finding in zip(lesions, written.scored.findings, strict=True):
        apart = np.subtract(lesion.center_lps_mm, finding.center_lps_mm)
        assert np.linalg.norm(apart) < 0.6  # slices are 2.5 mm apart


def test_a_nodule_between_two_slices_gets_the_nearest(upright: Written) -> None:
    between = upright.geometry.voxel_to_lps((10.4, 20.0, 20.0))
    small = outline_at(1, between, (0.9, 0.9, 0.9))
    ((index, mask),) = planes_of(small, upright.ct.frames).items()
    place = upright.ct.frames[index].placement.position_lps_mm
    assert place[2] == pytest.approx(upright.geometry.voxel_to_lps((10, 0, 0))[2])
    assert np.argwhere(mask).mean(0) == pytest.approx((20, 20), abs=0.6)


def test_what_lies_outside_of_the_images_is_nowhere(upright: Written) -> None:
    away = outline_at(1, upright.geometry.voxel_to_lps((10, 500, 500)), (5.0, 5.0, 5.0))
    assert planes_of(away, upright.ct.frames) == {}


def test_an_empty_outline_has_no_segment(upright: Written, tmp_path: Path) -> None:
    grid = VolumeGeometry.axial(shape=(2, 2, 2), spacing_mm=(1.0, 1.0, 1.0))
    empty = Outline(1, np.zeros((2, 2, 2), bool), grid)
    assert outlined([empty]) == []
    with pytest.raises(ValueError, match="no finding has an outline"):
        write_segmentation([empty], upright.scored, tmp_path / "seg.dcm", ct=upright.ct)


def test_planes_of_an_enhanced_ct_are_met_too(tmp_path: Path, upright: Written) -> None:
    (tmp_path / "ct").mkdir()
    save(enhanced(12), tmp_path / "ct" / "enhanced.dcm")
    (handle,) = open_input(tmp_path / "ct", work_dir=tmp_path / "work").chosen
    assert isinstance(handle.origin, CtSeries)
    volume, ct = handle.load(), OriginalCt.of(handle.origin.frames)
    center = volume.geometry.voxel_to_lps((np.array(volume.hu.shape) - 1) / 2)
    radius = 2.5 * volume.geometry.spacing_mm[0]
    outline = outline_at(1, center, (radius, radius, radius))
    scored = upright.scored.model_copy(update={"findings": upright.scored.findings[:1]})
    seg = write_segmentation([outline], scored, tmp_path / "seg.dcm", ct=ct)
    mask, points = read_mask(tmp_path / "seg.dcm", 1)
    assert mask.sum() > 10
    assert np.array_equal(mask, outline.holds(points))
    write_measurement_report(scored, tmp_path / "sr.dcm", ct=ct, segmentation=seg)
    for name in ("seg.dcm", "sr.dcm"):
        if shutil.which("dciodvfy"):
            file = tmp_path / name
            ran = subprocess.run(["dciodvfy", "-new", file], capture_output=True, text=True)
            assert "Error" not in ran.stdout + ran.stderr
