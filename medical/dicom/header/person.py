"""Whose image a file is: enough to keep two people apart, nothing that says who they are.

Series and Study Instance UIDs are not enough: anonymisers write constants, scanners and archives
have given one UID to two patients.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from pydicom.dataset import Dataset

from medical.dicom.header import tags

_KEY = secrets.token_bytes(32)  # of this process: what is hashed cannot be tried out elsewhere


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
