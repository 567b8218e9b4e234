"""Broken input: named and left out where the rest suffices, else one sentence with a remedy."""

from __future__ import annotations

import contextlib
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID, JPEG2000Lossless, RLELossless

from medical.dicom_out.provenance import OriginalCt
from medical.errors import InputError
from tests.medical.dicom.make import ROOT, codes, ct_slice, expected, read, save, series, take

SECRETS = ("Secret", "Person", "4711", "19500101")


def only_error(path: Path, tmp_path: Path) -> str:
    intake = take(path, tmp_path)
    assert not intake.chosen
    assert len(intake.errors) == 1
    return str(intake.errors[0])


def test_single_slice(tmp_path: Path) -> None:
    folder = series(tmp_path / "in", slices=1)
    assert "single CT slice" in only_error(folder, tmp_path)


def test_lone_file_of_a_series_asks_for_the_folder(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    assert "Give the folder" in only_error(next(folder.iterdir()), tmp_path)


@pytest.mark.parametrize(
    "keyword", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"]
)
def test_no_place_in_the_patient(keyword: str, tmp_path: Path) -> None:
    folder = series(tmp_path / "in", change=lambda ds, _: delattr(ds, keyword))
    message = only_error(folder, tmp_path)
    assert "Image Position (Patient)" in message
    assert "Export the original axial CT series" in message


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0]),
        ("ImageOrientationPatient", [0, 0, 0, 0, 0, 0]),
        ("PixelSpacing", [0, 0]),
        ("PixelSpacing", [-0.7, 0.7]),
        ("PixelSpacing", [900, 900]),
        ("ImagePositionPatient", [1, 2]),
        ("ImagePositionPatient", [1e30, 0, 0]),
    ],
)
def test_impossible_place(keyword: str, value: list[float], tmp_path: Path) -> None:
    folder = series(tmp_path / "in", change=lambda ds, _: setattr(ds, keyword, value))
    assert "cannot be placed" in only_error(folder, tmp_path)


def test_some_slices_without_position_are_left_out(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        if index == 4:
            del ds.ImagePositionPatient

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    assert {"gap", "unusable_files"} <= codes(volume)


def test_missing_pixel_data(tmp_path: Path) -> None:
    folder = series(tmp_path / "in", PixelData=None)
    assert "no pixel data" in only_error(folder, tmp_path)


def _cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def _spoil_voltage(folder: Path) -> None:
    """Write letters where the tube voltage's digits are."""
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"DS\x04\x00120 ", b"DS\x04\x00abc "))


def test_one_truncated_file_is_named_and_left_out(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    _cut(folder / "s1-003.dcm", 0.8)
    volume = read(folder, tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))  # filled: the ramp is linear
    note = next(note for note in volume.quality if note.code == "truncated_files")
    assert "s1-003.dcm" in note.message


def test_truncated_compressed_file_is_found_when_decoding(tmp_path: Path) -> None:
    def encode(ds: Dataset, _: int) -> None:
        ds.compress(JPEG2000Lossless, generate_instance_uid=False)

    folder = series(tmp_path / "in", change=encode)
    _cut(folder / "s1-003.dcm", 0.8)
    volume = read(folder, tmp_path)
    assert {"gap", "truncated_files"} <= codes(volume)


