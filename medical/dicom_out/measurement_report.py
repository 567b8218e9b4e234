"""The findings as Comprehensive 3D SR: a group of measurements each, by TID 1500.

A finding has two groups under one tracking UID: its region (the segment) with volume, diameter,
mean HU, probability and density, and its places, which a group with a region may not hold: the
centre in the patient beside the diameter, the lines of long and short axis beside their lengths.
What lies between a value and the ends of its 95 % interval stands as upper and lower measurement
uncertainty. Without an outline the first group points at the slice. That nothing was found is a
group, too: absent where both lungs were searched, else undetermined.

Standard:
    PS3.16 TID 1500, 1411 (volumetric region), 1501 (without a region), 310 (uncertainty).
    Concepts are the standard's own but for those of ``99STARLUNG``, for which it has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from medical.detection.findings import Finding, SeriesFindings
from medical.dicom_out.axes import axis_coordinates, in_patient
from medical.dicom_out.malignancy_rating import (
    SCHEME,
    TypedRatings,
    interval,
    rating_measurements,
)
from medical.dicom_out.provenance import (
    MANUFACTURER,
    MODEL_NAME,
    SERIAL_NUMBER,
    OriginalCt,
    finish,
    series_uid,
    tracking_id,
    tracking_uid,
)
from medical.nodule.density_kinds import Density
from medical.nodule.outline import Outline

_SERIES_NUMBER = 9102
DENSITY = Code("density", SCHEME, "Density type of nodule")
DENSITIES: Mapping[Density, Code] = {
    "solid": Code("solid", SCHEME, "Solid nodule"),
    "part-solid": Code("part-solid", SCHEME, "Part-solid nodule"),
    "ground-glass": codes.DCM.GroundGlassOpacity,
    "calcified": codes.SCT.Calcified,
    "cavitary": Code("cavitary", SCHEME, "Nodule with air inside"),
}
_DESCRIBED = ("PixelSpacing", "SliceThickness", "ImagePositionPatient", "ImageOrientationPatient")
PRESENCE = codes.DCM.PresenceOfProperty
Group = Any  # highdicom has no types


def write_measurement_report(
    scored: SeriesFindings,
    path: Path,
    *,
    ct: OriginalCt,
    segmentation: Dataset | None,
    outlines: Sequence[Outline] = (),
    typed: TypedRatings | None = None,
) -> Dataset:
    """Write the report.

    Args:
        scored: what was found.
        path: of the file.
        ct: that was scored.
        segmentation: the findings' outlines; ``None`` where none was written.
        outlines: that the findings were measured on, for the lines of their axes.
        typed: context that a reader typed, and the ratings with it.

    Returns:
        The object.
    """
    segments = _segments(segmentation)
    outline_of = {outline.finding_id: outline for outline in outlines}
    groups: list[Group] = []
    for finding in scored.findings:
        segment = segments.get(tracking_id(finding.id))
        groups += [
            _region(finding, scored, ct, segmentation, segment, typed or TypedRatings()),
            _place(finding, scored, ct, outline_of.get(finding.id)),
        ]
    report = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=_observer(scored)),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=groups or [_nothing_found(scored, ct)],
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=_library(scored, ct) or None,
    )
    if typed is not None and typed.text:
        report[0].ContentSequence.append(typed.content_item())
    made: Dataset = hd.sr.Comprehensive3DSR(
        evidence=[*ct.headers, *([segmentation] if segmentation is not None else [])],
        content=report,
        series_instance_uid=series_uid("report", scored),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    made.ManufacturerModelName = MODEL_NAME
    made.DeviceSerialNumber = SERIAL_NUMBER
    finish(made, path, description="StarLung measurements, research use only")
    return made


def _library(scored: SeriesFindings, ct: OriginalCt) -> list[Dataset]:
    """Return the slices that findings lie on and that a library can describe: classic ones."""
    uids = dict.fromkeys(finding.sop_instance_uid or "" for finding in scored.findings)
    slices = [ct.header_of[uid] for uid in uids if uid in ct.header_of] or ct.headers[:1]
    return [header for header in slices if all(header.get(name) for name in _DESCRIBED)]


def _segments(segmentation: Dataset | None) -> dict[str, int]:
    """Return segments' numbers by the finding that they are of."""
    if segmentation is None:
        return {}
    return {str(part.TrackingID): int(part.SegmentNumber) for part in segmentation.SegmentSequence}


def _observer(scored: SeriesFindings) -> hd.sr.ObserverContext:
    return hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=series_uid("observer", scored),
            name=f"{scored.model.name} {scored.model.version}",
            manufacturer_name=MANUFACTURER,
            model_name=MODEL_NAME,
            serial_number=SERIAL_NUMBER,
        ),
    )


def _algorithm(scored: SeriesFindings) -> hd.sr.AlgorithmIdentification:
    return hd.sr.AlgorithmIdentification(
        name=scored.model.name,
        version=scored.model.version,
        parameters=[
            f"digest={scored.model.digest or scored.model.sha256}",
            f"operating point={scored.operating_point}",
            f"samples={scored.samples}",
        ],
    )


