"""Enhanced (multi-frame) CT: every plane's facts in shared or per-frame functional groups.

Source: DICOM PS3.3 A.38 (Enhanced CT), C.7.6.16 (Multi-frame Functional Groups).
"""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset

from medical.dicom.header import tags
from medical.dicom.header.classic import rescale, transfer_syntax
from medical.dicom.header.frames import Frame, placement
from medical.dicom.header.kinds import SCOUT_WORDS
from medical.dicom.header.padding import padding_range

SPLIT_KEYWORDS = (
    ("FrameContentSequence", "StackID"),
    ("FrameContentSequence", "TemporalPositionIndex"),
    ("FrameContentSequence", "FrameAcquisitionNumber"),
    ("CTReconstructionSequence", "ConvolutionKernel"),
    ("PixelMeasuresSequence", "SliceThickness"),
    ("CTImageFrameTypeSequence", "FrameType"),
)


def frame_count(dataset: Dataset) -> int:
    """Planes that the file announces."""
    return tags.whole(dataset, "NumberOfFrames") or 1


def frames(path: Path, dataset: Dataset) -> tuple[Frame, ...]:
    """All planes that have a place in the patient; scout frames are left out."""
    shared = tags.items(dataset, "SharedFunctionalGroupsSequence")
    groups = tags.items(dataset, "PerFrameFunctionalGroupsSequence")[: frame_count(dataset)]
    plane_groups = (
        _frame(path, dataset, index, shared=shared[0] if shared else Dataset(), own=own)
        for index, own in enumerate(groups)
    )
    return tuple(frame for frame in plane_groups if frame is not None)


def _group(shared: Dataset, own: Dataset, name: str) -> Dataset | None:
    """Return the item of a functional group: the frame's own, else the shared one."""
    return next(iter(tags.items(own, name) or tags.items(shared, name)), None)


def _frame(
    path: Path, dataset: Dataset, index: int, *, shared: Dataset, own: Dataset
) -> Frame | None:
    frame_type = _group(shared, own, "CTImageFrameTypeSequence") or Dataset()
    if SCOUT_WORDS & set(tags.text(frame_type, "FrameType").upper().split("/")):
        return None
    measures = _group(shared, own, "PixelMeasuresSequence")
    place = placement(
        position=_group(shared, own, "PlanePositionSequence"),
        orientation=_group(shared, own, "PlaneOrientationSequence"),
        measures=measures,
    )
    if place is None:
        return None
    slope, intercept = rescale(_group(shared, own, "PixelValueTransformationSequence") or dataset)
    splits = (
        tags.text(_group(shared, own, name) or Dataset(), key) for name, key in SPLIT_KEYWORDS
    )
    return Frame(
        path=path,
        index=index,
        sop_instance_uid=tags.text(dataset, "SOPInstanceUID"),
        number=index + 1,
        rows=tags.whole(dataset, "Rows") or 0,
        columns=tags.whole(dataset, "Columns") or 0,
        placement=place,
        slope=slope,
        intercept=intercept,
        padding=padding_range(dataset),
        thickness_mm=tags.number(measures or Dataset(), "SliceThickness"),
        splits=tuple(splits),
        transfer_syntax=transfer_syntax(dataset),
        kernel=tags.text(
            _group(shared, own, "CTReconstructionSequence") or Dataset(), "ConvolutionKernel"
        ),
        frame_of_reference_uid=tags.text(dataset, "FrameOfReferenceUID"),
    )
