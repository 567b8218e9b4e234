"""Who is on the images and how they were made, for those who may see it."""

from __future__ import annotations

import html
from collections.abc import Iterable

import streamlit as st

from app.web.context import context
from app.web.security.identity import may, present_reader
from app.web.words import words
from medical.dicom.header.identity import Identity
from medical.report.who import identity_lines
from medical.review.reading import StudyReading
from medical.store.identities import identities_of
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


def who_panel(reading: StudyReading, series_uid: str) -> None:
    """Show it for one series; nothing where nothing is known."""
    identity = shown_identities([reading.study]).get(reading.study.id, {}).get(series_uid)
    if identity is not None and identity != Identity():
        st.html(who_html(identity))


def who_html(identity: Identity) -> str:
    """Render name, what was examined, and how."""
    first, *others = identity_lines(identity, words()) or ("",)  # of a slice 0 mm thick, say
    lines = "".join(f"<span>{html.escape(line)}</span>" for line in others)
    return f'<div class="starlung-who"><b>{html.escape(first)}</b>{lines}</div>' if first else ""
