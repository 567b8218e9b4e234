"""Who is on the images and how they were made, for those who may see it."""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from app.web.context import context
from app.web.security.identity import may, present_reader
from app.web.words import gettext, words
from medical.dicom.header.identity import Identity
from medical.report.who import identity_lines
from medical.results.summary import input_of
from medical.review.reading import StudyReading
from medical.store.identities import identities_of
from medical.store.series import KeptSeries
from medical.store.tables import Study


def may_see_identity() -> bool:
    """Whether whoever is in front of this browser may see patients' names."""
    settings = context().settings
    return not settings.hide_identity and may(present_reader(settings), "see_identity")


def shown_identities(studies: Iterable[Study]) -> dict[int, dict[str, Identity]]:
    """Return identities by study and series, with what this reader may see."""
    known = identities_of(context().store, [study.id for study in studies])
    if may_see_identity():
        return known
    return {
        study: {uid: identity.impersonal() for uid, identity in series.items()}
        for study, series in known.items()
    }


def who_panel(reading: StudyReading, series: KeptSeries) -> None:
    """Show it for one series, or why a result that was taken in has none."""
    identity = shown_identities([reading.study]).get(reading.study.id, {}).get(series.uid)
    if identity is not None and identity != Identity():
        st.html(who_html(identity))
    elif reading.study.folder == reading.study.source and may_see_identity():
        st.caption(_why_unknown(series))


def _why_unknown(series: KeptSeries) -> str:
    """Say why nobody knows whose images a result is of; names no folder of the server."""
    source = input_of(series.folder.path.parent, series.uid)
    if source is None:
        return gettext("Patient not known: the run's folder does not say what was scored.")
    if not Path(source).exists():
        return gettext("Patient not known: what was scored is not there any more.")
    return gettext("Patient not known: no DICOM header of this series in what was scored.")


def who_html(identity: Identity) -> str:
    """Render name, what was examined, and how."""
    first, *others = identity_lines(identity, words()) or ("",)  # of a slice 0 mm thick, say
    lines = "".join(f"<span>{html.escape(line)}</span>" for line in others)
    return f'<div class="starlung-who"><b>{html.escape(first)}</b>{lines}</div>' if first else ""
