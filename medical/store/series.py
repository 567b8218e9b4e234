"""Which series there are, whose and of which day, so that a query finds a patient's earlier CTs.

What a row says was read from the result folder when the study was kept, or when its images were
prepared; nobody walks the result folders to find an earlier CT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from medical.detection.findings import SeriesFindings
from medical.results.folder import ResultFolder, result_folders
from medical.store.database import Store, lock
from medical.store.tables import SCORED, StoredSeries, Study, label_of


@dataclass(frozen=True, slots=True)
class EarlierSeries:
    """A scored series with images that may be earlier and the same patient's.

    Args:
        study_key: of its study.
        series_uid: which series.
        folder: its result.
        patient: pseudonym; empty where it is not known.
        day: ``YYYY-MM-DD``; empty where it is not known.
    """

    study_key: str
    series_uid: str
    folder: ResultFolder
    patient: str
    day: str

    @property
    def label(self) -> str:
        """Of its study."""
        return label_of(self.study_key)


def keep_series(session: Session, study: Study, series: Sequence[SeriesFindings]) -> None:
    """Enter a scored study's series in place of those that it had, in the caller's transaction."""
    session.execute(delete(StoredSeries).where(StoredSeries.study_id == study.id))
    place = Path(study.folder)
    _enter(session, study.id, {uid: _folder_of(place, uid) for uid in _uids(series)})


def note_images(store: Store, folder: Path) -> None:
    """Enter whose images lie beside a result by now."""
    has_images, patient, day = _images_in(folder)
    with store.transaction() as session:
        for row in session.scalars(select(StoredSeries).where(StoredSeries.folder == str(folder))):
            row.has_images, row.patient, row.day = has_images, patient, day


def earlier_series(store: Store, study_key: str, *, patient: str, day: str) -> list[EarlierSeries]:
    """Series of other studies that are not known to be another patient's or not earlier.

    Args:
        store: the store.
        study_key: whose earlier CTs are looked for.
        patient: its patient's pseudonym; empty where it is not known.
        day: ``YYYY-MM-DD`` of its CT; empty where it is not known.
    """
    _enter_missing(store)
    query = (
        select(Study.key, StoredSeries)
        .join(Study, Study.id == StoredSeries.study_id)
        .where(Study.status.in_(SCORED), Study.key != study_key, StoredSeries.has_images)
        .order_by(StoredSeries.id)
    )
    if patient:
        query = query.where(StoredSeries.patient.in_((patient, "")))
    if day:
        query = query.where(or_(StoredSeries.day == "", StoredSeries.day < day))
    with store.reading() as session:
        return [
            EarlierSeries(key, row.series_uid, ResultFolder(Path(row.folder)), row.patient, row.day)
            for key, row in session.execute(query).tuples()
        ]


def _enter_missing(store: Store) -> None:
    """Enter studies that were scored before the store held series; each is looked at once."""
    entered = select(StoredSeries.study_id)
    query = select(Study.id, Study.folder).where(Study.status.in_(SCORED), Study.id.not_in(entered))
    with store.reading() as session:
        missing = {number: Path(folder) for number, folder in session.execute(query).tuples()}
    if not missing:
        return
    found = {number: _series_below(place) for number, place in missing.items()}
    with store.transaction() as session:
        lock(session.connection())
        left = set(session.scalars(query.with_only_columns(Study.id)))
        for number, folders in found.items():
            if number in left:  # else another process was faster
                _enter(session, number, folders)


def _enter(session: Session, study_id: int, folders: dict[str, Path]) -> None:
    for uid, folder in folders.items():
        has_images, patient, day = _images_in(folder)
        session.add(
            StoredSeries(
                study_id=study_id,
                series_uid=uid,
                folder=str(folder),
                patient=patient,
                day=day,
                has_images=has_images,
            )
        )
    session.flush()


def _uids(series: Sequence[SeriesFindings]) -> list[str]:
    return list(dict.fromkeys(one.series_instance_uid for one in series))


def _folder_of(place: Path, uid: str) -> Path:
    """Folder of a series in a study's: most often called after it, or the study's own."""
    if ResultFolder(place / uid).find_findings() is not None:
        return place / uid
    return _series_below(place).get(uid, place)


def _series_below(place: Path) -> dict[str, Path]:
    """Folders by series; the folder itself under no name where it holds no result any more."""
    found = {}
    for folder in result_folders(place):
        if (result := folder.find_findings()) is not None:
            found[result.series_instance_uid] = folder.path
    return found or {"": place}


def _images_in(folder: Path) -> tuple[bool, str, str]:
    """Whether a result's images lie beside it, the patient's pseudonym, and the day."""
    try:
        images = ResultFolder(folder).read_images()
    except (OSError, ValueError):
        images = None
    return (False, "", "") if images is None else (True, images.patient, images.acquired_on)
