"""The series of scored studies: what was said of each, whose it is and of which day.

This is the findings' home: pages read them here, and find a patient's earlier CTs by a query.
Nobody reads them from the result folders again, which others may change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from medical.detection.findings import Finding, SeriesFindings
from medical.results.folder import ResultFolder
from medical.results.search import result_folders
from medical.store.database import Store
from medical.store.tables import SCORED, StoredFinding, StoredSeries, Study, label_of


@dataclass(frozen=True, slots=True)
class EarlierSeries:
    """A scored series with images that may be earlier and the same patient's.

    Args:
        study_key: of its study.
        series_uid: which series.
        folder: its result.
        patient: pseudonym; empty where it is not known.
        day: ``YYYY-MM-DD``; empty where it is not known.
        model: name and version of what scored it; empty where it is not known.
    """

    study_key: str
    series_uid: str
    folder: ResultFolder
    patient: str
    day: str
    model: str = ""

    @property
    def label(self) -> str:
        """Of its study."""
        return label_of(self.study_key)


def keep_series(
    session: Session,
    study: Study,
    series: Sequence[SeriesFindings],
    headers: Mapping[str, bytes] | None = None,
) -> None:
    """Enter a scored study's series in place of those that it had, in the caller's transaction.

    Args:
        session: of the transaction.
        study: that was scored.
        series: what was found in it.
        headers: of its CTs, by series UID, for objects that are made later.
    """
    session.execute(delete(StoredSeries).where(StoredSeries.study_id == study.id))
    place = Path(study.folder)
    for uid, scored in {item.series_instance_uid: item for item in series}.items():
        folder = _folder_of(place, uid)
        has_images, patient, day = _images_in(folder)
        session.add(
            StoredSeries(
                study_id=study.id,
                series_uid=uid,
                folder=str(folder),
                patient=patient,
                day=day,
                has_images=has_images,
                scored=scored.model_copy(update={"findings": []}).model_dump_json(by_alias=True),
                headers=(headers or {}).get(uid),
            )
        )
    session.flush()


@dataclass(frozen=True, slots=True)
class KeptSeries:
    """A series of a study.

    Args:
        folder: of its files: images, maps, candidates below the operating point.
        scored: all that was said of it, as it was taken in.
    """

    folder: ResultFolder
    scored: SeriesFindings

    @property
    def uid(self) -> str:
        """Its Series Instance UID, or what stands for it."""
        return self.scored.series_instance_uid

    def owns_folder(self) -> bool:
        """Whether what lies in the folder was made by the scoring that was taken in."""
        return self.folder.find_findings() == self.scored


def series_of(session: Session, study: Study) -> tuple[KeptSeries, ...]:
    """Read the series of a study with the model's findings, in the caller's transaction."""
    rows = session.scalars(
        select(StoredFinding)
        .where(StoredFinding.study_id == study.id, StoredFinding.origin == "model")
        .order_by(StoredFinding.number)
    )
    findings: dict[str, list[Finding]] = {}
    for row in rows:
        finding = Finding.model_validate_json(row.measured)
        findings.setdefault(row.series_uid, []).append(finding)
    stored = session.scalars(
        select(StoredSeries)
        .where(StoredSeries.study_id == study.id, StoredSeries.scored != "")
        .order_by(StoredSeries.folder)
    )
    return tuple(
        KeptSeries(
            ResultFolder(Path(row.folder)),
            SeriesFindings.model_validate_json(row.scored).model_copy(
                update={"findings": findings.get(row.series_uid, [])}
            ),
        )
        for row in stored
    )


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
            EarlierSeries(
                key,
                row.series_uid,
                ResultFolder(Path(row.folder)),
                row.patient,
                row.day,
                _model_of(row),
            )
            for key, row in session.execute(query).tuples()
        ]


def other_models(
    store: Store, studies: Collection[int], *, digest: str | None
) -> dict[int, tuple[str, ...]]:
    """Name the models of scored studies that are not the one in use, by study.

    Args:
        store: the store.
        studies: whose.
        digest: of the model in use; ``None``: every model is another one.
    """
    query = select(StoredSeries).where(
        StoredSeries.study_id.in_(studies), StoredSeries.scored != ""
    )
    others: dict[int, set[str]] = {}
    with store.reading() as session:
        for row in session.scalars(query):
            if SeriesFindings.model_validate_json(row.scored).model.digest != digest:
                others.setdefault(row.study_id, set()).add(_model_of(row))
    return {study: tuple(sorted(names)) for study, names in others.items()}


def _model_of(row: StoredSeries) -> str:
    if not row.scored:
        return ""
    model = SeriesFindings.model_validate_json(row.scored).model
    return f"{model.name} {model.version}"


def _folder_of(place: Path, uid: str) -> Path:
    """Folder of a series in a study's: most often called after it, or the study's own."""
    if ResultFolder(place / uid).find_findings() is not None:
        return place / uid
    return _series_below(place).get(uid, place)


def _series_below(place: Path) -> dict[str, Path]:
    """Folders by series; the folder itself under no name where it holds no result any more."""
    latest = {}
    for folder in result_folders(place):
        if (result := folder.find_findings()) is not None:
            latest[result.series_instance_uid] = folder.path
    return latest or {"": place}


def _images_in(folder: Path) -> tuple[bool, str, str]:
    """Whether a result's images lie beside it, the patient's pseudonym, and the day."""
    try:
        images = ResultFolder(folder).read_images()
    except (OSError, ValueError):
        images = None
    return (False, "", "") if images is None else (True, images.patient, images.acquired_on)


def latest_scored(store: Store, count: int) -> list[Study]:
    """List the ``count`` studies received last among the scored ones.

    Raises:
        ValueError: ``count`` is less than 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    query = (
        select(Study)
        .where(Study.status.in_(SCORED))
        .order_by(Study.received_at.desc(), Study.id.desc())
        .limit(count)
    )
    with store.reading() as session:
        return list(session.scalars(query))
