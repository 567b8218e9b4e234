"""Whose image a file is and when it was made: enough to keep people apart, nothing of who they are.

Series and Study Instance UIDs are not enough: anonymisers write constants, scanners and archives
have given one UID to two patients. Two CTs of one patient find each other by a pseudonym, a keyed
hash: without the site's own secret nobody can tell from it, or by trying numbers, who it is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pydicom
from pydicom.dataset import Dataset

from medical.dicom.header import tags
from medical.plain_text import one_line

if TYPE_CHECKING:
    from medical.dicom.stacking.series import CtSeries

_KEY = secrets.token_bytes(32)  # of this process: what is hashed cannot be tried out elsewhere
_WANTED = [
    "PatientID",
    "IssuerOfPatientID",
    "AcquisitionDate",
    "AcquisitionDateTime",
    "SeriesDate",
    "StudyDate",
    "PatientAge",
    "PatientBirthDate",
    "PatientSex",
]
_WORDS = [
    "StudyDescription",
    "RequestedProcedureDescription",
    "ReasonForTheRequestedProcedure",
    "AdmittingDiagnosesDescription",
    "AdditionalPatientHistory",
]
_NAMES = ["PatientName", "OtherPatientNames", "PatientID"]
_MAX_WORDS = 1000  # characters: a header may hold anything
_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_OLDEST = 120
_DATES = ("AcquisitionDate", "AcquisitionDateTime", "SeriesDate", "StudyDate")


@dataclass(frozen=True, slots=True)
class Person:
    """Hashes of what names a patient; an empty one says nothing.

    Args:
        number: of Patient ID.
        issuer: of who gave that number.
        name: of Patient's Name.
        birth: of Patient's Birth Date.
    """

    number: str = ""
    issuer: str = ""
    name: str = ""
    birth: str = ""

    def may_be(self, other: Person) -> bool:
        """Whether nothing that both headers say tells the two apart."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return all(not a or not b or a == b for a, b in pairs)

    def with_facts_of(self, other: Person) -> Person:
        """Both headers' facts together."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Person(*(own or others for own, others in pairs))


def person_of(dataset: Dataset) -> Person:
    """Of one file's header."""
    name = tags.text(dataset, "PatientName").replace("^", " ").replace("=", " ")
    return Person(
        number=_hash(tags.text(dataset, "PatientID")),
        issuer=_hash(tags.text(dataset, "IssuerOfPatientID")),
        name=_hash(name),
        birth=_hash(tags.text(dataset, "PatientBirthDate")),
    )


def tell_apart(people: Iterable[Person]) -> dict[Person, int]:
    """Which of them are one person: the same number for each that may be.

    A header that says less joins the only person that it may be of; where there are several, or
    none, it stays a person of its own, because a guess would mix two patients.
    """
    known: list[Person] = []
    numbers: dict[Person, int] = {}
    for person in sorted(set(people), key=_facts, reverse=True):
        homes = [at for at, other in enumerate(known) if other.may_be(person)]
        if len(homes) == 1:
            known[homes[0]] = known[homes[0]].with_facts_of(person)
            numbers[person] = homes[0]
        else:
            numbers[person] = len(known)
            known.append(person)
    return numbers


def _facts(person: Person) -> tuple[int, str]:
    facts = astuple(person)
    return sum(map(bool, facts)), "".join(facts)


