"""Tell an archive which studies could not be analysed: else it hears nothing at all.

A study is told of by what its own headers say: UIDs of study, series and image, and whose they are.
Where one of them is missing, or the files of one study are of two patients, nothing is written:
nothing is ever made up.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filereader import dcmread

from medical.confined import confined
from medical.dicom.header.patient import person_of, tell_apart
from medical.dicom.header.tags import quiet_pydicom, text, valid_uid
from medical.dicom_out.chest_cad import write_failed_chest_cad
from medical.dicom_out.provenance import source_headers
from medical.results.folder import ResultFolder
from models.zoo.card import ModelCard

_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_PERSON = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate")
_IMAGES = " Image Storage"  # how the standard calls classes of images
_log = logging.getLogger(__name__)


def write_failures(out: Path, files: Iterable[Path], card: ModelCard) -> list[Path]:
    """Write an object for each study of these files, beside where its result would be.

    A series that has a result keeps what was written of it.

    Args:
        out: folder for results.
        files: of studies of which nothing could be analysed; what is no DICOM is passed by.
        card: of the model that could not.

    Returns:
        The objects' files.
    """
    studies: dict[str, list[Path]] = defaultdict(list)
    people = defaultdict(set)
    series: dict[str, str] = {}
    files = list(files)
    with quiet_pydicom():
        for file, header in confined(lambda: list(map(_identified, files)), read=files):
            if header is not None:
                uid = text(header, "StudyInstanceUID")
                studies[uid].append(file)
                people[uid].add(person_of(header))
                series.setdefault(uid, text(header, "SeriesInstanceUID"))
        written = []
        for uid, images in studies.items():
            folder = ResultFolder(out / series[uid])
            alone = len(set(tell_apart(people[uid]).values())) == 1
            if alone and folder.find_findings() is None and _write(folder, images, card):
                written.append(folder.dicom_file("cad-sr"))
    return written


def _identified(file: Path) -> tuple[Path, Dataset | None]:
    """Read who and what an image is of; nothing where its header does not say all of it."""
    try:
        tags = ["SOPClassUID", *_UIDS, *_PERSON]
        header = dcmread(file, stop_before_pixels=True, specific_tags=tags)
    except Exception:  # what is damaged identifies nothing; pydicom raises nearly anything
        return file, None
    is_image = str(getattr(header.get("SOPClassUID"), "name", "")).endswith(_IMAGES)
    is_known = is_image and all(valid_uid(text(header, name)) for name in _UIDS)
    return file, header if is_known and text(header, "PatientID") else None


def _write(folder: ResultFolder, images: list[Path], card: ModelCard) -> bool:
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        headers = confined(lambda: source_headers(images), read=images)
        write_failed_chest_cad(
            headers, folder.dicom_file("cad-sr"), algorithm=(card.name, card.version)
        )
    except OSError:
        raise
    except Exception as error:  # a damaged header again; its text may hold a name
        _log.warning("the header allows no object (%s)", type(error).__name__)
        if not any(folder.path.iterdir()):
            folder.path.rmdir()
        return False
    return True
