"""Write a volume as a classic CT series: one lossless JPEG-LS file a slice.

Standard:
    PS3.3 A.3 (CT Image IOD), PS3.5 A.4.3 (JPEG-LS).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int16
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEGLSLossless

from medical.dicom.header.tags import derived_uid
from medical.geometry import VolumeGeometry

_INTERCEPT_HU = -1024
_MIDNIGHT = "000000"


@dataclass(frozen=True, slots=True)
class CtLabels:
    """What the header says besides the pixels.

    Args:
        identity: text from which every UID follows; the same text gives the same UIDs.
        patient_name: DICOM person name.
        patient_id: identifier.
        series_description: for people.
        manufacturer: who made the image.
        kernel: name of the reconstruction kernel.
        kvp: tube voltage; empty when there was no tube.
        date: ``YYYYMMDD`` of study and acquisition.
        derived: whether a program rather than a scanner made the pixels.
    """

    identity: str
    patient_name: str
    patient_id: str
    series_description: str
    manufacturer: str = "StarLung"
    kernel: str = "STANDARD"
    kvp: str = "120"
    date: str = "20200101"
    derived: bool = True


def write_ct_series(
    hu: Int16[np.ndarray, "z y x"],
    geometry: VolumeGeometry,
    folder: Path,
    *,
    labels: CtLabels,
) -> list[Path]:
    """Write one file a slice, named by instance number; returns the files.

    Instances are numbered from the head down, as scanners do, whatever the order of ``hu``.

    Args:
        hu: Hounsfield units from -1024 to 3071 (12 bits).
        geometry: of ``hu``; rows and columns must be perpendicular.
        folder: made when missing; must not hold other DICOM files.
        labels: names and descriptions.

    Raises:
        ValueError: ``hu`` leaves 12 bits, shapes disagree, or rows and columns are not
            perpendicular.
    """
    _check(hu, geometry)
    folder.mkdir(parents=True, exist_ok=True)
    upwards = geometry.affine_lps_mm[2, 0] > 0
    order = range(hu.shape[0])[:: -1 if upwards else 1]
    files = []
    for number, index in enumerate(order, start=1):
        header = _header(geometry, index, number, labels=labels)
        _add_pixels(header, hu[index])
        path = folder / f"{number:04d}.dcm"
        header.save_as(path, enforce_file_format=True)
        files.append(path)
    return files


def _check(hu: Int16[np.ndarray, "z y x"], geometry: VolumeGeometry) -> None:
    if hu.shape != geometry.shape:
        raise ValueError(f"hu is {hu.shape} but the geometry says {geometry.shape}")
    low, high = int(hu.min()), int(hu.max())
    if low < _INTERCEPT_HU or high > _INTERCEPT_HU + 4095:
        raise ValueError(f"hu must lie within -1024..3071 to fit 12 bits, got {low}..{high}")
    down, right = geometry.affine_lps_mm[:3, 1], geometry.affine_lps_mm[:3, 2]
    if abs(down @ right) > 1e-4 * np.linalg.norm(down) * np.linalg.norm(right):
        raise ValueError(f"rows and columns must be perpendicular, got {down} and {right}")


def _header(geometry: VolumeGeometry, index: int, number: int, *, labels: CtLabels) -> Dataset:
    header = Dataset()
    _add_patient_and_study(header, labels)
    _add_series(header, labels)
    _add_image(header, number, labels)
    _add_plane(header, geometry, index)
    header.file_meta = FileMetaDataset()
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.ImplementationClassUID = derived_uid("implementation")
    header.file_meta.ImplementationVersionName = "STARLUNG"
    return header


def _add_patient_and_study(header: Dataset, labels: CtLabels) -> None:
    header.PatientName = labels.patient_name
    header.PatientID = labels.patient_id
    header.PatientBirthDate = ""
    header.PatientSex = "O"
    header.PatientIdentityRemoved = "YES"
    header.DeidentificationMethod = "Synthetic image, no patient"
    header.LongitudinalTemporalInformationModified = "REMOVED"
    header.StudyInstanceUID = derived_uid(labels.identity, "study")
    header.StudyDate = labels.date
    header.StudyTime = _MIDNIGHT
    header.ReferringPhysicianName = ""
    header.StudyID = "1"
    header.AccessionNumber = ""
    header.StudyDescription = labels.series_description


def _add_series(header: Dataset, labels: CtLabels) -> None:
    header.Modality = "CT"
    header.SeriesInstanceUID = derived_uid(labels.identity, "series")
    header.SeriesNumber = 1
    header.SeriesDate = labels.date
    header.SeriesTime = _MIDNIGHT
    header.SeriesDescription = labels.series_description
    header.BodyPartExamined = "CHEST"
    header.PatientPosition = "HFS"
    header.FrameOfReferenceUID = derived_uid(labels.identity, "frame")
    header.PositionReferenceIndicator = ""
    header.Manufacturer = labels.manufacturer
    header.ManufacturerModelName = "Phantom"
    header.SoftwareVersions = "1"


def _add_image(header: Dataset, number: int, labels: CtLabels) -> None:
    header.SOPClassUID = CTImageStorage
    header.SOPInstanceUID = derived_uid(labels.identity, "instance", str(number))
    header.ImageType = ["DERIVED" if labels.derived else "ORIGINAL", "PRIMARY", "AXIAL"]
    header.InstanceNumber = number
    header.AcquisitionNumber = 1
    header.AcquisitionDate = header.ContentDate = labels.date
    header.AcquisitionTime = header.ContentTime = _MIDNIGHT
    header.InstanceCreationDate = labels.date
    header.InstanceCreationTime = _MIDNIGHT
    header.KVP = labels.kvp
    header.ConvolutionKernel = labels.kernel
    header.LossyImageCompression = "00"
    header.BurnedInAnnotation = "NO"
    header.WindowCenter = [-600, 40]
    header.WindowWidth = [1500, 400]
    header.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]
    if labels.derived:
        header.DerivationDescription = "Computed by a program, not acquired by a scanner"


def _add_plane(header: Dataset, geometry: VolumeGeometry, index: int) -> None:
    z_mm, y_mm, x_mm = geometry.spacing_mm
    right = geometry.affine_lps_mm[:3, 2] / x_mm
    down = geometry.affine_lps_mm[:3, 1] / y_mm
    position = geometry.voxel_to_lps((index, 0, 0))
    header.ImagePositionPatient = [_decimal(value) for value in position]
    header.ImageOrientationPatient = [_decimal(value) for value in (*right, *down)]
    header.PixelSpacing = [_decimal(y_mm), _decimal(x_mm)]
    header.SliceThickness = _decimal(z_mm)
    header.SpacingBetweenSlices = _decimal(z_mm)
    header.SliceLocation = _decimal(position[2])


def _add_pixels(header: Dataset, hu: Int16[np.ndarray, "y x"]) -> None:
    stored = (hu.astype(np.int32) - _INTERCEPT_HU).astype(np.uint16)
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.Rows, header.Columns = hu.shape
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 12, 11
    header.PixelRepresentation = 0
    header.RescaleIntercept = str(_INTERCEPT_HU)
    header.RescaleSlope = "1"
    header.RescaleType = "HU"
    header.compress(JPEGLSLossless, stored, generate_instance_uid=False)


def _decimal(value: float) -> str:
    """Write a decimal string of at most 16 characters (PS3.5 6.2, DS), no negative zero."""
    return f"{round(float(value), 6) + 0.0:.10g}"
