"""Carries out what the profile says, the same way each time for the same secret."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from medical.deidentification.profile import WORDS, DeidentificationOptions, fate_of
from medical.dicom.header.tags import text

_STANDARD_ROOT = "1.2.840.10008."
_MAX_SHIFT_DAYS = 3650
_DUMMY: dict[str, Any] = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "SH", "ST", "UC", "UT"), "REMOVED"),
    **dict.fromkeys(("DS", "IS"), "0"),
    **dict.fromkeys(("FD", "FL", "SL", "SS", "UL", "US", "SV", "UV"), 0),
    **dict.fromkeys(("OB", "OW", "UN", "OD", "OF", "OL"), b"\0\0"),
    "AS": "000Y",
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "PN": "REMOVED",
    "UR": "http://removed.invalid",
    "UI": "",
}
_FIGURE = re.compile(r"\d{1,2}([.,]\d{1,3})?(mm|cm|s|kv)?|[bijhdfq][a-z]?\d{2}[a-z]?", re.I)
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(.*)", re.S)


class BurnedInError(ValueError):
    """The image may show who the patient is, or is a document: it is not handed on."""


@dataclass(frozen=True, slots=True)
class Deidentifier:
    """Replaces patients by pseudonyms; whoever lacks the secret cannot go back or guess.

    Args:
        secret: at least 16 bytes; the same one gives the same pseudonyms, UIDs and dates.
        options: what of the standard's options is used.

    Raises:
        ValueError: the secret is too short.
    """

    secret: bytes
    options: DeidentificationOptions = field(default_factory=DeidentificationOptions)

    def __post_init__(self) -> None:
        if len(self.secret) < 16:
            raise ValueError(f"the secret must be at least 16 bytes, got {len(self.secret)}")

    def pseudonym(self, patient_id: str) -> str:
        """Return what a patient is called; the number decides, since names are written in ways."""
        return "P-" + base64.b32encode(self._mac("patient", patient_id)[:10]).decode()

    def uid(self, uid: str) -> str:
        """Return the UID in place of one; the standard's own stay.

        Standard:
            PS3.5 B.2.
        """
        if not uid or uid.startswith(_STANDARD_ROOT):
            return uid
        return f"2.25.{int.from_bytes(self._mac('uid', uid)[:16], 'big')}"

    def days(self, patient_id: str) -> int:
        """Return by how many days a patient's dates move back: 1 to 3650."""
        return 1 + int.from_bytes(self._mac("days", patient_id)[:8], "big") % _MAX_SHIFT_DAYS

    def apply(self, dataset: Dataset) -> Dataset:
        """Return the object without the patient; the one given stays as it is.

        Raises:
            BurnedInError: it is a kind of image that may show the patient's name, or a document.
        """
        refuse_burned_in(dataset)
        patient_id = text(dataset, "PatientID") or text(dataset, "StudyInstanceUID")
        made = copy.deepcopy(dataset)
        made.decode()
        self._walk(made, self.days(patient_id))
        made.PatientName = made.PatientID = self.pseudonym(patient_id)
        made.PatientIdentityRemoved = "YES"
        made.DeidentificationMethod = "StarLung, PS3.15 basic profile"
        made.DeidentificationMethodCodeSequence = [_code(*pair) for pair in self.options.codes]
        made.LongitudinalTemporalInformationModified = (
            "MODIFIED" if self.options.shift_dates else "REMOVED"
        )
        _renew_meta(made, dataset)
        return made

    def _mac(self, kind: str, value: str) -> bytes:
        return hmac.digest(self.secret, f"{kind}\0{value.strip()}".encode(), hashlib.sha256)

    def _walk(self, dataset: Dataset, days: int) -> None:
        for element in list(dataset):
            fate = fate_of(element.tag, element.VR, self.options)
            if fate == "remove":
                del dataset[element.tag]
            elif element.VR == "SQ":
                self._sequence(element, fate, days)
            elif fate == "empty":
                element.value = b"" if element.VR in ("OB", "OW", "UN") else None
            elif not element.is_empty:
                self._replace(element, fate, days)

    def _sequence(self, element: DataElement, fate: str, days: int) -> None:
        if fate == "empty":
            element.value = Sequence()
        for item in element.value:
            if fate == "dummy":
                self._blank(item)
            else:
                self._walk(item, days)

    def _blank(self, dataset: Dataset) -> None:
        """Make a dummy of all that a sequence holds."""
        for element in list(dataset):
            if element.tag.is_private:
                del dataset[element.tag]
            elif element.VR == "SQ":
                for item in element.value:
                    self._blank(item)
            elif not element.is_empty:
                self._replace(element, "uid" if element.VR == "UI" else "dummy", 0)

    def _replace(self, element: DataElement, fate: str, days: int) -> None:
        change: dict[str, Callable[[Any], Any]] = {
            "uid": lambda value: UID(self.uid(str(value))),
            "shift": lambda value: shifted(str(value), element.VR, days),
            "clean": lambda value: cleaned(str(value)) or ("REMOVED" if element.VR == "UT" else ""),
            "dummy": lambda _: _DUMMY[element.VR],
        }
        if fate in change:
            element.value = _each(element.value, change[fate])


