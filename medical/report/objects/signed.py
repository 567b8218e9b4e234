"""DICOM objects of a signed study: made once, when they are first asked for, and kept.

Whatever is sent again later is the very same object under the same UID. They are made of the report
that was signed, of the outlines that its findings were measured on, and of the CT's headers, which
the store keeps since the CT was scored: the CT itself may be gone. A study that was opened again
and signed anew has new objects, in the same series.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Literal, get_args

from pydantic import ValidationError

from medical.dicom.header.tags import quiet_pydicom
from medical.dicom_out.encapsulated_pdf import write_encapsulated_pdf
from medical.dicom_out.key_objects import write_key_objects
from medical.dicom_out.measurement_report import write_measurement_report
from medical.dicom_out.provenance import OriginalCt
from medical.dicom_out.segmentation import outlined, write_segmentation
from medical.errors import InputError
from medical.i18n.messages import message
from medical.report.objects.assessed import read_result, signed_assessments, typed_ratings
from medical.report.objects.kept import (
    ObjectFile,
    hand_out,
    headers_of,
    outlines_of,
    written_forms,
)
from medical.report.record import ReportRecord
from medical.review.reading import read_study
from medical.review.signed_reports import signed_report
from medical.store.database import Store
from medical.store.series import KeptSeries
from medical.store.tables import Study

SignedForm = Literal["sr", "seg", "kos", "pdf"]
SIGNED_FORMS: tuple[SignedForm, ...] = get_args(SignedForm)


def signed_objects(
    store: Store, study_key: str, *, actor: str, forms: Collection[str] = SIGNED_FORMS
) -> list[ObjectFile]:
    """Return the objects of a signed study, each CT's together.

    There is no segmentation where no accepted finding has an outline, and no key object selection
    where no nodule stands.

    Args:
        store: holds study, report and headers.
        study_key: which study.
        actor: who takes them away; it stands in the audit trail.
        forms: which.

    Raises:
        InputError: the study is not signed, its CT was not DICOM, or was scored by a version that
            kept no headers or no outlines; the message says what to do.
        KeyError: there is no such study.
    """
    study = read_study(store, study_key).study
    if study.status != "signed":
        raise InputError(
            study.label, message("is not signed"), message("Sign it, then take its objects away")
        )
    return hand_out(
        store,
        study,
        version=study.version,
        forms=forms,
        actor=actor,
        make=lambda: _made(store, study),
    )


def _made(store: Store, study: Study) -> list[ObjectFile]:
    files = []
    for series in read_study(store, study.key).series:
        report = _report(store, study, series)
        pdf = signed_report(store, study.key, series_uid=series.uid, form="pdf", language="en")
        with tempfile.TemporaryDirectory(prefix="starlung-") as work, quiet_pydicom():
            place = Path(work)
            _write(
                place, series, report, pdf, headers_of(store, study, series), study.signed_at or 0
            )
            files += written_forms(place, series.uid, SIGNED_FORMS)
    return files


def _write(
    place: Path,
    series: KeptSeries,
    report: ReportRecord,
    pdf: bytes | None,
    ct: OriginalCt,
    signed_at: float,
) -> None:
    scored, assessments = (
        read_result(series.scored, report),
        signed_assessments(report, at=signed_at),
    )
    reading = assessments.reading
    if reading is None:
        raise ValueError("a signed report has a reading, got none")
    standing = {finding.id for finding in scored.findings if reading.accepted(finding.id)}
    outlines = [outline for outline in outlines_of(series) if outline.finding_id in standing]
    segmentation = None
    if outlined(outlines):
        segmentation = write_segmentation(outlines, scored, place / "seg.dcm", ct=ct, signed=True)
    write_measurement_report(
        scored,
        place / "sr.dcm",
        ct=ct,
        segmentation=segmentation,
        outlines=outlines,
        assessments=assessments,
        typed=typed_ratings(report.typed_context),
    )
    if any(read.decision != "rejected" for read in reading.findings.values()):
        write_key_objects(scored, place / "kos.dcm", ct=ct, reading=reading)
    if pdf is not None:
        title = "Chest CT: lung nodules, as signed"
        write_encapsulated_pdf(pdf, scored, place / "pdf.dcm", ct=ct, title=title, signed=True)


def _report(store: Store, study: Study, series: KeptSeries) -> ReportRecord:
    content = signed_report(store, study.key, series_uid=series.uid, form="json", language="en")
    try:
        if content is not None:
            return ReportRecord.model_validate_json(content)
    except ValidationError:
        pass  # of a version whose reports said less
    raise InputError(
        study.label,
        message("was signed by an earlier version, which kept no such report"),
        message("Open it again and sign it once more"),
    )