def _hash(text: str) -> str:
    """Of one writing of what archives write in several: case, width and spaces do not count."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.blake2b(plain.encode(), key=_KEY, digest_size=12).hexdigest() if plain else ""


@dataclass(frozen=True, slots=True)
class ScannedExamination:
    """One visit to the scanner.

    Args:
        patient: pseudonym, hexadecimal; empty when the header carries no patient ID.
        day: ``YYYY-MM-DD``; empty when the header carries no date.
        age_years: on that day; ``None`` when the header does not say it.
        sex: ``None`` when the header says neither female nor male.
        words: study description, request and history, as far as the header carries them, without
            the patient's name and number where they stand there as the header has them; people
            may have written them otherwise, so the words are shown to readers only.
    """

    patient: str = ""
    day: str = ""
    age_years: float | None = None
    sex: Literal["F", "M"] | None = None
    words: str = field(default="", repr=False)


def examination_of(file: Path, *, secret: bytes) -> ScannedExamination:
    """Read one DICOM file's header.

    Args:
        file: any file of the series.
        secret: the site's own; the same patient has the same pseudonym under it.

    Returns:
        An empty examination where the file is not DICOM or cannot be read.
    """
    try:
        header = pydicom.dcmread(
            file, stop_before_pixels=True, specific_tags=[*_WANTED, *_WORDS, *_NAMES]
        )
    except Exception:  # pydicom raises nearly anything on damaged files
        return ScannedExamination()
    day = _day(header)
    return ScannedExamination(
        _pseudonym(header, secret), day, _age_years(header, day), _sex(header), _words(header)
    )


def examination_of_series(origin: CtSeries | Path, *, secret: bytes) -> ScannedExamination:
    """Read it from a series' first file; a volume file says neither who nor when."""
    if isinstance(origin, Path):
        return ScannedExamination()
    return examination_of(origin.frames[0].path, secret=secret)


def _age_years(header: pydicom.Dataset, day: str) -> float | None:
    """By Patient's Age, else whole years from the date of birth, which is not kept."""
    text = tags.text(header, "PatientAge").strip().upper()
    if len(text) == 4 and text[:3].isdigit() and text[3] in _YEARS:
        return round(int(text[:3]) * _YEARS[text[3]], 1)
    try:
        born = date.fromisoformat(tags.text(header, "PatientBirthDate").strip())
        then = date.fromisoformat(day)
    except ValueError:
        return None
    years = then.year - born.year - ((then.month, then.day) < (born.month, born.day))
    return float(years) if 0 <= years <= _OLDEST else None


def _words(header: pydicom.Dataset) -> str:
    names = names_in(header)
    texts = (one_line(tags.text(header, name, most=_MAX_WORDS)) for name in _WORDS)
    unnamed = (" ".join(names.sub(" ", text).split()) if names else text for text in texts)
    return ". ".join(dict.fromkeys(text for text in unnamed if text))[:_MAX_WORDS]


def names_in(header: pydicom.Dataset) -> re.Pattern[str] | None:
    """Match each part of the patient's names and number; a single letter names nobody."""
    parts: set[str] = set()
    for keyword in _NAMES:
        for name in re.split(r"[=\\\\]", tags.text(header, keyword)):
            pieces = [piece for piece in re.split(r"[\s^,]+", name) if piece]
            parts |= {"".join(pieces), *pieces}
    parts = {part for part in parts if len(part) > 1}
    # the longest first; Latin words whole, since "Li" is in "liver"
    ordered = sorted(map(re.escape, parts), key=len, reverse=True)
    whole = [rf"(?<![A-Za-z]){part}(?![A-Za-z])" for part in ordered]
    return re.compile("|".join(whole), re.IGNORECASE) if whole else None


def _sex(header: pydicom.Dataset) -> Literal["F", "M"] | None:
    match tags.text(header, "PatientSex").strip().upper():
        case "F":
            return "F"
        case "M":
            return "M"
    return None


def _pseudonym(header: pydicom.Dataset, secret: bytes) -> str:
    number = tags.text(header, "PatientID").strip()
    if not number:
        return ""
    identity = f"{tags.text(header, 'IssuerOfPatientID').strip()}\n{number}"
    return hmac.new(secret, identity.encode(), hashlib.sha256).hexdigest()[:32]


def _day(header: pydicom.Dataset) -> str:
    for name in _DATES:
        digits = tags.text(header, name)[:8]
        if len(digits) == 8 and digits.isdigit():
            try:
                return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
            except ValueError:
                continue
    return ""