def refuse_burned_in(dataset: Dataset) -> None:
    """Refuse what may show the patient in its pixels, or is a document.

    Raises:
        BurnedInError: with the reason.
    """
    kind = text(dataset, "ImageType").upper().split("/")
    if text(dataset, "BurnedInAnnotation") == "YES":
        raise BurnedInError("its header says that the image carries text")
    if "EncapsulatedDocument" in dataset:
        raise BurnedInError("a document may name the patient on any page")
    if "PixelData" in dataset or "Rows" in dataset:
        if text(dataset, "Modality") in ("SC", "OT", "US", "XC", "ES", "DOC") or (
            str(dataset.get("SOPClassUID", "")).startswith("1.2.840.10008.5.1.4.1.1.7")
        ):
            raise BurnedInError("screenshots and photographs may show the patient's name or face")
        if {"SCREEN SAVE", "SCREENSHOT", "CAPTURE", "REPORT", "DOSE"} & {*kind}:
            raise BurnedInError("its image type says that it is a screenshot")
        if text(dataset, "PhotometricInterpretation").startswith(("RGB", "YBR", "PALETTE")):
            raise BurnedInError("a coloured image of a CT is a screenshot")


def shifted(value: str, vr: str, days: int) -> str:
    """Move a date, or the date of a moment, back by days; times of day stay.

    What is no date becomes the standard dummy: it may be anything.
    """
    if vr == "TM":
        return value if re.fullmatch(r"[0-9.: ]*", value) else str(_DUMMY["TM"])
    match = _DATE.fullmatch(value.strip())
    rest = match[4] if match else ""
    if match is None or not re.fullmatch(r"[0-9.+-]*" if vr == "DT" else "", rest):
        return str(_DUMMY[vr])
    try:
        moved = date(int(match[1]), int(match[2]), int(match[3])) - timedelta(days=days)
    except (ValueError, OverflowError):
        return str(_DUMMY[vr])
    return f"{moved:%Y%m%d}{rest}" if moved.year >= 1000 else str(_DUMMY[vr])


def cleaned(value: str) -> str:
    """Keep the words of a description that are known to say nothing of a person."""
    words = re.split(r"[^\w.,]+|_", value)
    harmless = [word for word in words if word.lower() in WORDS or _FIGURE.fullmatch(word)]
    return " ".join(harmless)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    return [change(part) for part in value] if isinstance(value, MultiValue) else change(value)


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning[:64]
    return item


def _renew_meta(made: Dataset, dataset: Dataset) -> None:
    """Write the file meta information anew: the old may name stations."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    former = getattr(dataset, "file_meta", FileMetaDataset())
    meta.TransferSyntaxUID = former.get("TransferSyntaxUID", ExplicitVRLittleEndian)
    made.file_meta = meta
    if hasattr(made, "preamble"):
        made.preamble = None
