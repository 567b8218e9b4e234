"""De-identifies files into a folder whose names say nothing of the patient either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import dcmread
from pydicom.filewriter import dcmwrite

from medical.confined import confined, places
from medical.deidentification.deidentifier import BurnedInError, Deidentifier
from medical.dicom.header.tags import quiet_pydicom, valid_uid
from medical.errors import InputError
from medical.files import written_atomically
from medical.io.archive import DEFAULT_LIMIT_BYTES, UnpackBudget
from medical.io.walk import Walk, is_dicomdir


@dataclass(slots=True)
class DeidentifiedFiles:
    """What became of the files of an input.

    Args:
        written: the files made.
        refused: file and reason.
        passed_over: how many are no DICOM objects.
        errors: what could not be opened.
    """

    written: list[Path] = field(default_factory=list)
    refused: list[tuple[Path, str]] = field(default_factory=list)
    passed_over: int = 0
    errors: list[InputError] = field(default_factory=list)


def deidentify_files(
    inputs: Iterable[Path], out: Path, deidentifier: Deidentifier, *, work_dir: Path
) -> DeidentifiedFiles:
    """Write every DICOM object of the inputs without its patient, as ``OUT/STUDY/INSTANCE.dcm``.

    Args:
        inputs: files, folders, zips.
        out: made where it is missing.
        deidentifier: takes the patient out.
        work_dir: zips are unpacked below it; the caller removes it.

    Raises:
        OSError: a file cannot be written.
    """
    outcome = DeidentifiedFiles()
    for number, path in enumerate(inputs):
        place = work_dir / str(number)
        place.mkdir(parents=True)
        walk = Walk(place, UnpackBudget(DEFAULT_LIMIT_BYTES))
        with quiet_pydicom():
            for file in _files(path, walk):
                _take(file, walk.as_named(file), [path, place], out, deidentifier, outcome)
        outcome.errors += walk.errors
    return outcome


def deidentify_file(file: Path | BinaryIO, target: Path, deidentifier: Deidentifier) -> str:
    """Write one object of our own without its patient; returns why not, nothing where it is done.

    Raises:
        OSError: a file cannot be read or written.
    """
    try:
        with quiet_pydicom():
            made = deidentifier.apply(dcmread(file))
    except BurnedInError as error:
        return str(error)
    except (InvalidDicomError, EOFError):
        return "it is no DICOM object"
    with written_atomically(target) as beside:
        dcmwrite(beside, made, enforce_file_format=True)
    return ""


def _files(path: Path, walk: Walk) -> Iterator[Path]:
    yield from (file for file in walk.files(path) if not is_dicomdir(file))


def _take(
    file: Path,
    shown: Path,
    readable: list[Path],
    out: Path,
    deidentifier: Deidentifier,
    outcome: DeidentifiedFiles,
) -> None:
    def read() -> Dataset | None:
        try:
            return dcmread(file)
        except (InvalidDicomError, EOFError):
            return None

    try:
        allowed = [folder for path in readable for folder in places(path)]
        dataset = confined(read, read=allowed)
        if dataset is None:
            outcome.passed_over += 1
            return
        made = deidentifier.apply(dataset)
        uids = str(made.StudyInstanceUID), str(made.SOPInstanceUID)
    except BurnedInError as error:
        outcome.refused.append((shown, str(error)))
        return
    except OSError as error:
        outcome.refused.append((shown, f"cannot be read: {error.strerror}"))
        return
    except Exception as error:  # a damaged header makes pydicom raise nearly anything
        outcome.refused.append((shown, f"its header is damaged ({type(error).__name__})"))
        return
    if not all(map(valid_uid, uids)):
        outcome.refused.append((shown, "its header has no valid UIDs"))
        return
    folder = out / uids[0]
    folder.mkdir(parents=True, exist_ok=True)
    with written_atomically(folder / f"{uids[1]}.dcm") as beside:
        dcmwrite(beside, made, enforce_file_format=True)
    outcome.written.append(folder / f"{uids[1]}.dcm")
