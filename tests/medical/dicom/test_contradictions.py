"""Headers that the data themselves contradict: encodings, intercepts, thickness, the surround."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless

from medical.dicom.header.padding import clear_surround
from medical.errors import InputError
from tests.medical.dicom.make import codes, ct_slice, expected, ramp, read, series, set_pixels


def write_contradicting(ds: Dataset, path: Path, *, syntax: str, implicit: bool) -> None:
    """A file whose meta names one transfer syntax and whose data set is in another."""
    body, head = DicomBytesIO(), DicomBytesIO()
    for stream, is_implicit in ((body, implicit), (head, False)):
        stream.is_little_endian, stream.is_implicit_VR = True, is_implicit
    write_dataset(body, ds)
    meta = ds.file_meta
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
        ds.SOPClassUID,
        ds.SOPInstanceUID,
    )
    write_file_meta_info(head, meta, enforce_standard=False)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(128) + b"DICM" + head.getvalue() + body.getvalue())


@pytest.mark.parametrize(
    ("syntax", "implicit"),
    [
        (ExplicitVRLittleEndian, True),
        (ImplicitVRLittleEndian, False),
        (JPEG2000Lossless, False),
    ],
)
def test_the_data_set_is_believed_not_the_meta(tmp_path: Path, syntax: str, implicit: bool) -> None:
    for index in range(8):
        path = tmp_path / "in" / f"{index}.dcm"
        write_contradicting(ct_slice(index), path, syntax=syntax, implicit=implicit)
    np.testing.assert_array_equal(read(tmp_path / "in", tmp_path).hu, expected(8))


@pytest.mark.parametrize("intercept", [0, 24, -24, 200])
def test_an_intercept_that_makes_tissue_of_air_is_refused(tmp_path: Path, intercept: int) -> None:
    with pytest.raises(InputError, match=r"Rescale Intercept air would have about \d+ HU"):
        read(series(tmp_path / "in", RescaleIntercept=intercept), tmp_path)


@pytest.mark.parametrize("thickness", [50, 0, -1, 16])
def test_a_thickness_that_the_positions_contradict_is_not_believed(
    tmp_path: Path, thickness: float
) -> None:
    volume = read(series(tmp_path / "in", SliceThickness=thickness), tmp_path)
    assert "wrong_thickness" in codes(volume)
    assert "thick_slices" not in codes(volume)
    assert "slice_thickness_mm" not in volume.source.acquisition


@pytest.mark.parametrize("thickness", [1.5, 3, 5])
def test_slices_that_overlap_are_as_thick_as_they_say(tmp_path: Path, thickness: float) -> None:
    volume = read(series(tmp_path / "in", SliceThickness=thickness), tmp_path)
    assert "wrong_thickness" not in codes(volume)
    assert volume.source.acquisition["slice_thickness_mm"] == f"{thickness:g}"


def disc(value: int, *, size: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """A body of noise in air, ``value`` outside of the scan circle, and where that is."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    hu = np.random.default_rng(0).normal(-990, 10, (3, size, size))
    hu[:, (x / 40) ** 2 + (y / 30) ** 2 < 1] = 40
    outside = x**2 + y**2 > (size / 2 - 1) ** 2
    hu[:, outside] = value
    return hu.astype(np.int16), outside


@pytest.mark.parametrize("value", [0, -500, 1000])
def test_a_constant_outside_of_the_circle_is_air(value: int) -> None:
    hu, outside = disc(value)
    cleared = clear_surround(hu)
    assert (cleared[:, outside] == -1024).all()
    np.testing.assert_array_equal(cleared[:, ~outside], hu[:, ~outside])


def test_a_body_that_fills_the_image_stays() -> None:
    hu = np.full((3, 96, 96), 40, np.int16)
    hu[:, 30:60, 30:60] = -800
    np.testing.assert_array_equal(clear_surround(hu), hu)


def test_the_reader_clears_it(tmp_path: Path) -> None:
    y, x = np.mgrid[:40, :36]
    outside = (y - 19.5) ** 2 + (x - 17.5) ** 2 > 18.5**2

    def change(ds: Dataset, index: int) -> None:
        hu = ramp(index)
        hu[outside] = 0
        set_pixels(ds, (hu + 1024).astype(np.uint16))

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    assert (volume.hu[:, 0, 0] == -1024).all()
