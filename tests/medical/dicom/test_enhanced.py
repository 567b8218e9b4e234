"""Enhanced (multi-frame) CT: one file, every plane with its own place and rescale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000Lossless, RLELossless

from tests.medical.dicom.make import (
    AXIAL,
    ENHANCED_CT,
    SPACING_MM,
    codes,
    ct_slice,
    expected,
    read,
    save,
    set_pixels,
    take,
)


def _item(**elements: Any) -> Sequence:
    item = Dataset()
    for name, value in elements.items():
        setattr(item, name, value)
    return Sequence([item])


def enhanced(
    slices: int = 8, *, slopes: tuple[float, ...] = (1.0,), reverse: bool = False
) -> Dataset:
    """One enhanced CT; frame i is stored with ``slopes[i % len]``."""
    ds = ct_slice(0)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"):
        delattr(ds, name)
    del ds.RescaleIntercept, ds.SliceThickness, ds.ConvolutionKernel
    ds.SOPClassUID = ENHANCED_CT
    ds.NumberOfFrames = slices
    shared = Dataset()
    shared.PlaneOrientationSequence = _item(ImageOrientationPatient=list(AXIAL))
    shared.PixelMeasuresSequence = _item(PixelSpacing=list(SPACING_MM), SliceThickness=1.5)
    shared.CTReconstructionSequence = _item(ConvolutionKernel="B60f")
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    groups, frames = [], []
    for frame in range(slices):
        index = slices - 1 - frame if reverse else frame
        slope = slopes[frame % len(slopes)]
        own = Dataset()
        own.PlanePositionSequence = _item(ImagePositionPatient=[-10, -20, -50 + 1.5 * index])
        own.PixelValueTransformationSequence = _item(RescaleSlope=slope, RescaleIntercept=-1024)
        own.FrameContentSequence = _item(StackID="1", InStackPositionNumber=frame + 1)
        groups.append(own)
        frames.append(((expected(slices)[index] + 1024) / slope).round().astype(np.uint16))
    ds.PerFrameFunctionalGroupsSequence = Sequence(groups)
    set_pixels(ds, np.stack(frames))
    return ds


def test_reads_all_frames(tmp_path: Path) -> None:
    volume = read(save(enhanced(), tmp_path / "ct.dcm"), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
    np.testing.assert_allclose(volume.geometry.origin_lps_mm, [-10, -20, -50])
    assert volume.source.slice_numbers == tuple(range(1, 9))
    assert len(set(volume.source.sop_instance_uids)) == 1
    assert volume.source.acquisition["kernel"] == "B60f"


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless], ids=lambda uid: uid.name)
def test_compressed_frames(syntax: str, tmp_path: Path) -> None:
    ds = enhanced(reverse=True)
    ds.compress(syntax, generate_instance_uid=False)
    volume = read(save(ds, tmp_path / "ct.dcm"), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
    assert volume.source.slice_numbers == tuple(range(8, 0, -1))


def test_rescale_of_each_frame(tmp_path: Path) -> None:
    path = save(enhanced(slopes=(1.0, 0.5, 0.25)), tmp_path / "ct.dcm")
    np.testing.assert_array_equal(read(path, tmp_path).hu, expected(8))


def test_frame_without_position_is_left_out(tmp_path: Path) -> None:
    ds = enhanced()
    del ds.PerFrameFunctionalGroupsSequence[7].PlanePositionSequence
    volume = read(save(ds, tmp_path / "ct.dcm"), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(7))
    assert "missing_position" in codes(volume)


def test_two_stacks_in_one_file(tmp_path: Path) -> None:
    ds = enhanced(8)
    for frame, group in enumerate(ds.PerFrameFunctionalGroupsSequence):
        group.FrameContentSequence[0].StackID = str(1 + frame // 4)
        group.PlanePositionSequence[0].ImagePositionPatient[2] = -50 + 1.5 * (frame % 4)
    volume = read(save(ds, tmp_path / "ct.dcm"), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8)[:4])
    assert "multiple_stacks" in codes(volume)


def test_pixels_cut_short(tmp_path: Path) -> None:
    path = save(enhanced(), tmp_path / "ct.dcm")
    path.write_bytes(path.read_bytes()[:-3000])
    assert "cut short" in str(take(path, tmp_path).errors[0])


def test_enhanced_scout_is_skipped(tmp_path: Path) -> None:
    ds = enhanced()
    ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"]
    intake = take(save(ds, tmp_path / "ct.dcm"), tmp_path)
    assert not intake.chosen
    assert "scout" in intake.not_chosen[0][1]
