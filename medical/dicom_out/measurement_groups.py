"""The groups of measurements in the report: where a finding lies, what was measured, who said so.

A finding has two groups under one tracking UID: its region (the segment) with volume, diameter,
mean HU, probability and density, and its places, which a group with a region may not hold: the
centre in the patient beside the diameter, the lines of long and short axis beside their lengths.
What lies between a value and the ends of its 95 % interval stands as upper and lower measurement
uncertainty. Without an outline the first group points at the slice.

Once a reader has signed, both carry the decision, and the second has the reader's diameter where
there is one. A rejected finding has none, so that nobody takes it for a nodule; see ``statements``.

Standard:
    PS3.16 TID 1410 (planar region, which may be a point), 1411 (volumetric region), 1501 (without
    a region), 310 (uncertainty).
"""

from __future__ import annotations

from typing import Any

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from medical.detection.findings import AddedFinding, Finding, SeriesFindings
from medical.dicom_out.assessment import (
    DENSITIES,
    DENSITY,
    Assessments,
    Group,
    ReadFinding,
    add_texts,
    evaluations,
)
from medical.dicom_out.axes import axis_coordinates, in_patient
from medical.dicom_out.malignancy_rating import TypedRatings, interval, rating_measurements
from medical.dicom_out.provenance import OriginalCt, tracking_id, tracking_uid
from medical.nodule.outline import Outline


def finding_groups(
    finding: Finding,
    scored: SeriesFindings,
    ct: OriginalCt,
    *,
    segmentation: Dataset | None,
    segment: int | None,
    outline: Outline | None,
    assessments: Assessments,
    typed: TypedRatings,
) -> list[Group]:
    """Return the groups of one finding of the model's.

    Args:
        finding: which.
        scored: the result that it stands in.
        ct: that was scored.
        segmentation: of the findings; ``None`` where none was written.
        segment: number of the finding's; ``None`` where it has none.
        outline: that it was measured on, for the lines of its axes.
        assessments: what else is to be said of it.
        typed: ratings with the context that a reader typed.
    """
    read = assessments.of(finding.id)
    if read is not None and read.decision == "rejected":
        return []
    groups = [
        _region(finding, scored, ct, segmentation, segment, assessments, typed),
        _place(finding, scored, ct, outline, read),
    ]
    add_texts(groups[0], finding.id, assessments)
    return groups


def added_group(
    number: int,
    read: ReadFinding,
    measured: AddedFinding,
    scored: SeriesFindings,
    ct: OriginalCt,
    assessments: Assessments,
) -> Group:
    """Return the group of a nodule that a reader added.

    It holds centre and diameter, and the model's volume where the model outlined something there.
    Where nobody measured a diameter (readings of earlier versions), the centre is its region.

    Args:
        number: in its series.
        read: the reader's word.
        measured: where the reader clicked.
        scored: the result that it was added to.
        ct: that was scored.
        assessments: what else is to be said of it.
    """
    center = np.array([measured.center_lps_mm])
    options: dict[str, Any] = {"referenced_coordinates": [in_patient(center, ct)]}
    diameter = read.diameter_mm or measured.diameter_mm
    values = []
    if diameter is not None:
        ends = measured.diameter_ci95 if read.diameter_mm is None else None
        values.append(_diameter(diameter, ends, **options))
        # OHIF takes a place from a number that has nothing else below it
        plain = hd.sr.Measurement(codes.SCT.Diameter, diameter, codes.UCUM.Millimeter, **options)
        values.append(plain)
    if measured.volume_mm3 is not None:
        values.append(_volume(measured.volume_mm3, measured.volume_ci95))
    coded = evaluations(number, assessments)
    if measured.density is not None:
        coded.append(hd.sr.QualitativeEvaluation(DENSITY, DENSITIES[measured.density]))
    common = {
        **_identity(number, measured.location, scored, by_model=False),
        "measurements": values,
        "qualitative_evaluations": coded,
    }
    if diameter is None:
        group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            referenced_region=hd.sr.ImageRegion3D(
                hd.sr.GraphicTypeValues3D.POINT, center, ct.frame_of_reference_uid
            ),
            **common,
        )
    else:
        group = hd.sr.MeasurementsAndQualitativeEvaluations(
            source_images=slice_of(measured.sop_instance_uid, ct), **common
        )
    return add_texts(group, number, assessments)


