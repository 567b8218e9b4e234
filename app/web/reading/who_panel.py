"""Who is on the images and how they were made, for those who may see it."""

from __future__ import annotations

import html
from collections.abc import Iterable

import streamlit as st

from app.web.context import context
from app.web.security.identity import may, present_reader
from app.web.words import gettext
from medical.dicom.header.identity import Identity
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
    if identity is not None:
        st.html(who_html(identity))


def who_html(identity: Identity) -> str:
    """Render name, what was examined, and how."""
    name = html.escape(identity.name or identity.patient_id)
    lines = "".join(
        f"<span>{html.escape(line)}</span>"
        for line in (person_line(identity), study_line(identity), scanner_line(identity))
        if line
    )
    return f'<div class="starlung-who"><b>{name}</b>{lines}</div>'


def person_line(identity: Identity) -> str:
    """Join number, birth date or age, and sex."""
    number = identity.patient_id if identity.name else ""
    born = gettext("born {date}", date=identity.birth_date) if identity.birth_date else identity.age
    return " · ".join(part for part in (number, born, identity.sex) if part)


def study_line(identity: Identity) -> str:
    """Join date and descriptions."""
    parts = dict.fromkeys((identity.study_date, identity.study, identity.series))
    return " · ".join(part for part in parts if part)


def scanner_line(identity: Identity) -> str:
    """Join scanner, kernel and slice thickness."""
    thickness = identity.slice_thickness_mm
    slices = gettext("{size:g} mm slices", size=thickness) if thickness else ""
    return " · ".join(part for part in (identity.scanner, identity.kernel, slices) if part)
