"""Classic CT: one file, one plane, everything at the top level of the header."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset

from medical.dicom.header import tags
from medical.dicom.header.frames import Frame, placement
from medical.dicom.header.image_elements import start_of_image
from medical.dicom.header.padding import padding_range

SPLIT_KEYWORDS = (
    "TemporalPositionIdentifier",
    "AcquisitionNumber",
    "ConvolutionKernel",
    "SliceThickness",
    "ImageType",
    "AcquisitionTime",
    "ContentTime",
)
"""What may tell apart stacks that lie on top of each other, most telling first."""


def frames(path: Path, dataset: Dataset) -> tuple[Frame, ...]:
    """Return the file's single plane; empty when it has no place in the patient."""
    place = placement(position=dataset, orientation=dataset, measures=dataset)
    if place is None:
        return ()
    slope, intercept = rescale(dataset)
    syntax = transfer_syntax(dataset)
    return (
        Frame(
            path=path,
            index=0,
            sop_instance_uid=tags.text(dataset, "SOPInstanceUID"),
            number=tags.whole(dataset, "InstanceNumber"),
            rows=tags.whole(dataset, "Rows") or 0,
            columns=tags.whole(dataset, "Columns") or 0,
            placement=place,
            slope=slope,
            intercept=intercept,
            padding=padding_range(dataset),
            thickness_mm=tags.number(dataset, "SliceThickness"),
            splits=tuple(tags.text(dataset, keyword) for keyword in SPLIT_KEYWORDS),
            transfer_syntax=syntax,
            embedded_overlay=_has_embedded_overlay(dataset),
            kernel=tags.text(dataset, "ConvolutionKernel"),
            frame_of_reference_uid=tags.text(dataset, "FrameOfReferenceUID"),
            image_at=start_of_image(dataset, syntax),
        ),
    )


def rescale(dataset: Dataset) -> tuple[float | None, float | None]:
    """Rescale slope and intercept; both ``None`` unless at least one is there and usable."""
    slope = tags.number(dataset, "RescaleSlope")
    intercept = tags.number(dataset, "RescaleIntercept")
    if slope is None and intercept is None:
        return None, None
    return (slope if slope else 1.0), (intercept or 0.0)


def transfer_syntax(dataset: Dataset) -> str:
    """UID of the pixel encoding, ``""`` when the file does not say."""
    return tags.text(getattr(dataset, "file_meta", Dataset()), "TransferSyntaxUID")


def _has_embedded_overlay(dataset: Dataset) -> bool:
    """Whether an overlay sits in the pixels' unused bits (Overlay Bit Position > 0, retired)."""
    try:
        return (0x6000, 0x0102) in dataset and int(dataset[0x6000, 0x0102].value) > 0
    except Exception:
        return False
