"""Which earlier CTs a reader may lay beside this one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from app.web.images import ViewerImages, images_file, read_images
from app.web.results import read_findings, result_folders
from medical.errors import InputError
from medical.store.tables import Study


@dataclass(frozen=True, slots=True)
class Prior:
    """A scored series that may be the same patient's, earlier.

    Args:
        study_key: of its study.
        label: of its study.
        series_uid: which series.
        folder: its result.
        same_patient: whether both headers carry the same patient ID.
        days: from then to now; ``None`` when one of the dates is not known.
        day: its date, ``YYYY-MM-DD``, or empty.
    """

    study_key: str
    label: str
    series_uid: str
    folder: Path
    same_patient: bool
    days: int | None
    day: str


def priors_of(study_key: str, images: ViewerImages, studies: Iterable[Study]) -> list[Prior]:
    """Series of other studies that may be compared: the same patient's first, the latest first.

    Left out is what is known to be another patient's, or known not to be earlier, and what has no
    images at hand. Where a header says nothing the reader must know whether it is the same patient.
    """
    found = [
        prior for study in studies if study.key != study_key for prior in _series_of(study, images)
    ]
    return sorted(found, key=lambda one: (not one.same_patient, one.days is None, one.days or 0))


def _series_of(study: Study, images: ViewerImages) -> list[Prior]:
    found = []
    for folder in result_folders(Path(study.folder)):
        there = _images_at(folder)
        if there is None:
            continue
        same = bool(images.patient) and images.patient == there.patient
        if images.patient and there.patient and not same:
            continue
        days = _days_between(there.acquired_on, images.acquired_on)
        if days is not None and days <= 0:
            continue
        uid = _series_uid(folder)
        if uid:
            day = there.acquired_on
            found.append(Prior(study.key, study.label, uid, folder, same, days, day))
    return found


def _days_between(before: str, after: str) -> int | None:
    if not (before and after):
        return None
    return (date.fromisoformat(after) - date.fromisoformat(before)).days


def _images_at(folder: Path) -> ViewerImages | None:
    try:
        changed = images_file(folder).stat().st_mtime_ns
    except OSError:
        return None
    return _read_images(folder, changed)


@lru_cache(maxsize=4096)
def _read_images(folder: Path, changed: int) -> ViewerImages | None:
    """Kept until the file changes: the list is made at every look."""
    return read_images(folder)


@lru_cache(maxsize=4096)
def _series_uid(folder: Path) -> str:
    try:
        return read_findings(folder).series_instance_uid
    except InputError:
        return ""
