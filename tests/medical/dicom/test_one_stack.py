"""Two acquisitions or reconstructions under one series UID: one is read, and it is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from medical.ct.volume import CtVolume
from medical.errors import InputError
from tests.medical.dicom.make import ROOT, codes, expected, ramp, read, series, set_pixels, take

Change = Callable[[Dataset, int], None]


def second(*, shift_mm: float = 0.0, **over: object) -> Change:
    """The second stack: other objects and pixels, beside the first one's slices or on them."""

    def change(ds: Dataset, index: int) -> None:
        ds.SOPInstanceUID = f"{ROOT}77.{index + 1}"
        ds.ImagePositionPatient = [-10.0, -20.0, -50.0 + 1.5 * index + shift_mm]
        set_pixels(ds, (ramp(index + 40) + 1024).astype(np.uint16))
        for name, value in over.items():
            setattr(ds, name, value(index) if callable(value) else value)

    return change


def both(tmp_path: Path, change: Change, **first: object) -> CtVolume:
    series(tmp_path / "in" / "z", **first)
    series(tmp_path / "in" / "a", change=change, **first)
    return read(tmp_path / "in", tmp_path)


@pytest.mark.parametrize(
    "telling",
    [{"AcquisitionNumber": 2}, {"TemporalPositionIdentifier": 2}, {"AcquisitionTime": "120000"}],
)
@pytest.mark.parametrize("shift_mm", [0.75, 0.4, 0.0])
def test_two_breath_holds_are_never_mixed(
    tmp_path: Path, telling: dict[str, object], shift_mm: float
) -> None:
    first = {name: 1 if value == 2 else "110000" for name, value in telling.items()}
    number = {"InstanceNumber": lambda index: 1000 + index}
    volume = both(tmp_path, second(shift_mm=shift_mm, **telling, **number), **first)
    np.testing.assert_array_equal(volume.hu, expected(8))
    assert "multiple_stacks" in codes(volume)


@pytest.mark.parametrize("shift_mm", [0.75, 0.0])
def test_numbers_alone_take_two_passes_apart(tmp_path: Path, shift_mm: float) -> None:
    number = {"InstanceNumber": lambda index: 1000 + index}
    volume = both(tmp_path, second(shift_mm=shift_mm, **number))
    np.testing.assert_array_equal(volume.hu, expected(8))
    assert "multiple_stacks" in codes(volume)


@pytest.mark.parametrize(("kernel", "first_is_read"), [("STANDARD", True), ("BONE", False)])
def test_the_kernel_for_lungs_is_read(tmp_path: Path, kernel: str, first_is_read: bool) -> None:
    own = "LUNG" if first_is_read else "SOFT"
    change = second(ConvolutionKernel=kernel, InstanceNumber=lambda index: 200 + index)
    volume = both(tmp_path, change, ConvolutionKernel=own)
    shown = expected(8) if first_is_read else np.stack([ramp(40 + n) for n in range(8)])
    np.testing.assert_array_equal(volume.hu, shown)
    note = next(note for note in volume.quality if note.code == "multiple_stacks")
    assert own in note.message
    assert kernel in note.message
    read_kernel = own if first_is_read else kernel
    assert volume.source.acquisition["kernel"] == read_kernel
    assert ("soft_kernel" in codes(volume)) == (read_kernel in ("SOFT", "STANDARD"))


def test_two_time_points_that_nothing_tells_apart_are_severe(tmp_path: Path) -> None:
    volume = both(tmp_path, second())
    assert volume.quality[0].code == "mixed_stacks"
    assert volume.quality[0].severity == "severe"


def test_the_same_image_sent_twice_is_no_second_time_point(tmp_path: Path) -> None:
    def again(ds: Dataset, index: int) -> None:
        ds.SOPInstanceUID = f"{ROOT}77.{index + 1}"

    volume = both(tmp_path, again)
    assert "duplicates" in codes(volume)
    assert "mixed_stacks" not in codes(volume)


def test_acquisitions_one_after_the_other_are_one_stack(tmp_path: Path) -> None:
    def by_rotation(ds: Dataset, index: int) -> None:
        ds.AcquisitionNumber = index // 4

    volume = read(series(tmp_path / "in", slices=16, change=by_rotation), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(16))


def test_all_slices_at_one_place_is_said(tmp_path: Path) -> None:
    folder = series(tmp_path / "in", z_mm=-50.0)
    (error,) = take(folder, tmp_path).errors
    assert isinstance(error, InputError)
    assert "all 8 slices claim the same place" in str(error)
    assert "Image Position" in str(error)
