"""The reading page: one study's images, its findings, and what readers make of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from app.web.asked import steps_asked
from app.web.components.viewer import show_viewer
from app.web.components.viewer.component import PriorData
from app.web.components.watch import watch
from app.web.context import context
from app.web.reading.add_panel import add_panel
from app.web.reading.attention_map_panel import map_panel, maps_of
from app.web.reading.deciding.actions import note_actions
from app.web.reading.deciding.decision_panel import decision_panel
from app.web.reading.deciding.sign_dialog import sign_dialog
from app.web.reading.growth_panel import growth_panel
from app.web.reading.guideline_panel import guideline_panel
from app.web.reading.malignancy.malignancy_panel import malignancy_panel
from app.web.reading.operating_panel import operating_panel
from app.web.reading.place import Place, keep_place, place_in
from app.web.reading.prior_panel import choose_prior, compared, prior_data
from app.web.reading.reading_panel import headline, images_of
from app.web.reading.result_panel import choose_series, folder_note, quality_notes
from app.web.reading.taking_away.report_panel import report_panel, sign_panel
from app.web.reading.viewer_data import series_viewer
from app.web.reading.who_panel import who_panel
from app.web.security.identity import Reader
from app.web.session import STUDY
from app.web.words import gettext, words
from medical.report.earlier.comparison import Comparison, change_in
from medical.results.images import ViewerImages, header_of
from medical.review.reading import ReadFinding, StudyReading, read_study, study_version
from medical.review.reviews import note_opened
from medical.review.terms import STATES
from medical.store.series import KeptSeries
from medical.store.tables import SCORED

_LOOK_AGAIN_SECONDS = 5.0
_NAMELESS = "(no name given)"


def reading_page(reader: Reader) -> None:
    """Draw the page of the study that the address names."""
    reading = _study(st.query_params.get(STUDY, ""))
    if reading is None:
        st.error(gettext("There is no such study. Choose one from the worklist."))
        return
    if reading.study.status not in SCORED:
        st.info(
            gettext(
                "This study cannot be read now: it is {state}. Wait until it is ready.",
                state=words().among(STATES, reading.study.status),
            )
        )
        return
    _note_opened_once(reading.study.key, reader)
    _read(reading, reader)


def _read(reading: StudyReading, reader: Reader) -> None:
    series = choose_series(reading)
    folder, scored, findings = series.folder, series.scored, reading.of_series(series.uid)
    own = series.owns_folder()  # else maps and candidates in the folder are not of these findings
    place = place_in(reading.study.key, scored.series_instance_uid, findings)
    images = folder.read_images()
    headline(reading, scored, findings)
    prior = choose_prior(reading.study.key, images) if images is not None else None
    folder_note(series, own=own)
    watch(
        f"study-{reading.study.key}",
        partial(study_version, context().store, reading.study.key),
        reading.study.version,
        seconds=_LOOK_AGAIN_SECONDS,
        ask=True,  # what is being typed stays until the reader wants to see the change
    )
    images = images_of(Path(reading.study.source), series)
    comparison = compared(folder, prior) if prior is not None else None
    if images is not None:
        beside = prior_data(comparison, findings) if comparison is not None else None
        _viewer(reading, series, images, beside, place, reader)
    if comparison is not None:
        _note_opened_once(comparison.prior.study_key, reader)
        comparison = growth_panel(comparison, scored, findings, place)
    with st.sidebar:
        _sidebar(reading, series, findings, comparison, place, reader)
    sign_dialog(reading, series, comparison, reader)
    keep_place(place)
    if own:
        map_panel(folder, findings)
    change = change_in(comparison, findings) if comparison is not None else None
    if own:
        malignancy_panel(reading, scored, findings, folder, images, reader)
    guideline_panel(reading, findings, header_of(images), change, reader)
    if own:
        operating_panel(scored, folder)


def _viewer(
    reading: StudyReading,
    series: KeptSeries,
    images: ViewerImages,
    beside: PriorData | None,
    place: Place,
    reader: Reader,
) -> None:
    findings, asked = reading.of_series(series.uid), steps_asked()
    uid = series.scored.series_instance_uid
    viewer = series_viewer(
        series.folder,
        images,
        findings,
        place,
        maps_of(series.folder, findings) if series.owns_folder() else {},
        beside,
        study=reading.study,
        can_decide=reading.study.status != "signed" and bool(reader.name),
        heard=asked.report,
    )
    act = partial(note_actions, asked, (reading.study.key, series.uid), place, reader)
    clicked = show_viewer(viewer, key=f"viewer-{reading.study.key}-{uid}", act=act)
    # What the viewer reported before this run; it must be known before the sidebar is drawn.
    place.hear(clicked, after=asked.report)


def _sidebar(
    reading: StudyReading,
    series: KeptSeries,
    findings: list[ReadFinding],
    comparison: Comparison | None,
    place: Place,
    reader: Reader,
) -> None:
    st.subheader(reading.study.label)
    who_panel(reading, series)
    decision_panel(reading, findings, place, reader)
    add_panel(reading, series.scored, series.folder, place, reader)
    sign_panel(reading, reader)
    report_panel(reading, series, comparison, reader)
    quality_notes(series.scored)


def _study(key: str) -> StudyReading | None:
    try:
        return read_study(context().store, key)
    except KeyError:
        return None


def _note_opened_once(key: str, reader: Reader) -> None:
    noted: set[tuple[str, str]] = st.session_state.setdefault("noted", set())
    if (key, reader.name) not in noted:
        note_opened(context().store, key, actor=reader.name or _NAMELESS)
        noted.add((key, reader.name))
