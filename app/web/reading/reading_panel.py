"""The reading view: headline, images and findings of one series."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from app.web.context import cards, context
from app.web.failures import error_text
from app.web.security.identity import allowed, may, present_reader
from app.web.security.secrets import patient_secret
from app.web.words import gettext, ngettext, words
from medical.detection.findings import SeriesFindings
from medical.detection.searched_lungs import is_partly_searched
from medical.errors import InputError
from medical.plain_text import as_markdown
from medical.report.content import card_of, detection_limits
from medical.report.text import limit_lines
from medical.results.images import ViewerImages
from medical.review.reading import ReadFinding, StudyReading
from medical.review.terms import STATES
from medical.scoring.workers.jobs import prepare_images
from medical.store.series import KeptSeries, note_images


def headline(reading: StudyReading, scored: SeriesFindings, findings: list[ReadFinding]) -> None:
    """Show what was found, by what, and how far the reading is."""
    st.html(headline_html(reading, scored, findings))


def headline_html(
    reading: StudyReading, scored: SeriesFindings, findings: list[ReadFinding]
) -> str:
    """Render the headline as HTML."""
    count = sum(finding.origin == "model" for finding in findings)
    limits = ""
    if count == 0:
        title = (
            gettext(
                "No finding in the part that was searched. Not negative: at least one "
                "lung was not searched completely; see the image quality notes."
            )
            if is_partly_searched(scored)
            else gettext("No finding reaches the operating point. This does not rule out a nodule.")
        )
        limits_at_point = detection_limits(
            card_of(cards(), scored.model, scored.operating_point), scored.operating_point
        )
        lines = limit_lines(limits_at_point, words())[1:]  # the title says the first
        if scored.searched is None:
            unknown = gettext(
                "Scored by version 0.5 or earlier: which share of each lung was searched is not "
                "known."
            )
            lines = (unknown, *lines)
        limits = f'<div class="starlung-note">{html.escape(" ".join(lines))}</div>'
    else:
        title = ngettext(
            "{count} finding at or above the operating point",
            "{count} findings at or above the operating point",
            count,
        )
    trace = gettext(
        "Model {model} {version} · operating point {point:.3g} · {samples}",
        model=scored.model.name,
        version=scored.model.version,
        point=scored.operating_point,
        samples=ngettext(
            "{count} Monte-Carlo sample", "{count} Monte-Carlo samples", scored.samples
        ),
    )
    status = reading.study.status
    state = words().among(STATES, status)
    return (
        f'<div class="starlung-head"><h1>{reading.study.label}'
        f'<i class="starlung-state {status}">{state}</i>'
        f"{html.escape(title)}</h1><span>{html.escape(trace)}</span></div>{limits}"
    )


def images_of(source: Path, series: KeptSeries) -> ViewerImages | None:
    """Return the images beside a result, prepared now if they can be; else ask where they are."""
    folder = series.folder
    images = folder.read_images()
    if images is not None:
        return images
    sample = context().settings.sample_dir
    for place in (source, sample):
        if not place.exists() or place == folder.path or place in folder.path.parents:
            continue
        with st.spinner(gettext("Preparing the images …")):
            prepare_images(place, folder, series.scored, secret=_secret())
        note_images(context().store, folder.path)  # now it may be an earlier CT of another study
        images = folder.read_images()
        if images is not None:
            return images
    _ask_for_images(series)
    return None


def _secret() -> bytes:
    return patient_secret(context().settings.work_dir)


def _ask_for_images(series: KeptSeries) -> None:
    folder = series.folder
    if not may(present_reader(context().settings), "name_folder"):
        st.info(
            gettext(
                "The images of this series are not available. Ask an administrator to "
                "enter their folder."
            )
        )
        return
    st.info(
        gettext(
            "The images of this series are not available. Enter the study's folder to see them."
        )
    )
    text = st.text_input(gettext("Folder with the images"))
    if st.button(gettext("Show images")) and text.strip():
        allowed("name_folder")
        given = Path(text.strip()).expanduser()
        try:
            with st.spinner(gettext("Preparing the images …")):
                prepare_images(given, folder, series.scored, secret=_secret())
            note_images(context().store, folder.path)
        except InputError as error:
            st.error(as_markdown(error_text(error)))
            return
        if folder.read_images() is not None:
            st.rerun()
        st.error(
            gettext(
                "The images of this series are not available. Enter the study's folder to see them."
            )
        )
