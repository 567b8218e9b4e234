"""Makes a report's files: of what is read now, and all of them when a study is signed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from medical.ct.volume import CtVolume
from medical.detection.findings import SeriesFindings
from medical.i18n.catalogue import LANGUAGES, Language, Translator
from medical.report.content import ReportContent, card_of, detection_limits, report_content
from medical.report.earlier.comparison import Comparison, change_in, findings_of
from medical.report.pdf import report_pdf
from medical.report.record import report_json
from medical.report.tables import report_csv
from medical.report.text import report_text
from medical.results.folder import ResultFolder
from medical.results.images import header_of
from medical.review.reading import ReadFinding, StudyReading
from medical.review.signed_reports import ReportFile, as_signed
from medical.store.database import Store
from medical.store.identities import identities_of
from medical.store.series import KeptSeries
from medical.store.tables import Study
from models.zoo.card import ModelCard

FORMS = ("pdf", "txt", "csv", "json")


def report_file(
    form: str,
    reading: StudyReading,
    series: KeptSeries,
    comparison: Comparison | None,
    language: Language,
    *,
    store: Store,
    cards: Sequence[ModelCard],
    named: bool = False,
    ct: CtVolume | None = None,
) -> bytes:
    """Make one form of the report of one series.

    Args:
        form: among ``FORMS``.
        reading: the study as it is decided.
        series: of the study, which the report is of.
        comparison: with an earlier CT, whose findings are taken as they are decided by now.
        language: of the text and the PDF.
        store: where the earlier CT's findings are read anew.
        cards: of the models at hand, for what the series' model may miss.
        named: say who is on the images, not only how they were made.
        ct: the series' images where they are at hand, for the PDF; read where not given.
    """
    folder, content = series.folder, report_content(reading, series.scored)
    if comparison is not None:
        latest = replace(comparison, findings=findings_of(store, comparison.prior))
        content = replace(content, change=change_in(latest, list(content.findings)))
    made_by, point = content.scored.model, content.scored.operating_point
    limits = detection_limits(card_of(cards, made_by, point), point)
    # of another result in the folder it would not be what was typed here
    typed = folder.malignancy.read_typed() if series.owns_folder() else None
    study = reading.study
    identity = identities_of(store, [study.id]).get(study.id, {}).get(series.uid)
    if identity is not None and not named:
        identity = identity.impersonal()
    content = replace(
        content,
        header=header_of(folder.read_images()),
        limits=limits,
        typed=typed,
        identity=identity,
    )
    match form:
        case "pdf":
            return _pdf(content, folder, language, ct)
        case "csv":
            return report_csv(content).encode("utf-8-sig")
        case "json":
            return report_json(content).encode()
        case _:
            return report_text(content, Translator(language)).encode()


def files_to_sign(
    reading: StudyReading,
    shown: KeptSeries,
    comparison: Comparison | None,
    *,
    actor: str,
    at: float,
    store: Store,
    cards: Sequence[ModelCard],
    named: bool = False,
) -> list[ReportFile]:
    """Make all files of the report that ``actor`` signs ``at``: every series, form and language.

    Args:
        reading: as it is decided; it must not have changed when it is signed.
        shown: series that is shown.
        comparison: of that series with an earlier CT, as it is shown.
        actor: who signs.
        at: when, seconds since 1970.
        store: see `report_file`.
        cards: see `report_file`.
        named: see `report_file`.
    """
    signed, files = as_signed(reading, actor=actor, at=at), []
    for series in reading.series:
        beside = comparison if series.uid == shown.uid else None
        ct = _images(series.folder)  # once: to read a CT takes longer than to draw its pages
        for language in LANGUAGES:
            for form in FORMS:
                content = report_file(
                    form,
                    signed,
                    series,
                    beside,
                    language,
                    store=store,
                    cards=cards,
                    named=named,
                    ct=ct,
                )
                files.append(ReportFile(series.uid, form, language, content))
    return files


def unread_report_pdf(
    scored: SeriesFindings, ct: CtVolume, *, card: ModelCard | None, language: Language
) -> bytes:
    """Make the PDF of a result that no reader has seen: every finding stands as not decided.

    Args:
        scored: the result.
        ct: that was scored, for the key images.
        card: of the model that scored it, for what it may miss.
        language: of the report.
    """
    return report_pdf(unread_content(scored, card=card), ct, language=language)


def unread_content(scored: SeriesFindings, *, card: ModelCard | None) -> ReportContent:
    """Return what the report of a result says that no reader has seen.

    Args:
        scored: the result.
        card: see `unread_report_pdf`.
    """
    uid = scored.series_instance_uid
    study = Study(key=hashlib.sha256(uid.encode()).hexdigest()[:32], status="ready", signed_by="")
    findings = tuple(ReadFinding(0, uid, finding.id, 0, finding, ()) for finding in scored.findings)
    limits = detection_limits(card, scored.operating_point)
    return ReportContent(study, scored, findings, limits=limits)


def _pdf(
    content: ReportContent, folder: ResultFolder, language: Language, ct: CtVolume | None
) -> bytes:
    return report_pdf(content, _images(folder) if ct is None else ct, language=language)


def _images(folder: ResultFolder) -> CtVolume | None:
    return folder.load_images() if folder.read_images() is not None else None