def _region(
    finding: Finding,
    scored: SeriesFindings,
    ct: OriginalCt,
    segmentation: Dataset | None,
    segment: int | None,
    typed: TypedRatings,
) -> Group:
    common = {
        **_identity(finding, scored),
        "measurements": [*_measurements(finding), *rating_measurements(finding, scored, typed)],
        "qualitative_evaluations": [
            hd.sr.QualitativeEvaluation(DENSITY, DENSITIES[finding.density])
        ],
    }
    if segmentation is not None and segment is not None:
        return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            referenced_segment=_referenced(segmentation, segment, ct),
            **common,
        )
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        source_images=_slice_of(finding, ct), **common
    )


def _place(
    finding: Finding, scored: SeriesFindings, ct: OriginalCt, outline: Outline | None
) -> Group:
    center = in_patient(np.array([finding.center_lps_mm]), ct)
    long, short = axis_coordinates(finding, outline, ct)
    millimetre = codes.UCUM.Millimeter
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        **_identity(finding, scored),
        measurements=[
            hd.sr.Measurement(
                codes.SCT.LongAxis, finding.long_axis_mm, millimetre, referenced_coordinates=[long]
            ),
            hd.sr.Measurement(
                codes.SCT.ShortAxis,
                finding.short_axis_mm,
                millimetre,
                referenced_coordinates=[short],
            ),
            _diameter(finding, referenced_coordinates=[center]),
        ],
        source_images=_slice_of(finding, ct),
    )


def _identity(finding: Finding, scored: SeriesFindings) -> dict[str, Any]:
    return {
        "tracking_identifier": hd.sr.TrackingIdentifier(
            uid=tracking_uid(scored, finding.id), identifier=tracking_id(finding.id)
        ),
        "finding_category": codes.SCT.MorphologicallyAbnormalStructure,
        "finding_type": codes.SCT.Nodule,
        "algorithm_id": _algorithm(scored),
        "finding_sites": [_site(finding)],
    }


def _referenced(segmentation: Dataset, segment: int, ct: OriginalCt) -> hd.sr.ReferencedSegment:
    # highdicom's from_segmentation fails where the only segment is said once for all frames
    return hd.sr.ReferencedSegment(
        sop_class_uid=segmentation.SOPClassUID,
        sop_instance_uid=segmentation.SOPInstanceUID,
        segment_number=segment,
        source_series=hd.sr.SourceSeriesForSegmentation(ct.headers[0].SeriesInstanceUID),
    )


def _slice_of(finding: Finding, ct: OriginalCt) -> list[hd.sr.SourceImageForMeasurementGroup]:
    header = ct.header_of.get(finding.sop_instance_uid or "", ct.headers[0])
    return [hd.sr.SourceImageForMeasurementGroup.from_source_image(header)]


def _site(finding: Finding) -> hd.sr.FindingSite:
    sides = {"left": codes.SCT.Left, "right": codes.SCT.Right}
    side = sides.get(finding.location.split(" ", 1)[0])
    return hd.sr.FindingSite(anatomic_location=codes.SCT.Lung, laterality=side)


def _diameter(finding: Finding, **options: Any) -> hd.sr.Measurement:
    return hd.sr.Measurement(
        codes.SCT.Diameter,
        finding.diameter_mm,
        codes.UCUM.Millimeter,
        derivation=codes.SCT.Mean,
        properties=interval(finding.diameter_mm, *finding.diameter_ci95),
        **options,
    )


def _measurements(finding: Finding) -> list[hd.sr.Measurement]:
    low, high = (round(100 * share, 2) for share in finding.probability_ci95)
    return [
        _diameter(finding),
        hd.sr.Measurement(
            codes.SCT.Volume,
            finding.volume_mm3,
            codes.UCUM.CubicMillimeter,
            properties=interval(finding.volume_mm3, *finding.volume_ci95),
        ),
        hd.sr.Measurement(
            codes.DCM.AttenuationCoefficient,
            finding.mean_hu,
            codes.UCUM.HounsfieldUnit,
            derivation=codes.SCT.Mean,
        ),
        hd.sr.Measurement(
            codes.DCM.CertaintyOfFinding,
            probability := round(100 * finding.probability, 2),
            codes.UCUM.Percent,
            properties=interval(probability, low, high),
        ),
    ]


def _nothing_found(scored: SeriesFindings, ct: OriginalCt) -> Group:
    value = codes.SCT.Absent if scored.negative else codes.DCM.PresenceUndetermined
    images: Sequence[Dataset] = ct.headers[:1] if ct.is_multiframe else ct.headers
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=tracking_uid(scored, 0), identifier="StarLung, whole series"
        ),
        finding_type=codes.SCT.Nodule,
        algorithm_id=_algorithm(scored),
        finding_sites=[hd.sr.FindingSite(anatomic_location=codes.SCT.Lung)],
        qualitative_evaluations=[hd.sr.QualitativeEvaluation(PRESENCE, value)],
        source_images=[
            hd.sr.SourceImageForMeasurementGroup.from_source_image(image) for image in images
        ],
    )
