"""The report of a signed study is what was signed: kept as files, their digest in the audit trail.

Reopening and signing again adds another report; the earlier one stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from medical.review.reading import StudyReading
from medical.store.database import Store
from medical.store.tables import AuditEntry, StoredReport, Study


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One form of a report.

    Args:
        series_uid: of the series that it is about.
        form: ``pdf``, ``txt``, ``csv`` or ``json``.
        language: of its words.
        content: the file.
    """

    series_uid: str
    form: str
    language: str
    content: bytes


def as_signed(reading: StudyReading, *, actor: str, at: float) -> StudyReading:
    """Return the reading as it will be once ``actor`` has signed it ``at`` (seconds since 1970)."""
    columns = [column.key for column in inspect(Study).column_attrs]
    signed = Study(**{name: getattr(reading.study, name) for name in columns})
    signed.status, signed.signed_by, signed.signed_at = "signed", actor, at
    return StudyReading(signed, reading.findings, reading.series)


def keep_report(session: Session, study: Study, files: Sequence[ReportFile]) -> str:
    """Keep the report of the study's present signature; returns the audit entry's subject."""
    for file in files:
        session.add(
            StoredReport(
                study_id=study.id,
                version=study.version,
                series_uid=file.series_uid,
                form=file.form,
                language=file.language,
                content=file.content,
            )
        )
    return _subject(study.key, study.version, files)


def signed_report(
    store: Store, study_key: str, *, series_uid: str, form: str, language: str
) -> bytes | None:
    """Return a file of the signed report, in the language or the only one there is.

    ``None`` where the study is not signed, or was by a version that kept no report.
    """
    query = (
        select(StoredReport)
        .join(Study, Study.id == StoredReport.study_id)
        .where(
            Study.key == study_key,
            Study.status == "signed",
            StoredReport.version == Study.version,
            StoredReport.series_uid == series_uid,
            StoredReport.form == form,
        )
    )
    with store.reading() as session:
        by_language = {row.language: row.content for row in session.scalars(query)}
    return by_language.get(language) or next(iter(by_language.values()), None)


def changed_reports(store: Store) -> list[str]:
    """Labels of studies of which a kept report is not what the audit trail says."""
    with store.reading() as session:
        audited = set(
            session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "sign"))
        )
        query = (
            select(Study, StoredReport)
            .join(Study, Study.id == StoredReport.study_id)
            .order_by(StoredReport.study_id, StoredReport.version)
        )
        groups: dict[tuple[str, int], list[StoredReport]] = {}
        labels: dict[str, str] = {}
        for study, row in session.execute(query).tuples():
            groups.setdefault((study.key, row.version), []).append(row)
            labels[study.key] = study.label
        changed = [
            labels[key]
            for (key, version), rows in groups.items()
            if _subject(key, version, rows) not in audited
        ]
    return list(dict.fromkeys(changed))


def _subject(key: str, version: int, files: Iterable[ReportFile | StoredReport]) -> str:
    """Study, version, and a digest of all files of its report; without files no digest."""
    digests = sorted(
        f"{file.series_uid} {file.form} {file.language} {hashlib.sha256(file.content).hexdigest()}"
        for file in files
    )
    digest = hashlib.sha256("\n".join(digests).encode()).hexdigest() if digests else ""
    return f"{key} v{version} {digest}".strip()
