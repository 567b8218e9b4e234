"""Small CT series made by code, straight or bent, for the reader's tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medical.ct.volume import CtVolume
from medical.intake import Intake, open_input

CT = UID("1.2.840.10008.5.1.4.1.1.2")
ENHANCED_CT = UID("1.2.840.10008.5.1.4.1.1.2.1")
ROOT = "1.2.826.0.1.3680043.8.498."
ROWS, COLUMNS = 40, 36  # openjpeg takes no smaller ones
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SPACING_MM = (0.8, 0.7)


def ramp(slice_index: int) -> np.ndarray:
    """HU that tell slice, row and column apart: air at the edges, a slope inside."""
    hu = np.full((ROWS, COLUMNS), -1000, dtype=np.int16)
    y, x = np.mgrid[4 : ROWS - 4, 4 : COLUMNS - 4]
    hu[4 : ROWS - 4, 4 : COLUMNS - 4] = -600 + 10 * slice_index + 3 * y + x
    return hu


def ct_slice(index: int, *, z_mm: float | None = None, series: int = 1, **over: Any) -> Dataset:
    """One classic CT slice; ``over`` replaces elements, ``None`` removes one."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = CT
    ds.SOPInstanceUID = f"{ROOT}{series}.{index + 1}"
    ds.StudyInstanceUID = f"{ROOT}100"
    ds.SeriesInstanceUID = f"{ROOT}{200 + series}"
    ds.FrameOfReferenceUID = f"{ROOT}300"
    ds.Modality = "CT"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Secret^Person", "ID-4711", "19500101"
    ds.Manufacturer, ds.ManufacturerModelName, ds.KVP = "Maker", "Model", "120"
    ds.ConvolutionKernel = "B60f"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SeriesNumber, ds.InstanceNumber = series, index + 1
    ds.ImagePositionPatient = [-10.0, -20.0, -50.0 + 1.5 * index if z_mm is None else z_mm]
    ds.ImageOrientationPatient = list(AXIAL)
    ds.PixelSpacing, ds.SliceThickness = list(SPACING_MM), 1.5
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
    set_pixels(ds, (ramp(index) + 1024).astype(np.uint16))
    for name, value in over.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    return ds


def set_pixels(ds: Dataset, stored: np.ndarray, *, photometric: str = "MONOCHROME2") -> None:
    """Put native pixels into a data set; signed or unsigned as the array is."""
    ds.Rows, ds.Columns = stored.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, photometric
    bits = stored.dtype.itemsize * 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    ds.PixelRepresentation = int(stored.dtype.kind == "i")
    ds.PixelData = stored.tobytes()
    ds["PixelData"].VR = "OW"


def save(ds: Dataset, path: Path) -> Path:
    """Write one file, in the encoding that its transfer syntax asks for."""
    syntax = ds.file_meta.TransferSyntaxUID
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", CT)
    ds.file_meta.MediaStorageSOPInstanceUID = UID(ds.get("SOPInstanceUID") or "1.2.3")
    path.parent.mkdir(parents=True, exist_ok=True)
    if syntax == ExplicitVRBigEndian:
        ds["PixelData"].value = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
        ds.save_as(path, implicit_vr=False, little_endian=False, enforce_file_format=True)
    else:
        implicit = syntax == ImplicitVRLittleEndian
        ds.save_as(path, implicit_vr=implicit, little_endian=True, enforce_file_format=True)
    return path


def series(
    folder: Path,
    *,
    slices: int = 8,
    number: int = 1,
    change: Callable[[Dataset, int], None] | None = None,
    skip: Sequence[int] = (),
    **over: Any,
) -> Path:
    """Write a series into ``folder``; ``change`` may bend each slice before it is written."""
    for index in range(slices):
        if index in skip:
            continue
        ds = ct_slice(index, series=number, **over)
        if change is not None:
            change(ds, index)
        save(ds, folder / f"s{number}-{index:03d}.dcm")
    return folder


def take(path: Path, tmp_path: Path, **options: Any) -> Intake:
    """Open an input with a work folder of the test's own."""
    return open_input(path, work_dir=tmp_path / "work-dir", **options)


def read(path: Path, tmp_path: Path) -> CtVolume:
    """The only volume that an input holds."""
    intake = take(path, tmp_path)
    assert len(intake.chosen) == 1, [str(error) for error in intake.errors]
    return intake.chosen[0].load()


def codes(volume: CtVolume) -> set[str]:
    """Codes of the quality notes."""
    return {note.code for note in volume.quality}


def expected(slices: int) -> np.ndarray:
    """The HU that a straight series shows."""
    return np.stack([ramp(index) for index in range(slices)])
