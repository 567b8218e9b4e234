"""A CT's headers without its pixels, kept as bytes: objects are made of them once the CT is gone.

A reading is signed days after the CT was scored. Kept is what describes patient, study and planes
as the CT has it; private elements and binary values are left out. The bytes identify the patient:
they belong where identity lives, in the store.
"""

from __future__ import annotations

import io
import json
import logging
import tarfile
from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import dcmread
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from medical.dicom.header import classic, enhanced
from medical.dicom.header.frames import Frame
from medical.dicom.header.tags import quiet_pydicom
from medical.dicom_out.provenance import OriginalCt
from medical.plain_text import counted

_log = logging.getLogger(__name__)
_INDEX = "planes.json"
_BINARY = ("OB", "OD", "OF", "OL", "OV", "OW", "UN")
_MAX_TEXT = 10_000


def pack_headers(ct: OriginalCt) -> bytes:
    """Return the headers, compressed as one: slices differ in little.

    Args:
        ct: whose.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz", preset=1) as archive:
        planes = [[frame.sop_instance_uid, frame.index] for frame in ct.frames]
        _add(archive, _INDEX, json.dumps(planes).encode())
        for number, header in enumerate(ct.headers):
            written = io.BytesIO()
            dcmwrite(written, _slim(header), enforce_file_format=True)
            _add(archive, f"{number}.dcm", written.getvalue())
    return packed.getvalue()


def try_pack_headers(frames: Sequence[Frame]) -> bytes:
    """Return the headers of a CT; none where they allow no object, which is logged.

    Args:
        frames: of its planes.
    """
    with quiet_pydicom():  # what it has to say of the patient's name would stand in a log
        try:
            return pack_headers(OriginalCt.of(frames))
        except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
            _log.warning("no headers are kept for objects (%s)", type(error).__name__)
            return b""


def unpack_headers(content: bytes) -> OriginalCt:
    """Return the CT that :func:`pack_headers` was given.

    Raises:
        ValueError: the bytes are damaged.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:xz") as archive:
            files = {member.name: _read(archive, member) for member in archive}
        planes = [(str(uid), int(index)) for uid, index in json.loads(files.pop(_INDEX))]
        count = len(files)
        headers = tuple(dcmread(io.BytesIO(files[f"{n}.dcm"])) for n in range(count))
    except (tarfile.TarError, OSError, EOFError, KeyError, TypeError) as error:
        raise ValueError("the kept headers are damaged") from error
    at = {
        (frame.sop_instance_uid, frame.index): frame
        for header in headers
        for frame in _frames(header)
    }
    if missing := [plane for plane in planes if plane not in at]:
        raise ValueError(f"the kept headers lack {counted(len(missing), 'plane')}")
    return OriginalCt(tuple(at[plane] for plane in planes), headers)


def _frames(header: Dataset) -> tuple[Frame, ...]:
    read = enhanced.frames if "NumberOfFrames" in header else classic.frames
    return read(Path(), header)  # the file is not there any more


def _slim(header: Dataset) -> Dataset:
    slim = Dataset()
    for element in header:
        too_long = isinstance(element.value, str) and len(element.value) > _MAX_TEXT
        if not element.tag.is_private and element.VR not in _BINARY and not too_long:
            slim[element.tag] = element
    slim.file_meta = FileMetaDataset()
    slim.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
    slim.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    slim.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return slim


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    if stream is None:
        raise ValueError("the kept headers are damaged")
    return stream.read()
