"""Slices are placed by position and orientation, whatever their names, numbers and order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.medical.dicom.make import codes, ct_slice, expected, ramp, read, save, series, take


def _place(ds: Dataset, position: np.ndarray, row: np.ndarray, column: np.ndarray) -> None:
    ds.ImagePositionPatient = [round(float(v), 6) for v in position]
    ds.ImageOrientationPatient = [float(v) for v in (*row, *column)]


def test_position_of_every_voxel(tmp_path: Path) -> None:
    volume = read(series(tmp_path / "in"), tmp_path)
    corner = volume.geometry.voxel_to_lps((2, 3, 4))
    np.testing.assert_allclose(corner, [-10 + 4 * 0.7, -20 + 3 * 0.8, -50 + 2 * 1.5])
    assert volume.geometry.spacing_mm == pytest.approx((1.5, 0.8, 0.7))


def test_file_names_and_numbers_do_not_order(tmp_path: Path) -> None:
    for index in range(8):
        save(ct_slice(index, InstanceNumber=(index * 5) % 8), tmp_path / "in" / f"{index * 3 % 8}")
    np.testing.assert_array_equal(read(tmp_path / "in", tmp_path).hu, expected(8))


def test_reversed_stack_still_runs_to_the_head(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        ds.ImagePositionPatient = [-10, -20, 100 - 1.5 * index]

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8)[::-1])
    assert volume.geometry.affine_lps_mm[2, 0] == pytest.approx(1.5)
    assert volume.source.slice_numbers == (8, 7, 6, 5, 4, 3, 2, 1)


def test_prone_axial_runs_to_the_head_too(tmp_path: Path) -> None:
    volume = read(series(tmp_path / "in", ImageOrientationPatient=[-1, 0, 0, 0, 1, 0]), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
    assert volume.geometry.affine_lps_mm[2, 0] > 0
    assert volume.geometry.affine_lps_mm[0, 2] < 0


@pytest.mark.parametrize(
    ("row", "column"),
    [((0, 1, 0), (0, 0, -1)), ((1, 0, 0), (0, 0, -1))],
    ids=["sagittal", "coronal"],
)
def test_sagittal_and_coronal(
    row: tuple[int, ...], column: tuple[int, ...], tmp_path: Path
) -> None:
    normal = np.cross(row, column)

    def change(ds: Dataset, index: int) -> None:
        _place(ds, np.array([5, 6, 7]) + 1.5 * index * normal, np.array(row), np.array(column))

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
    point = volume.geometry.voxel_to_lps((2, 3, 4))
    want = np.array([5, 6, 7]) + 3 * normal + 2.4 * np.array(column) + 2.8 * np.array(row)
    np.testing.assert_allclose(point, want, atol=1e-3)


def test_oblique(tmp_path: Path) -> None:
    turn, _ = np.linalg.qr(np.array([[0.9, 0.1, 0.2], [0.1, 0.95, -0.2], [-0.2, 0.2, 0.9]]))
    row, column = turn[:, 0], turn[:, 1]
    normal = np.cross(row, column)
    normal *= np.sign(normal[2])

    def change(ds: Dataset, index: int) -> None:
        _place(ds, np.array([5, 6, 7]) + 1.5 * index * normal, row, column)

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    point = volume.geometry.voxel_to_lps((7, 3, 4))
    want = np.array([5, 6, 7]) + 10.5 * normal + 2.4 * column + 2.8 * row
    np.testing.assert_allclose(point, want, atol=1e-3)


def test_gantry_tilt_shears_the_volume(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        ds.ImagePositionPatient = [-10, -20 + 0.4 * index, -50 + 1.5 * index]

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    np.testing.assert_allclose(volume.geometry.voxel_to_lps((5, 0, 0)), [-10, -18, -42.5])
    assert volume.geometry.voxel_volume_mm3 == pytest.approx(1.5 * 0.8 * 0.7)
    assert "gantry_tilt" in codes(volume)


def test_gap_is_filled_by_interpolation(tmp_path: Path) -> None:
    volume = read(series(tmp_path / "in", slices=12, skip=[5, 6]), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(12))  # the ramp is linear in z
    assert volume.source.sop_instance_uids[5:7] == (None, None)
    assert None not in volume.source.sop_instance_uids[:5]
    assert "gap" in codes(volume)


def test_uneven_spacing_is_resampled(tmp_path: Path) -> None:
    heights = np.array([0, 1.5, 3.0, 4.9, 6.1, 7.5, 9.4, 10.5])
    for index, z_mm in enumerate(heights):
        save(ct_slice(index, z_mm=float(z_mm)), tmp_path / "in" / f"{index}.dcm")
    volume = read(tmp_path / "in", tmp_path)
    assert "uneven_spacing" in codes(volume)
    assert volume.geometry.spacing_mm[0] == pytest.approx(1.5)
    places = np.arange(len(volume.hu)) * 1.5
    inside = volume.hu[:, 10, 10]
    want = np.interp(places, heights, [int(ramp(i)[10, 10]) for i in range(8)])
    assert np.abs(inside - want).max() <= 1


def test_rounded_positions_count_as_even(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        ds.ImagePositionPatient = [-10, -20, round(-50 + 0.625 * index, 1)]

    volume = read(series(tmp_path / "in", slices=9, change=change), tmp_path)
    assert len(volume.hu) == 9
    assert not {"gap", "uneven_spacing"} & codes(volume)


def test_parts_far_apart_are_not_bridged(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        ds.ImagePositionPatient = [-10, -20, 1.5 * index + (200 if index > 7 else 0)]

    volume = read(series(tmp_path / "in", slices=12, change=change), tmp_path)
    assert len(volume.hu) == 8
    assert [note.severity for note in volume.quality if note.code == "gap"] == ["severe"]


def test_copied_files_are_read_once(tmp_path: Path) -> None:
    series(tmp_path / "in" / "a")
    series(tmp_path / "in" / "copy")
    volume = read(tmp_path / "in", tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
    assert "duplicates" in codes(volume)


def test_other_object_at_the_same_position(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    save(ct_slice(3, SOPInstanceUID="1.2.3.4", InstanceNumber=99), folder / "again.dcm")
    volume = read(folder, tmp_path)
    assert len(volume.hu) == 8
    assert volume.source.slice_numbers == tuple(range(1, 9))
    assert "duplicates" in codes(volume)


def test_two_time_points_give_one_stack(tmp_path: Path) -> None:
    for time in (1, 2):
        for index in range(8):
            uid = f"1.2.{time}.{index + 1}"
            ds = ct_slice(index, SOPInstanceUID=uid, AcquisitionNumber=time)
            save(ds, tmp_path / "in" / f"{time}-{index}.dcm")
    volume = read(tmp_path / "in", tmp_path)
    assert "multiple_stacks" in codes(volume)
    assert {uid.split(".")[2] for uid in volume.source.sop_instance_uids if uid} == {"1"}


def test_mixed_orientation_keeps_the_largest_stack(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    other = ct_slice(0, SOPInstanceUID="1.2.3", ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    save(other, folder / "other.dcm")
    volume = read(folder, tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
    assert "mixed_orientation" in codes(volume)


def test_mixed_pixel_size_keeps_the_largest_stack(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    save(ct_slice(9, PixelSpacing=[0.5, 0.5]), folder / "other.dcm")
    assert "mixed_matrix" in codes(read(folder, tmp_path))


def test_slices_that_jump_sideways_are_refused(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        ds.ImagePositionPatient = [-10 + 40 * (index % 3), -20 - 25 * (index % 2), 1.5 * index]

    intake = take(series(tmp_path / "in", change=change), tmp_path)
    assert "do not line up" in str(intake.errors[0])


def test_one_slice_beside_the_stack_is_left_out(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        if index == 7:
            ds.ImagePositionPatient = [90, -20, -39.5]

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    assert len(volume.hu) == 7
    assert "shifted_slices" in codes(volume)


def test_volume_too_large_for_memory_is_refused_unread(tmp_path: Path) -> None:
    intake = take(series(tmp_path / "in", slices=60, Rows=4096, Columns=4096), tmp_path)
    assert "too large" in str(intake.errors[0])
