"""What becomes of each attribute: the standard's own table, and the options that a site chooses.

The table is dicom-anonymizer's, which takes it from the standard's text. Of its alternatives
("X/Z/D") the one is taken that keeps an object valid whatever its type: a dummy says no more than
nothing. What the table leaves to judgement is decided here: which UIDs are left (the standard's
own), and what of a description is known to be harmless.

Standard:
    PS3.15 E.1 (table E.1-1), E.2 (basic profile), E.3.4 (clean structured content), E.3.5 (clean
    descriptors), E.3.6 (longitudinal, modified dates), E.3.8 (device identity).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import BaseTag

Fate = Literal["dummy", "empty", "remove", "uid", "shift", "clean", "keep", "recurse"]
EDITION = "2026c"
_TABLES: tuple[tuple[str, Fate], ...] = (
    ("X_TAGS", "remove"),
    ("Z_TAGS", "empty"),
    ("X_Z_TAGS", "empty"),
    ("D_TAGS", "dummy"),
    ("Z_D_TAGS", "dummy"),
    ("X_D_TAGS", "dummy"),
    ("X_Z_D_TAGS", "dummy"),
    ("U_TAGS", "uid"),
    ("X_Z_U_STAR_TAGS", "recurse"),
)
_DATES = ("DA", "DT", "TM")
_DEVICE = (
    *("CassetteID", "DetectorID", "DeviceDescription", "DeviceLabel", "DeviceSerialNumber"),
    *("DeviceUID", "GantryID", "GeneratorID", "ManufacturerDeviceClassUID", "StationName"),
    *("ManufacturerDeviceIdentifier", "PerformedStationName", "PlateID", "SourceSerialNumber"),
    *("ScheduledStationName", "UniqueDeviceIdentifier", "XRayDetectorID", "XRayDetectorLabel"),
    *("XRaySourceID", "SourceManufacturer", "LongDeviceDescription"),
)
_DESCRIPTORS = (
    *("AcquisitionDeviceProcessingDescription", "AcquisitionProtocolDescription"),
    *("ContrastBolusAgent", "DerivationDescription", "PerformedProcedureStepDescription"),
    *("ProtocolName", "RequestedProcedureDescription", "SeriesDescription", "StudyDescription"),
    *(
        "ScheduledProcedureStepDescription",
        "RequestedSeriesDescription",
        "DeviceSettingDescription",
    ),
)
_CURVES_AND_OVERLAYS = (0x5000, 0x6000)
_STRUCTURED = ("ContentSequence", "AcquisitionContextSequence")
_WORDS = """
abdomen algorithm arms arterial axial axials base body bone breath chest cor coronal contrast
ct cta delayed dose enhanced expiration export follow followup for hd helical high hold hr hrct
imaging iv inspiration kernel ldct level low lower lung lungs mediastinum mip mpr native neck no non
of oblique only or pe phase plain post pre prone protocol pulmonary recon reformat research
resolution routine sag sagittal scan screening series sharp slice slices smooth soft spiral standard
std supine the thick thin thorax tissue topogram trachea tx ultra up upper use vein venous view
volume wc wo window with without wt starlung nodule nodules measurements segmentation key images
report
"""
WORDS = frozenset(_WORDS.split())
"""What a description may say after cleaning, beside short figures and names of kernels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentificationOptions:
    """What of PS3.15's options is used beside the basic profile.

    Args:
        shift_dates: keep the time between examinations: a patient's dates all move by the same
            number of days; else they are replaced.
        retain_device: keep which scanner it was.
        clean_descriptors: keep the harmless words of descriptions; else they are removed.
    """

    shift_dates: bool = True
    retain_device: bool = False
    clean_descriptors: bool = True

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """Codes of the methods used, for the object.

        Standard:
            PS3.16 CID 7050.
        """
        used = [
            ("113100", "Basic Application Confidentiality Profile"),
            ("113104", "Clean Structured Content Option"),
        ]
        if self.clean_descriptors:
            used.append(("113105", "Clean Descriptors Option"))
        if self.shift_dates:
            modified = "Retain Longitudinal Temporal Information Modified Dates Option"
            used.append(("113107", modified))
        if self.retain_device:
            used.append(("113109", "Retain Device Identity Option"))
        return tuple(used)


@cache
def _table() -> tuple[dict[int, Fate], tuple[tuple[int, int, Fate], ...]]:
    """Return the fates by tag, and those of repeating groups by tag and mask."""
    base = "dicomanonymizer.dicom_anonymization_databases.dicomfields_"
    module = importlib.import_module(base + EDITION)
    single: dict[int, Fate] = {}
    repeated: list[tuple[int, int, Fate]] = []
    for name, fate in _TABLES:
        for entry in getattr(module, name):
            tag = entry[0] << 16 | entry[1]
            if len(entry) == 2:
                single[tag] = fate
            else:
                repeated.append((tag, entry[2] << 16 | entry[3], fate))
    return single, tuple(repeated)


@cache
def _tags(keywords: tuple[str, ...]) -> frozenset[int]:
    return frozenset(tag for word in keywords if (tag := tag_for_keyword(word)) is not None)


def fate_of(tag: BaseTag, vr: str, options: DeidentificationOptions) -> Fate:
    """Decide what becomes of an attribute.

    Args:
        tag: of the attribute.
        vr: its value representation.
        options: what of the standard's options is used.
    """
    if tag.is_private or tag.group & 0xFF00 in _CURVES_AND_OVERLAYS:
        return "remove"
    if options.retain_device and tag in _tags(_DEVICE):
        return "uid" if vr == "UI" else "keep"
    if tag in _tags(_STRUCTURED):
        return "recurse"
    if tag in _tags(("TextValue",)):
        return "clean"
    if options.clean_descriptors and tag in _tags(_DESCRIPTORS):
        return "clean"
    single, repeated = _table()
    fate = single.get(int(tag)) or next(
        (fate for base, mask, fate in repeated if int(tag) & mask == base & mask), None
    )
    if vr in _DATES and (fate is not None or vr != "TM"):
        if tag == _BIRTH_DATE:
            return "empty"
        return "shift" if options.shift_dates else "dummy"
    if fate is not None:
        return "recurse" if vr == "SQ" and fate == "uid" else fate
    return {"UI": "uid", "PN": "dummy", "SQ": "recurse", "AE": "remove"}.get(vr, "keep")  # type: ignore[return-value]


_BIRTH_DATE = tag_for_keyword("PatientBirthDate")


def table_tags() -> list[tuple[BaseTag, str]]:
    """List the attributes that the standard's table names one by one, with their VR."""
    listed = []
    for tag in sorted(_table()[0]):
        try:
            listed.append((BaseTag(tag), dictionary_VR(tag).split(" ")[0]))
        except KeyError:  # newer than the dictionary at hand
            continue
    return listed
