"""An earlier CT of the same patient that a report compares with, and what has changed since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from medical.nodule.growth import Registration
from medical.report.earlier.change import ChangeSince, EarlierCt, change_since, followed, unmeasured
from medical.results.folder import ResultFolder
from medical.results.images import ViewerImages
from medical.review.reading import ReadFinding, read_study
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
        model: name and version of what scored it, or empty.
    """

    study_key: str
    label: str
    series_uid: str
    folder: ResultFolder
    same_patient: bool
    days: int | None
    day: str
    model: str = ""


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
    priors = [_prior(row, images) for row in rows]
    return sorted(
        priors, key=lambda prior: (not prior.same_patient, prior.days is None, prior.days or 0)
    )


def _prior(row: EarlierSeries, images: ViewerImages) -> Prior:
    same = bool(images.patient) and images.patient == row.patient
    days = _days_between(row.day, images.acquired_on)
    return Prior(
        row.study_key, row.label, row.series_uid, row.folder, same, days, row.day, row.model
    )


def _days_between(before: str, after: str) -> int | None:
    if not (before and after):
        return None
    return (date.fromisoformat(after) - date.fromisoformat(before)).days


@dataclass(frozen=True, slots=True)
class Comparison:
    """An earlier CT that this one has been laid over.

    Args:
        prior: which.
        findings: of the earlier CT.
        registration: from this CT to the earlier.
        days_by_reader: between the two, where the images do not say; ``None`` while nobody has.
    """

    prior: Prior
    findings: list[ReadFinding]
    registration: Registration
    days_by_reader: int | None = None


def findings_of(store: Store, prior: Prior) -> list[ReadFinding]:
    """Return the earlier CT's findings, as they are decided by now."""
    return read_study(store, prior.study_key).of_series(prior.series_uid)


def change_in(comparison: Comparison, findings: list[ReadFinding]) -> ChangeSince:
    """Tell what became of each nodule since the earlier CT."""
    prior, by_reader = comparison.prior, comparison.days_by_reader
    earlier = EarlierCt(
        study=prior.label,
        series_uid=prior.series_uid,
        day=prior.day,
        same_patient=prior.same_patient,
        days=by_reader if prior.days is None else prior.days,
        days_by_reader=prior.days is None and by_reader is not None,
        model=prior.model,
    )
    return change_since(
        earlier,
        now=followed(findings),
        then=followed(comparison.findings),
        registration=comparison.registration,
        places_now=unmeasured(findings),
        places_then=unmeasured(comparison.findings),
    )
