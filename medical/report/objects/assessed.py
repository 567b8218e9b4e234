"""What reports in DICOM say of findings beside the measures: unread, or as a reader has signed.

A signed reading is taken from the report that was kept when it was signed, so that both say the
same, whatever has changed since.
"""

from __future__ import annotations

from datetime import UTC, datetime

from medical.detection.findings import AddedFinding, SeriesFindings
from medical.dicom_out.assessment import Assessments, LungRads, ReadFinding, SignedReading
from medical.dicom_out.malignancy_rating import TypedRatings
from medical.i18n.catalogue import Translator
from medical.nodule.guidelines.rules import Fired
from medical.report.content import ReportContent
from medical.report.guidelines import ruling_text
from medical.report.malignancy import typed_note
from medical.report.record import ReportFinding, ReportRecord
from medical.results.typed_context import TypedContext


def unread_assessments(content: ReportContent) -> Assessments:
    """Return what the guidelines say of each finding that nobody has decided on.

    Args:
        content: the report of a result that no reader has seen.
    """
    labels = Translator("en")
    rows = {row.finding_id: row.lung_rads for row in content.guidelines.rows}
    return Assessments(
        {
            number: LungRads(
                ruling.result.category if isinstance(ruling.result, Fired) else "",
                ruling_text(ruling, labels),
            )
            for number, ruling in rows.items()
        }
    )


def signed_assessments(record: ReportRecord, *, at: float) -> Assessments:
    """Return what a signed report says.

    Args:
        record: the report, signed.
        at: when, seconds since 1970.

    Raises:
        ValueError: nobody has signed it.
    """
    if not record.signed_by:
        raise ValueError("the report must be signed, got one without a signature")
    nodules = {
        row.finding: LungRads(row.lung_rads_category or "", row.lung_rads)
        for row in record.examination.nodules
    }
    whole = LungRads(record.examination.lung_rads_category or "", record.examination.lung_rads)
    reading = SignedReading(
        signed_by=record.signed_by,
        signed_at=datetime.fromtimestamp(at, UTC),
        findings={finding.number: _read(finding) for finding in record.findings},
        lung_rads=whole,
    )
    return Assessments(nodules, reading)


def typed_ratings(typed: TypedContext | None) -> TypedRatings | None:
    """Return what a reader typed of a series, in the report's words; ``None`` where nobody did."""
    if typed is None:
        return None
    ratings = {row.finding: row.malignancy for row in typed.ratings}
    return TypedRatings(typed_note(typed, Translator("en")), ratings)


def read_result(scored: SeriesFindings, record: ReportRecord) -> SeriesFindings:
    """Return the model's result with the findings that the report has, which the reader saw."""
    by_model = [
        finding.measured
        for finding in record.findings
        if not isinstance(finding.measured, AddedFinding)
    ]
    return scored.model_copy(update={"findings": by_model})


def _read(finding: ReportFinding) -> ReadFinding:
    latest = finding.decisions[-1] if finding.decisions else None
    added = finding.measured if isinstance(finding.measured, AddedFinding) else None
    rejected = finding.decision == "rejected"
    return ReadFinding(
        decision="rejected" if rejected else "accepted" if added is None else "added",
        reader=latest.reader if latest else "",
        reason=latest.reason if latest and rejected else "",
        comment=latest.comment if latest else "",
        diameter_mm=latest.diameter_mm if latest else None,
        density=latest.assessment.density if latest else None,
        measured=None if rejected else added,
    )
