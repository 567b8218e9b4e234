"""DICOM objects that outline a ball in a small made CT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.medical.dicom.make import ROOT, SPACING_MM, series

SERIES = f"{ROOT}201"
CENTER_LPS_MM, RADIUS_MM = (2.6, -5.6, -41.0), 5.0  # row 18, column 18, slice 6
SLICES = 12


def made_ct(folder: Path) -> list[Dataset]:
    """Write the CT; its headers in order."""
    empty = ("StudyID", "AccessionNumber", "StudyDate", "StudyTime", "PositionReferenceIndicator")
    needed = {**dict.fromkeys(empty, ""), "ReferringPhysicianName": "", "PatientSex": "O"}
    series(folder, slices=SLICES, **needed)
    return [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]


def ball(ct: list[Dataset]) -> np.ndarray:
    """``[z, y, x]`` the ball's voxels."""
    inside = []
    for image in ct:
        x0, y0, z0 = image.ImagePositionPatient
        rows, columns = np.mgrid[: image.Rows, : image.Columns]
        x, y = x0 + columns * SPACING_MM[1], y0 + rows * SPACING_MM[0]
        squares = (
            (x - CENTER_LPS_MM[0]) ** 2 + (y - CENTER_LPS_MM[1]) ** 2 + (z0 - CENTER_LPS_MM[2]) ** 2
        )
        inside.append(squares <= RADIUS_MM**2)
    return np.stack(inside)


def write_segmentation(path: Path, ct: list[Dataset], *, organ: bool = False) -> None:
    """A SEG by highdicom: the ball as a nodule, or the whole field as an organ."""
    shown = np.ones_like(ball(ct)) if organ else ball(ct)
    kind = codes.SCT.AnatomicalStructure if organ else codes.SCT.MorphologicallyAbnormalStructure
    description = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="one",
        segmented_property_category=kind,
        segmented_property_type=codes.SCT.Lung if organ else codes.SCT.Nodule,
        algorithm_type="MANUAL",
    )
    made = hd.seg.Segmentation(
        source_images=ct,
        pixel_array=shown.astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[description],
        series_instance_uid=generate_uid(),
        series_number=7,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="m",
        manufacturer_model_name="m",
        software_versions="1",
        device_serial_number="1",
    )
    made.save_as(path)


def circle(z_mm: float, radius_mm: float) -> np.ndarray:
    """``[n, 3]`` LPS points around the ball's axis."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x, y, _ = CENTER_LPS_MM
    return np.stack(
        [x + radius_mm * np.cos(turn), y + radius_mm * np.sin(turn), np.full_like(turn, z_mm)], 1
    )


def write_structure_set(path: Path, *, kind: str = "GTV", name: str = "one") -> None:
    """An RTSTRUCT of the ball, of one type or none."""
    made = _dataset("1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT")
    region = _with(ROINumber=4, ROIName=name)
    made.StructureSetROISequence = [region]
    made.RTROIObservationsSequence = [_with(ReferencedROINumber=4, RTROIInterpretedType=kind)]
    outlines = []
    for index in range(SLICES):
        z = -50.0 + 1.5 * index
        square = RADIUS_MM**2 - (z - CENTER_LPS_MM[2]) ** 2
        if square > 0:
            points = circle(z, square**0.5)
            outlines.append(
                _with(
                    ContourGeometricType="CLOSED_PLANAR",
                    NumberOfContourPoints=len(points),
                    ContourData=[round(float(v), 4) for v in points.ravel()],
                )
            )
    made.ROIContourSequence = [_with(ReferencedROINumber=4, ContourSequence=outlines)]
    report = _with(
        FrameOfReferenceUID=f"{ROOT}300",
        RTReferencedStudySequence=[
            _with(RTReferencedSeriesSequence=[_with(SeriesInstanceUID=SERIES)])
        ],
    )
    made.ReferencedFrameOfReferenceSequence = [report]
    made.save_as(path, enforce_file_format=True)


def write_report(path: Path, ct: list[Dataset], *, region: str, sized: bool = True) -> None:
    """A TID 1500 report by highdicom: the ball as ``ellipsoid``, ``outline`` or in an ``image``."""
    x, y, z = CENTER_LPS_MM
    frame = ct[0].FrameOfReferenceUID
    options: dict[str, Any] = {
        "tracking_identifier": hd.sr.TrackingIdentifier(uid=generate_uid(), identifier="one"),
        "finding_type": codes.SCT.Nodule,
    }
    if sized:
        options["measurements"] = [
            hd.sr.Measurement(name=codes.SCT.Diameter, value=1.2, unit=codes.UCUM.Centimeter)
        ]
    group: Any
    if region == "ellipsoid":
        step = np.eye(3) * RADIUS_MM
        points = np.array([[x, y, z]] * 6) + np.concatenate([[s, -s] for s in step])
        surface = hd.sr.VolumeSurface(
            "ELLIPSOID",
            points,
            frame,
            source_series=hd.sr.SourceSeriesForSegmentation(ct[0].SeriesInstanceUID),
        )
        group = hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            referenced_volume_surface=surface, **options
        )
    elif region == "outline":
        points = circle(z, RADIUS_MM)
        closed = np.concatenate([points, points[:1]])
        group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            referenced_region=hd.sr.ImageRegion3D("POLYGON", closed, frame), **options
        )
    else:
        image = ct[6]
        pixel = np.array([[18.5, 18.5]])  # the centre of row 18, column 18
        shape = hd.sr.ImageRegion(
            "POINT",
            pixel,
            hd.sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID),
        )
        group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            referenced_region=shape, **options
        )
    context = hd.sr.ObservationContext(
        observer_device_context=hd.sr.ObserverContext(
            codes.DCM.Device, hd.sr.DeviceObserverIdentifyingAttributes(uid=generate_uid())
        )
    )
    report = hd.sr.MeasurementReport(
        observation_context=context,
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[group],
    )
    made = hd.sr.Comprehensive3DSR(
        evidence=ct,
        content=report,
        series_instance_uid=generate_uid(),
        series_number=8,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="m",
    )
    made.save_as(path)


def _dataset(sop_class: str, modality: str) -> Dataset:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = sop_class
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid()
    made.Modality = modality
    made.SeriesInstanceUID = generate_uid()
    return made


def _with(**elements: Any) -> Dataset:
    made = Dataset()
    for name, value in elements.items():
        setattr(made, name, value)
    return made
