"""Which earlier CTs a reader may lay beside this one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from medical.results.folder import ResultFolder
from medical.results.images import ViewerImages
from medical.store.database import Store
from medical.store.series import EarlierSeries, earlier_series


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
    folder: ResultFolder
    same_patient: bool
    days: int | None
    day: str


def priors_of(store: Store, study_key: str, images: ViewerImages) -> list[Prior]:
    """Series of other studies that may be compared: the same patient's first, the latest first.

    Left out is what is known to be another patient's, or known not to be earlier, and what has no
    images at hand. Where a header says nothing the reader must know whether it is the same patient.

    Args:
        store: of all studies, however many.
        study_key: of the study that is read.
        images: of its series.
    """
    rows = earlier_series(store, study_key, patient=images.patient, day=images.acquired_on)
    found = [_prior(row, images) for row in rows]
    return sorted(found, key=lambda one: (not one.same_patient, one.days is None, one.days or 0))


def _prior(row: EarlierSeries, images: ViewerImages) -> Prior:
    same = bool(images.patient) and images.patient == row.patient
    days = _days_between(row.day, images.acquired_on)
    return Prior(row.study_key, row.label, row.series_uid, row.folder, same, days, row.day)


def _days_between(before: str, after: str) -> int | None:
    if not (before and after):
        return None
    return (date.fromisoformat(after) - date.fromisoformat(before)).days
