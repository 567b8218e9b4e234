"""How a series was acquired, as text for cards and drift; never who was scanned."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import JPEGTransferSyntaxes

from medical.dicom.header import tags
from medical.dicom.header.frames import SeriesHeader
from medical.dicom.header.patient import person_of

KEYWORDS = {
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "kernel": "ConvolutionKernel",
    "slice_thickness_mm": "SliceThickness",
    "kvp": "KVP",
    "tube_current_ma": "XRayTubeCurrent",
    "exposure_mas": "Exposure",
    "filter_type": "FilterType",
    "pitch": "SpiralPitchFactor",
    "reconstruction_diameter_mm": "ReconstructionDiameter",
    "gantry_tilt_degrees": "GantryDetectorTilt",
    "body_part": "BodyPartExamined",
    "patient_position": "PatientPosition",
    "software": "SoftwareVersions",
    "transfer_syntax": "TransferSyntaxUID",
}
"""Key in ``SeriesSource.acquisition`` -> DICOM keyword. No free-text field: people type names."""

GROUPS = (
    "PixelMeasuresSequence",
    "CTReconstructionSequence",
    "CTXRayDetailsSequence",
    "CTExposureSequence",
    "CTAcquisitionDetailsSequence",
    "CTTableDynamicsSequence",
    "FrameAnatomySequence",
)
ENHANCED_NAMES = {"XRayTubeCurrent": "XRayTubeCurrentInmA", "Exposure": "ExposureInmAs"}
LOSSY_SYNTAXES = frozenset({
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.203",
})  # fmt: skip


def series_header(dataset: Dataset) -> SeriesHeader:
    """Series-level facts of one file; enhanced CT keeps some in its first frame's groups."""
    places = [dataset, *_first_frame_groups(dataset)]
    image_type = tags.text(dataset, "ImageType").upper()
    return SeriesHeader(
        series_instance_uid=tags.text(dataset, "SeriesInstanceUID"),
        study_instance_uid=tags.text(dataset, "StudyInstanceUID"),
        frame_of_reference_uid=tags.text(dataset, "FrameOfReferenceUID") or None,
        series_number=tags.whole(dataset, "SeriesNumber"),
        image_type=tuple(part for part in image_type.split("/") if part),
        body_part=_first(places, "BodyPartExamined").upper(),
        contrast=_has_contrast(dataset),
        lossy=_is_lossy(dataset),
        photometric=tags.text(dataset, "PhotometricInterpretation").upper() or "MONOCHROME2",
        person=person_of(dataset),
        acquisition=_acquisition(places, dataset),
    )


def _acquisition(places: list[Dataset], dataset: Dataset) -> dict[str, str]:
    meta = getattr(dataset, "file_meta", Dataset())
    facts = {key: _first([*places, meta], keyword) for key, keyword in KEYWORDS.items()}
    return {key: text for key, text in facts.items() if text}


def _first(places: list[Dataset], keyword: str) -> str:
    names = (keyword, ENHANCED_NAMES[keyword]) if keyword in ENHANCED_NAMES else (keyword,)
    return next(
        (text for place in places for name in names if (text := tags.text(place, name))), ""
    )


def _first_frame_groups(dataset: Dataset) -> list[Dataset]:
    """Items of the shared and of the first frame's functional groups that describe acquisition."""
    groups = tags.items(dataset, "SharedFunctionalGroupsSequence")[:1]
    groups += tags.items(dataset, "PerFrameFunctionalGroupsSequence")[:1]
    return [item for group in groups for name in GROUPS for item in tags.items(group, name)[:1]]


def _has_contrast(dataset: Dataset) -> bool:
    """Whether an agent is named; some scanners write NONE there."""
    agent = tags.text(dataset, "ContrastBolusAgent").upper()
    named = agent not in ("", "NONE", "NO", "N/A", "NO CONTRAST", "WITHOUT")
    return named or bool(tags.items(dataset, "ContrastBolusAgentSequence"))


def _is_lossy(dataset: Dataset) -> bool:
    syntax = tags.text(getattr(dataset, "file_meta", Dataset()), "TransferSyntaxUID")
    if syntax in LOSSY_SYNTAXES and syntax in JPEGTransferSyntaxes:
        return True
    # 4.81, 4.91 and 4.203 may hold lossless data too: there the file's own word counts
    return tags.text(dataset, "LossyImageCompression") == "01"