def algorithm(scored: SeriesFindings) -> hd.sr.AlgorithmIdentification:
    """Name the model, as reports do."""
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
    assessments: Assessments,
    typed: TypedRatings,
) -> Group:
    common = {
        **_identity(finding.id, finding.location, scored),
        "measurements": [*_measurements(finding), *rating_measurements(finding, scored, typed)],
        "qualitative_evaluations": [
            hd.sr.QualitativeEvaluation(DENSITY, DENSITIES[finding.density]),
            *evaluations(finding.id, assessments),
        ],
    }
    if segmentation is not None and segment is not None:
        return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            referenced_segment=_referenced(segmentation, segment, ct),
            **common,
        )
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        source_images=slice_of(finding.sop_instance_uid, ct), **common
    )


def _place(
    finding: Finding,
    scored: SeriesFindings,
    ct: OriginalCt,
    outline: Outline | None,
    read: ReadFinding | None,
) -> Group:
    by_reader = read.diameter_mm if read is not None else None
    ends = finding.diameter_ci95 if by_reader is None else None
    center = in_patient(np.array([finding.center_lps_mm]), ct)
    long, short = axis_coordinates(finding, outline, ct)
    millimetre = codes.UCUM.Millimeter
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        **_identity(finding.id, finding.location, scored),
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
            _diameter(by_reader or finding.diameter_mm, ends, referenced_coordinates=[center]),
        ],
        source_images=slice_of(finding.sop_instance_uid, ct),
    )


def _identity(
    number: int, location: str, scored: SeriesFindings, *, by_model: bool = True
) -> dict[str, Any]:
    identity = {
        "tracking_identifier": hd.sr.TrackingIdentifier(
            uid=tracking_uid(scored, number), identifier=tracking_id(number)
        ),
        "finding_category": codes.SCT.MorphologicallyAbnormalStructure,
        "finding_type": codes.SCT.Nodule,
        "finding_sites": [_site(location)],
    }
    return identity | ({"algorithm_id": algorithm(scored)} if by_model else {})


def _referenced(segmentation: Dataset, segment: int, ct: OriginalCt) -> hd.sr.ReferencedSegment:
    # highdicom's from_segmentation fails where the only segment is said once for all frames
    return hd.sr.ReferencedSegment(
        sop_class_uid=segmentation.SOPClassUID,
        sop_instance_uid=segmentation.SOPInstanceUID,
        segment_number=segment,
        source_series=hd.sr.SourceSeriesForSegmentation(ct.headers[0].SeriesInstanceUID),
    )


def slice_of(uid: str | None, ct: OriginalCt) -> list[hd.sr.SourceImageForMeasurementGroup]:
    """Refer to a slice, or to the first where this CT has none of that UID."""
    header = ct.header_of.get(uid or "", ct.headers[0])
    return [hd.sr.SourceImageForMeasurementGroup.from_source_image(header)]


def _site(location: str) -> hd.sr.FindingSite:
    sides = {"left": codes.SCT.Left, "right": codes.SCT.Right}
    side = sides.get(location.split(" ", 1)[0])
    return hd.sr.FindingSite(anatomic_location=codes.SCT.Lung, laterality=side)


def _diameter(value: float, ends: tuple[float, float] | None, **options: Any) -> hd.sr.Measurement:
    return hd.sr.Measurement(
        codes.SCT.Diameter,
        value,
        codes.UCUM.Millimeter,
        derivation=codes.SCT.Mean,
        properties=interval(value, *ends) if ends else None,
        **options,
    )


def _volume(value: float, ends: tuple[float, float] | None) -> hd.sr.Measurement:
    return hd.sr.Measurement(
        codes.SCT.Volume,
        value,
        codes.UCUM.CubicMillimeter,
        properties=interval(value, *ends) if ends else None,
    )


def _measurements(finding: Finding) -> list[hd.sr.Measurement]:
    low, high = (round(100 * share, 2) for share in finding.probability_ci95)
    return [
        _diameter(finding.diameter_mm, finding.diameter_ci95),
        _volume(finding.volume_mm3, finding.volume_ci95),
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
