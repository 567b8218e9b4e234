"""What all objects that we write share: the CT they belong to, who made them, how they are saved.

Patient, study and frame of reference are the CT's. Character set is UTF-8, whatever the CT's is, so
that a name in any script is kept.

Standard:
    PS3.3 C.7.5.1 (equipment), C.12.1 (SOP Common), PS3.16 CID 7162 (families of algorithms).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from medical.detection.findings import SeriesFindings
from medical.dicom.header import tags
from medical.dicom.header.frames import Frame
from medical.dicom.header.tags import derived_uid
from medical.files import written_atomically
from medical.program import program_version

MANUFACTURER = "StarLung"
MODEL_NAME = "StarLung, research use only"
SERIAL_NUMBER = "1"
UTF_8 = "ISO_IR 192"
RESEARCH = "RESEARCH"
_TYPE_2 = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("StudyID", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"),
)
"""May be empty but must be there: real headers lack some."""


class OtherImagesError(ValueError):
    """Other images lie where a CT's were read."""


@dataclass(frozen=True)
class OriginalCt:
    """The CT that objects are made of.

    Args:
        frames: its planes, one at each position.
        headers: of its instances, without pixels, in the frames' order.
    """

    frames: tuple[Frame, ...]
    headers: tuple[Dataset, ...]

    @classmethod
    def of(cls, frames: Sequence[Frame]) -> Self:
        """Read the headers.

        Args:
            frames: planes of one series; of several at one position the first counts.

        Raises:
            ValueError: there is none, they are of more than one frame of reference, or several
                files have one SOP Instance UID: an object could not say which it means.
            OtherImagesError: other images lie there by now.
            OSError: a file cannot be read.
        """
        at_place: dict[tuple[float, ...], Frame] = {}
        for frame in frames:
            at_place.setdefault(tuple(round(v, 2) for v in frame.placement.position_lps_mm), frame)
        headers = source_headers(list(dict.fromkeys(frame.path for frame in at_place.values())))
        if not headers:
            raise ValueError("an object needs at least one image that it is made of, got none")
        places = {frame.frame_of_reference_uid for frame in at_place.values()}
        if len(places) != 1:
            raise ValueError(f"the images must name one frame of reference, got {len(places)}")
        uids = {str(header.SOPInstanceUID) for header in headers}
        if len(uids) != len(headers):
            text = f"every image needs a UID of its own, got {len(uids)} for {len(headers)}"
            raise ValueError(text)
        there = {tags.text(header, "SOPInstanceUID") for header in headers}
        if there != {frame.sop_instance_uid for frame in at_place.values()}:
            raise OtherImagesError("the files hold other images than those that were read")
        return cls(tuple(at_place.values()), tuple(headers))

    @cached_property
    def header_of(self) -> dict[str, Dataset]:
        """Headers by SOP Instance UID."""
        return {str(header.SOPInstanceUID): header for header in self.headers}

    @property
    def is_multiframe(self) -> bool:
        """Whether one instance holds many planes, as enhanced CT does."""
        return "NumberOfFrames" in self.headers[0]

    @property
    def frame_of_reference_uid(self) -> str:
        """Of all planes."""
        return str(self.headers[0].FrameOfReferenceUID)


def source_headers(files: list[Path]) -> list[Dataset]:
    """Read the headers of a CT's instances, without pixels, their text decoded."""
    headers: list[Dataset] = []
    for file in files:
        header = dcmread(file, stop_before_pixels=True)
        header.decode()
        header.SpecificCharacterSet = UTF_8  # what is taken over from it is written so
        for element in list(header):  # real headers have empty ones that may be absent only
            if element.is_empty and element.keyword not in _TYPE_2:
                del header[element.tag]
        for name in _TYPE_2:
            if name not in header:
                setattr(header, name, "")
        headers.append(header)
    return headers


def series_uid(kind: str, scored: SeriesFindings, *, signed: bool = False) -> UID:
    """Return the series of one kind of object: the same model's on the same CT share it.

    Args:
        kind: of object.
        scored: the result.
        signed: whether a reader has signed it; such objects have a series of their own.
    """
    digest = scored.model.digest or scored.model.sha256
    return derived_uid(f"signed {kind}" if signed else kind, scored.series_instance_uid, digest)


def series_number(scored: int, *, signed: bool) -> int:
    """Return the number of a series: signed objects come after those as scored."""
    return scored + 10 if signed else scored


def person_name(text: str) -> str:
    """Return a reader's name as DICOM's person name may hold it."""
    return " ".join(re.sub(r"[\\^=\x00-\x1f]", " ", text).split())[:64] or "not named"


def tracking_uid(scored: SeriesFindings, finding_id: int) -> UID:
    """Return the UID by which all objects name one finding of one result."""
    digest = scored.model.digest or scored.model.sha256
    return derived_uid("finding", scored.series_instance_uid, digest, str(finding_id))


def tracking_id(finding_id: int) -> str:
    """Return the name that goes with it."""
    return f"StarLung finding {finding_id}"


def software_of(scored: SeriesFindings) -> tuple[str, ...]:
    """Name the program and the model for the equipment's software versions."""
    program = scored.program.version if scored.program else program_version()
    return (f"StarLung {program}"[:64], f"{scored.model.name} {scored.model.version}"[:64])


def equipment() -> dict[str, Any]:
    """Return the arguments by which highdicom names the equipment."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL_NAME,
        "device_serial_number": SERIAL_NUMBER,
    }


def algorithm_sequence(scored: SeriesFindings) -> hd.AlgorithmIdentificationSequence:
    """Name the model, as images do."""
    return hd.AlgorithmIdentificationSequence(
        name=scored.model.name,
        family=codes.DCM.ArtificialIntelligence,
        version=scored.model.version,
        source=MANUFACTURER,
        parameters={
            "digest": scored.model.digest or scored.model.sha256,
            "operating point": str(scored.operating_point),
            "samples": str(scored.samples),
        },
    )


def finish(made: Dataset, path: Path, *, what: str, signed: bool = False) -> None:
    """Say what the series is and that it is research, and save it for its owner's eyes only.

    Args:
        made: the object.
        path: of its file.
        what: it holds, in a word or two.
        signed: whether a reader has signed it.
    """
    made.SeriesDescription = f"StarLung {what}{' as signed' * signed}, research use only"
    made.ContentQualification = RESEARCH
    made.SpecificCharacterSet = UTF_8
    with written_atomically(path) as beside:
        beside.touch(mode=0o600)  # it carries the patient's name, as an archive needs it
        made.save_as(beside, enforce_file_format=True)
