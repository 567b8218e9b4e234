"""Take the report away: PDF with key images, text, CSV, JSON; made when asked for."""

from __future__ import annotations

import hashlib
import html
from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st

from app.web.access import Reader
from app.web.browser_key import holder
from app.web.context import context
from app.web.images import header_of, load_images, read_images
from app.web.models_at_hand import card_of
from app.web.prior_panel import Comparison, change_in, findings_of
from app.web.scored_again import for_report
from app.web.words import Words
from medical.detection.findings import SeriesFindings
from medical.report.content import ReportContent, report_content
from medical.report.labels import Labels
from medical.report.limits import detection_limits
from medical.report.pdf import pdf_language, report_pdf
from medical.report.tables import report_csv, report_json
from medical.report.text import report_text
from medical.store.reading import StudyReading, read_study
from medical.store.reviews import note_exported

_NAMELESS = "(no name given)"


def report_panel(
    reading: StudyReading,
    folder: Path,
    scored: SeriesFindings,
    comparison: Comparison | None,
    reader: Reader,
    words: Words,
) -> None:
    """Show a button for each form of the report; it holds the comparison that the page shows."""
    st.subheader(words("report"))
    if comparison is not None:
        st.caption(words("report_compared", label=comparison.prior.label))
    if words.language == "zh" and pdf_language("zh") == "en":
        st.caption(words("pdf_in_english"))
    key = reading.study.key
    name = f"{reading.study.label}-report"
    forms = (
        ("PDF", "pdf", "application/pdf"),
        (words("report_text"), "txt", "text/plain"),
        ("CSV", "csv", "text/csv"),
        ("JSON", "json", "application/json"),
    )
    links = []
    browser = holder(dict(st.context.cookies))
    shown = "" if comparison is None else f" {comparison.prior.study_key} {comparison.prior.folder}"
    for label, ending, mime in forms:
        make = partial(_make, ending, key, folder, scored, comparison, reader, words)
        what = f"{key} {folder} {ending} {words.language}{shown} {reader.name}"
        what = hashlib.sha256(what.encode()).hexdigest()[:24]
        url = context().reports.url(what, f"{name}.{ending}", mime, make, holder=browser)
        links.append(f'<a class="starlung-report" href="{url}" download>{html.escape(label)}</a>')
    with st.container(key="starlung-reports"):  # with a key it is replaced, not drawn beside itself
        st.html(f'<div class="starlung-reports">{"".join(links)}</div>')


def _make(
    ending: str,
    key: str,
    folder: Path,
    scored: SeriesFindings,
    comparison: Comparison | None,
    reader: Reader,
    words: Words,
) -> bytes:
    # Runs at the click, so it reads the store anew: the report holds what is decided by then.
    store = context().store
    reading = read_study(store, key)
    spoken = Words(pdf_language(words.language)) if ending == "pdf" else words
    content = report_content(reading, for_report(reading, scored, spoken))
    if comparison is not None:
        latest = replace(comparison, findings=findings_of(comparison.prior))
        content = replace(content, change=change_in(latest, list(content.findings)))
    scored_as = content.scored
    limits = detection_limits(
        card_of(scored_as.model, scored_as.operating_point), scored_as.operating_point
    )
    content = replace(content, header=header_of(read_images(folder)), limits=limits)
    note_exported(store, key, actor=reader.name or _NAMELESS)
    match ending:
        case "pdf":
            return _pdf(content, folder, words)
        case "csv":
            return report_csv(content).encode("utf-8-sig")
        case "json":
            return report_json(content).encode()
        case _:
            return report_text(content, Labels(words.language)).encode()


def _pdf(content: ReportContent, folder: Path, words: Words) -> bytes:
    ct = load_images(folder) if read_images(folder) is not None else None
    return report_pdf(content, ct, language=words.language)
