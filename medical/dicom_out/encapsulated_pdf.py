"""A report's PDF inside a DICOM object, so that an archive keeps it beside the images.

highdicom writes no such object; its few attributes are set here.

Standard:
    PS3.3 A.45.1 (Encapsulated PDF IOD), C.24.2 (Encapsulated Document module).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import highdicom as hd
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from medical.detection.findings import SeriesFindings
from medical.dicom_out.provenance import (
    MANUFACTURER,
    MODEL_NAME,
    SERIAL_NUMBER,
    OriginalCt,
    finish,
    series_number,
    series_uid,
    software_of,
)

_SERIES_NUMBER = 9104
_OF_THE_PATIENT = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex")
_OF_THE_STUDY = (
    *("StudyInstanceUID", "StudyID", "StudyDate", "StudyTime"),
    *("AccessionNumber", "ReferringPhysicianName"),
)


def write_encapsulated_pdf(
    pdf: bytes,
    scored: SeriesFindings,
    path: Path,
    *,
    ct: OriginalCt,
    title: str,
    signed: bool = False,
) -> Dataset:
    """Write the object.

    Args:
        pdf: the document.
        scored: what it reports, for the model's name and the UIDs.
        path: of the file.
        ct: that was scored.
        title: of the document, at most 1024 characters; no patient data.
        signed: whether it is the report that a reader has signed.

    Returns:
        The object.

    Raises:
        ValueError: ``pdf`` is no PDF.
    """
    if not pdf.startswith(b"%PDF"):
        raise ValueError(f"a PDF begins with %PDF, got {pdf[:4]!r}")
    uid, now, source = hd.UID(), datetime.now(), ct.headers[0]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    meta.MediaStorageSOPInstanceUID = uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = EncapsulatedPDFStorage, uid
    for name in (*_OF_THE_PATIENT, *_OF_THE_STUDY):
        setattr(made, name, source.get(name, ""))  # type 2: there, if empty
    made.Modality, made.SeriesInstanceUID = "DOC", series_uid("pdf", scored, signed=signed)
    made.SeriesNumber, made.InstanceNumber = series_number(_SERIES_NUMBER, signed=signed), 1
    made.ConversionType = "WSD"  # workstation
    made.Manufacturer, made.ManufacturerModelName = MANUFACTURER, MODEL_NAME
    made.DeviceSerialNumber = SERIAL_NUMBER
    made.SoftwareVersions = list(software_of(scored))
    made.ContentDate = made.InstanceCreationDate = now.strftime("%Y%m%d")
    made.ContentTime = made.InstanceCreationTime = now.strftime("%H%M%S.%f")
    made.AcquisitionDateTime = ""
    made.BurnedInAnnotation = "NO"  # the document says nothing of who the patient is
    made.DocumentTitle = title
    made.ConceptNameCodeSequence = Sequence([hd.sr.CodedConcept.from_code(codes.LN.CTChestReport)])
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.SourceInstanceSequence = Sequence([_reference(header) for header in ct.headers])
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    finish(made, path, what="report", signed=signed)
    return made


def _reference(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item
