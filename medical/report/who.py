"""Who is on the images and how they were made, in the words of page and report."""

from __future__ import annotations

from medical.dicom.header.identity import Identity
from medical.i18n.catalogue import LANGUAGES, Translator


def identity_lines(identity: Identity, labels: Translator) -> tuple[str, ...]:
    """List what is known: the patient, what was examined, how; no line where nothing is."""
    patient = " · ".join(part for part in (identity.name, person_line(identity, labels)) if part)
    lines = (patient, study_line(identity), scanner_line(identity, labels))
    return tuple(line for line in lines if line)


def says_who(text: str, identity: Identity) -> bool:
    """Whether a report in words, of any language, names the patient or the examination.

    Args:
        text: the report.
        identity: who is on its images.
    """
    plain = " ".join(text.split())
    lines = {
        line
        for language in LANGUAGES
        for line in identity_lines(identity, Translator(language))
        if line not in identity_lines(identity.impersonal(), Translator(language))
    }
    return any(" ".join(line.split()) in plain for line in lines)


def person_line(identity: Identity, labels: Translator) -> str:
    """Join number, birth date or age, and sex."""
    born = identity.age
    if identity.birth_date:
        born = labels("born {date}", date=identity.birth_date)
    return " · ".join(part for part in (identity.patient_id, born, identity.sex) if part)


def study_line(identity: Identity) -> str:
    """Join date and descriptions."""
    parts = dict.fromkeys((identity.study_date, identity.study, identity.series))
    return " · ".join(part for part in parts if part)


def scanner_line(identity: Identity, labels: Translator) -> str:
    """Join scanner, kernel and slice thickness."""
    thickness = identity.slice_thickness_mm
    slices = labels("{size:g} mm slices", size=thickness) if thickness else ""
    return " · ".join(part for part in (identity.scanner, identity.kernel, slices) if part)
