"""The slices on which findings lie, as DICOM key object selection.

Standard:
    PS3.3 A.35.4 (Key Object Selection Document IOD), PS3.16 TID 2010, CID 7010 (titles).
"""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from medical.detection.findings import AddedFinding, Finding, SeriesFindings
from medical.dicom_out.assessment import SignedReading
from medical.dicom_out.provenance import (
    MANUFACTURER,
    MODEL_NAME,
    OriginalCt,
    finish,
    series_number,
    series_uid,
)

_SERIES_NUMBER = 9103


def write_key_objects(
    scored: SeriesFindings, path: Path, *, ct: OriginalCt, reading: SignedReading | None = None
) -> Dataset:
    """Write the selection.

    Args:
        scored: what was found, at least one finding.
        path: of the file.
        ct: that was scored.
        reading: that a reader has signed: the slices of nodules that stand are selected.

    Returns:
        The object.

    Raises:
        ValueError: no finding names a slice of this CT.
    """
    findings = _selected(scored, reading)
    uids = dict.fromkeys(finding.sop_instance_uid or "" for finding in findings.values())
    selected = [ct.header_of[uid] for uid in uids if uid in ct.header_of]
    if not selected:
        raise ValueError("no finding names a slice of this CT, so there is nothing to select")
    slices = ", ".join(
        f"{number} in slice {finding.slice_number}" for number, finding in findings.items()
    )
    made: Dataset = hd.ko.KeyObjectSelectionDocument(
        evidence=selected,
        content=hd.ko.KeyObjectSelection(
            document_title=codes.DCM.OfInterest,
            referenced_objects=selected,
            description=f"Findings of {scored.model.name}, research use only: {slices}"[:1024],
        ),
        series_instance_uid=series_uid("key objects", scored, signed=reading is not None),
        series_number=series_number(_SERIES_NUMBER, signed=reading is not None),
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
    )
    made.ManufacturerModelName = MODEL_NAME
    finish(made, path, what="key images", signed=reading is not None)
    return made


def _selected(
    scored: SeriesFindings, reading: SignedReading | None
) -> dict[int, Finding | AddedFinding]:
    findings: dict[int, Finding | AddedFinding] = {
        finding.id: finding
        for finding in scored.findings
        if reading is None or reading.accepted(finding.id)
    }
    added = reading.findings.items() if reading is not None else ()
    return findings | {number: read.measured for number, read in added if read.measured is not None}
