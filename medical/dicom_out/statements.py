"""What a signed report says without a place: of the whole examination, and of rejected findings.

It stands among the report's qualitative evaluations, not among its measurement groups: a viewer
that draws groups (OHIF 3.12) stops at the first that has no coordinates, and shows none at all.

Standard:
    PS3.16 TID 1500, "Qualitative Evaluations"; what belongs to a rejection are its properties.
"""

from __future__ import annotations

import highdicom as hd
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from medical.detection.findings import Finding, SeriesFindings
from medical.dicom_out.assessment import (
    DECISION,
    DECISIONS,
    LUNG_RADS_RULE,
    REASON,
    ReadFinding,
    SignedReading,
    lung_rads_evaluation,
)
from medical.dicom_out.provenance import OriginalCt, person_name, tracking_id, tracking_uid

QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
PRESENCE = codes.DCM.PresenceOfProperty
_PROPERTY = hd.sr.RelationshipTypeValues.HAS_PROPERTIES
_CONTAINS = hd.sr.RelationshipTypeValues.CONTAINS


def statements(
    reading: SignedReading, scored: SeriesFindings, ct: OriginalCt
) -> hd.sr.ContainerContentItem:
    """Return the container: is there a nodule, the examination's Lung-RADS, each rejection.

    Args:
        reading: what was signed.
        scored: the result that was read.
        ct: that was scored.
    """
    nodules = [read for read in reading.findings.values() if read.decision != "rejected"]
    value = codes.SCT.Present if nodules else codes.SCT.Absent
    items: list[hd.sr.ContentItem] = [
        hd.sr.CodeContentItem(codes.DCM.Finding, codes.SCT.Nodule, _CONTAINS),
        hd.sr.CodeContentItem(PRESENCE, value, _CONTAINS),
        *(evaluation[0] for evaluation in lung_rads_evaluation(reading.lung_rads)),
    ]
    if rule := reading.lung_rads.rule.strip():
        items.append(hd.sr.TextContentItem(LUNG_RADS_RULE, rule, _CONTAINS))
    for finding in scored.findings:
        read = reading.findings.get(finding.id)
        if read is not None and read.decision == "rejected":
            items.append(_rejection(finding, read, scored, ct))
    container = hd.sr.ContainerContentItem(
        QUALITATIVE_EVALUATIONS, is_content_continuous=False, relationship_type=_CONTAINS
    )
    container.ContentSequence = hd.sr.ContentSequence(items)
    return container


def _rejection(
    finding: Finding, read: ReadFinding, scored: SeriesFindings, ct: OriginalCt
) -> hd.sr.CodeContentItem:
    """Say which finding it was by its tracking UID and slice; no place, so nobody draws it."""
    item = hd.sr.CodeContentItem(DECISION, DECISIONS["rejected"], _CONTAINS)
    uid = tracking_uid(scored, finding.id)
    header = ct.header_of.get(finding.sop_instance_uid or "", ct.headers[0])
    properties: list[hd.sr.ContentItem] = [
        hd.sr.TextContentItem(codes.DCM.TrackingIdentifier, tracking_id(finding.id), _PROPERTY),
        hd.sr.UIDRefContentItem(codes.DCM.TrackingUniqueIdentifier, uid, _PROPERTY),
        hd.sr.CodeContentItem(codes.DCM.Finding, codes.SCT.Nodule, _PROPERTY),
        hd.sr.PnameContentItem(
            codes.DCM.PersonObserverName, person_name(read.reader), _PROPERTY
        ),
        hd.sr.ImageContentItem(
            codes.DCM.SourceOfMeasurement, header.SOPClassUID, header.SOPInstanceUID,
            relationship_type=_PROPERTY,
        ),
    ]  # fmt: skip
    texts = ((REASON, read.reason), (codes.DCM.Comment, read.comment))
    for name, text in texts:
        if text.strip():
            properties.append(hd.sr.TextContentItem(name, text.strip(), _PROPERTY))
    item.ContentSequence = hd.sr.ContentSequence(properties)
    return item
