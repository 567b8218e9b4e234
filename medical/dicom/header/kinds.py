"""Which DICOM objects are CT planes, which are something else, and which cannot be used.

Skipping is normal (a study holds scouts, reports, other modalities); refusing is an error.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import UID

from medical.dicom.header import tags
from medical.dicom.header.frames import SeriesHeader
from medical.i18n.messages import message

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
CT_CLASSES = frozenset({CT_IMAGE, CT_IMAGE + ".1", CT_IMAGE + ".2"})
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SCOUT_WORDS = frozenset({"LOCALIZER", "SCOUT", "TOPOGRAM", "SURVIEW", "SCANOGRAM"})
HOUNSFIELD_UNITS = frozenset({"", "HU", "HU_MOD", "US", "UNSPECIFIED"})
"""Rescale Types (PS3.3 C.11.1.1.2) that may be Hounsfield units; US is "unspecified"."""

MAX_ROWS = 4096
MAX_FRAMES = 10_000


def reason_to_skip(dataset: Dataset, header: SeriesHeader) -> str | None:
    """Why this object is not a CT plane, in a few words; ``None`` when it may be one."""
    sop_class = str(tags.value(dataset, "SOPClassUID") or "")
    modality = tags.text(dataset, "Modality").upper()
    if sop_class and sop_class not in CT_CLASSES:
        if modality == "CT" and sop_class.startswith(SECONDARY_CAPTURE):
            return _secondary_capture(dataset)
        return message("not a CT image but {kind}", kind=_class_name(sop_class, modality))
    if modality not in ("CT", ""):
        return message("not a CT image but {modality}", modality=modality)
    if SCOUT_WORDS & set(header.image_type):
        return message("a scout (localizer) image")
    unit = _unit(dataset)
    if unit not in HOUNSFIELD_UNITS:
        return message(
            "values in {unit}, not Hounsfield units (a material map or the like)", unit=unit
        )
    return None


def _unit(dataset: Dataset) -> str:
    """Rescale Type of the file, in enhanced CT of its first frame."""
    places = [dataset]
    for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in tags.items(dataset, name)[:1]:
            places += tags.items(group, "PixelValueTransformationSequence")[:1]
    units = (tags.text(place, "RescaleType").upper() for place in places)
    return next((unit for unit in units if unit), "")


def _secondary_capture(dataset: Dataset) -> str | None:
    """Say why a capture is no CT plane; one in grey with a position may be one after all."""
    grey = tags.text(dataset, "PhotometricInterpretation").startswith("MONOCHROME")
    if grey and tags.numbers(dataset, "ImagePositionPatient"):
        return None
    return message("a secondary capture (screenshot) without Hounsfield units or position")


def _class_name(sop_class: str, modality: str) -> str:
    name = UID(sop_class).name
    if name == sop_class:  # private or unknown class
        return modality or "a private object"
    return name.removesuffix(" Storage")


def reason_to_refuse(dataset: Dataset) -> tuple[str, str] | None:
    """Why a CT object cannot be used: problem and remedy; ``None`` when it can.

    Sizes are checked here, before anything is allocated for them.
    """
    original = message("Export the original grey-scale CT series from the scanner or the archive")
    photometric = tags.text(dataset, "PhotometricInterpretation").upper()
    samples = tags.whole(dataset, "SamplesPerPixel")
    if (samples or 1) != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2", ""):
        return message(
            "a colour image ({photometric}), which has no Hounsfield units",
            photometric=photometric or samples,
        ), original
    rows, columns = tags.whole(dataset, "Rows"), tags.whole(dataset, "Columns")
    if not rows or not columns or not (0 < rows <= MAX_ROWS and 0 < columns <= MAX_ROWS):
        return message(
            "impossible image size {rows} x {columns}", rows=rows, columns=columns
        ), original
    count = tags.value(dataset, "NumberOfFrames")
    frames = tags.whole(dataset, "NumberOfFrames")
    if count is not None and (frames is None or not 0 < frames <= MAX_FRAMES):
        return message(
            "impossible number of frames ({count})", count=tags.text(dataset, "NumberOfFrames")
        ), original
    if (frames or 1) > 1 and not tags.items(dataset, "PerFrameFunctionalGroupsSequence"):
        return message("several frames in one file, but no position for each of them"), original
    if (tags.whole(dataset, "BitsAllocated") or 0) not in (8, 16, 32):
        return message(
            "{bits} bits per pixel", bits=tags.text(dataset, "BitsAllocated") or "unknown"
        ), original
    return None
