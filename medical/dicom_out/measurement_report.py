"""The findings as Comprehensive 3D SR by TID 1500, as scored or as a reader has signed.

What groups a finding has stands in ``measurement_groups``. That nothing was found is a group, too:
absent where both lungs were searched, else undetermined. A signed report has ``statements`` on the
whole examination and on rejected findings, and names the reader as observer and verifier; where no
nodule stands, its only group says so.

Standard:
    PS3.16 TID 1500, PS3.3 C.17.2 (verification). Concepts are the standard's own but for those of
    ``99STARLUNG``, for which it has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from medical.detection.findings import SeriesFindings
from medical.dicom_out.assessment import (
    Assessments,
    Group,
    SignedReading,
)
from medical.dicom_out.malignancy_rating import TypedRatings
from medical.dicom_out.measurement_groups import added_group, algorithm, finding_groups
from medical.dicom_out.provenance import (
    MANUFACTURER,
    MODEL_NAME,
    SERIAL_NUMBER,
    OriginalCt,
    finish,
    person_name,
    series_number,
    series_uid,
    tracking_id,
    tracking_uid,
)
from medical.dicom_out.statements import PRESENCE, statements
from medical.nodule.outline import Outline

_SERIES_NUMBER = 9102
_DESCRIBED = ("PixelSpacing", "SliceThickness", "ImagePositionPatient", "ImageOrientationPatient")


def write_measurement_report(
    scored: SeriesFindings,
    path: Path,
    *,
    ct: OriginalCt,
    segmentation: Dataset | None,
    outlines: Sequence[Outline] = (),
    typed: TypedRatings | None = None,
    assessments: Assessments | None = None,
) -> Dataset:
    """Write the report.

    Args:
        scored: what was found.
        path: of the file.
        ct: that was scored.
        segmentation: the findings' outlines; ``None`` where none was written.
        outlines: that the findings were measured on, for the lines of their axes.
        typed: context that a reader typed, and the ratings with it.
        assessments: Lung-RADS of the findings, and what a reader has signed.

    Returns:
        The object.
    """
    segments = _segments(segmentation)
    outline_of = {outline.finding_id: outline for outline in outlines}
    assessments = assessments or Assessments()
    reading, groups = assessments.reading, list[Group]()
    for finding in scored.findings:
        groups += finding_groups(
            finding,
            scored,
            ct,
            segmentation=segmentation,
            segment=segments.get(tracking_id(finding.id)),
            outline=outline_of.get(finding.id),
            assessments=assessments,
            typed=typed or TypedRatings(),
        )
    if reading is not None:
        groups += [
            added_group(number, read, read.measured, scored, ct, assessments)
            for number, read in reading.findings.items()
            if read.measured is not None
        ]
    report = hd.sr.MeasurementReport(
        observation_context=_context(scored, reading),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=groups or [_nothing_found(scored, reading, ct)],
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=_library(scored, ct) or None,
    )
    if reading is not None:
        report[0].ContentSequence.append(statements(reading, scored, ct))
    if typed is not None and typed.text:
        report[0].ContentSequence.append(typed.content_item())
    made: Dataset = hd.sr.Comprehensive3DSR(
        evidence=[*ct.headers, *([segmentation] if segmentation is not None else [])],
        content=report,
        series_instance_uid=series_uid("report", scored, signed=reading is not None),
        series_number=series_number(_SERIES_NUMBER, signed=reading is not None),
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=reading is not None,
        **_verified(reading, ct),
    )
    made.ManufacturerModelName = MODEL_NAME
    made.DeviceSerialNumber = SERIAL_NUMBER
    finish(made, path, what="measurements", signed=reading is not None)
    return made


def _context(scored: SeriesFindings, reading: SignedReading | None) -> hd.sr.ObservationContext:
    person = None
    if reading is not None:
        person = hd.sr.ObserverContext(
            codes.DCM.Person,
            hd.sr.PersonObserverIdentifyingAttributes(name=person_name(reading.signed_by)),
        )
    return hd.sr.ObservationContext(
        observer_person_context=person, observer_device_context=_observer(scored)
    )


def _verified(reading: SignedReading | None, ct: OriginalCt) -> dict[str, Any]:
    if reading is None:
        return {"is_verified": False}
    return {
        "is_verified": True,
        "verifying_observer_name": person_name(reading.signed_by),
        "verifying_organization": str(ct.headers[0].get("InstitutionName") or "not named"),
    }


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


def _nothing_found(scored: SeriesFindings, reading: SignedReading | None, ct: OriginalCt) -> Group:
    """Return the only group of a report on no nodule, for the whole series."""
    is_absent = scored.negative or reading is not None
    value = codes.SCT.Absent if is_absent else codes.DCM.PresenceUndetermined
    images: Sequence[Dataset] = ct.headers[:1] if ct.is_multiframe else ct.headers
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=tracking_uid(scored, 0), identifier="StarLung, whole series"
        ),
        finding_type=codes.SCT.Nodule,
        algorithm_id=algorithm(scored) if reading is None else None,
        finding_sites=[hd.sr.FindingSite(anatomic_location=codes.SCT.Lung)],
        qualitative_evaluations=[hd.sr.QualitativeEvaluation(PRESENCE, value)],
        source_images=[
            hd.sr.SourceImageForMeasurementGroup.from_source_image(image) for image in images
        ],
    )