def test_truncated_at_the_end_shortens_the_stack(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    _cut(folder / "s1-007.dcm", 0.8)
    np.testing.assert_array_equal(read(folder, tmp_path).hu, expected(7))


def test_mostly_truncated_is_an_error(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    for index in range(4):
        _cut(folder / f"s1-00{index}.dcm", 0.8)
    message = only_error(folder, tmp_path)
    assert "4 of 8 files" in message
    assert "cut short" in message


def test_mostly_undecodable_is_an_error_when_loading(tmp_path: Path) -> None:
    def spoil(ds: Dataset, index: int) -> None:
        ds.compress(JPEG2000Lossless, generate_instance_uid=False)
        if index < 4:
            ds.PixelData = ds.PixelData[:60] + bytes(40) + ds.PixelData[100:]

    handle = take(series(tmp_path / "in", change=spoil), tmp_path).chosen[0]
    with pytest.raises(InputError, match="cannot be decoded"):
        handle.load()


def test_header_cut_short(tmp_path: Path) -> None:
    folder = series(tmp_path / "in", slices=1)
    _cut(folder / "s1-000.dcm", 0.2)
    assert "\n" not in only_error(folder, tmp_path)


def test_empty_file_with_dicom_ending(tmp_path: Path) -> None:
    path = tmp_path / "empty.dcm"
    path.touch()
    assert "not a DICOM file" in only_error(path, tmp_path)


def test_renamed_text_file(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    (folder / "note.dcm").write_text("this is no image, only a long enough text" * 9)
    intake = take(folder, tmp_path)
    assert len(intake.chosen) == 1
    assert [error.path.name for error in intake.errors] == ["note.dcm"]


@pytest.mark.parametrize(
    ("keyword", "value", "words"),
    [
        ("Rows", 60_000, "impossible image size"),
        ("Columns", 0, "impossible image size"),
        ("BitsAllocated", 12, "12 bits per pixel"),
        ("SamplesPerPixel", 3, "colour image"),
        ("PhotometricInterpretation", "RGB", "colour image"),
        ("NumberOfFrames", "99999999", "impossible number of frames"),
        ("NumberOfFrames", "7", "no position for each"),
    ],
)
def test_refused_before_anything_is_allocated(
    keyword: str, value: Any, words: str, tmp_path: Path
) -> None:
    folder = series(tmp_path / "in", **{keyword: value})
    assert words in only_error(folder, tmp_path)


def test_rows_that_disagree_with_the_pixels(tmp_path: Path) -> None:
    handle = take(series(tmp_path / "in", Rows=30), tmp_path).chosen
    outcome = None
    try:
        outcome = handle[0].load() if handle else None
    except InputError as error:
        assert "\n" not in str(error)
    assert outcome is None or outcome.hu.shape[1] == 30


@pytest.mark.parametrize("uid", ["", "not a uid", "../../etc", "1.2.." + "9" * 80])
def test_invalid_series_uid_gets_a_safe_name(uid: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = series(tmp_path / "chest 7", SeriesInstanceUID=uid)
        volume = read(folder, tmp_path)
    assert volume.source.series_instance_uid == "chest_7"
    assert "invalid_uid" in codes(volume)


def test_missing_uids_everywhere(tmp_path: Path) -> None:
    folder = series(
        tmp_path / "in",
        SeriesInstanceUID=None,
        StudyInstanceUID=None,
        SOPInstanceUID=None,
        FrameOfReferenceUID=None,
    )
    volume = read(folder, tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
    assert volume.source.study_instance_uid is None
    assert volume.source.sop_instance_uids == (None,) * 8


def test_file_that_vanished_after_opening(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    handle = take(folder, tmp_path).chosen[0]
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(InputError):
        handle.load()


def test_nothing_names_the_patient(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    folder = series(tmp_path / "in", SeriesDescription="Secret Person")
    _spoil_voltage(folder)
    _cut(folder / "s1-003.dcm", 0.8)
    save(ct_slice(0, series=9, PixelData=None, StudyInstanceUID="1.2.3"), folder / "x.dcm")
    intake = take(folder, tmp_path)
    volume = intake.chosen[0].load()
    captured = capfd.readouterr()
    text = f"{intake}{volume.source}{volume.quality}{caplog.text}{captured.out}{captured.err}"
    assert not [secret for secret in SECRETS if secret in text]


def test_malformed_numbers_are_passed_over(tmp_path: Path) -> None:
    folder = series(tmp_path / "in", SliceThickness=None)
    _spoil_voltage(folder)
    volume = read(folder, tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_damaged_rle_is_a_sentence_not_a_panic(at: int, tmp_path: Path) -> None:
    def spoil(ds: Dataset, _: int) -> None:
        ds.compress(RLELossless, generate_instance_uid=False)
        start = 80 + at
        ds.PixelData = ds.PixelData[:start] + b"\x7f" * 8 + ds.PixelData[start + 8 :]

    handle = take(series(tmp_path / "in", change=spoil), tmp_path).chosen[0]
    with contextlib.suppress(InputError):
        handle.load()


def test_an_encoding_of_a_maker_s_own_is_named(tmp_path: Path) -> None:
    def own(ds: Dataset, _: int) -> None:
        ds.file_meta.TransferSyntaxUID = UID("1.2.840.113619.5.9")

    series(tmp_path / "in", change=own)
    (handle,) = take(tmp_path / "in", tmp_path).chosen
    with pytest.raises(InputError, match=r"transfer syntax 1\.2\.840\.113619\.5\.9, is none of"):
        handle.load()


def test_slices_of_one_instance_uid_are_read_and_said(tmp_path: Path) -> None:
    series(tmp_path / "in", SOPInstanceUID=f"{ROOT}1.1")
    (handle,) = take(tmp_path / "in", tmp_path).chosen
    assert "shared_instance_uid" in codes(handle.load())
    with pytest.raises(ValueError, match="every image needs a UID of its own, got 1 for 8"):
        OriginalCt.of(handle.origin.frames)
