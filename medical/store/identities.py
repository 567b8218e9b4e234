"""Who is on the images of scored series: for the site's readers, and nowhere but in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from medical.detection.findings import SeriesFindings
from medical.dicom.header.identity import Identity
from medical.store.database import Store
from medical.store.results import sibling_key
from medical.store.tables import StoredIdentity, Study

_MAX_SCANNER = 200


def keep_identities(
    session: Session,
    study: Study,
    series: Sequence[SeriesFindings],
    identities: Mapping[str, Identity],
) -> None:
    """Write them beside the series of a study and of its siblings, in the caller's transaction."""
    for scored in series:
        identity = identities.get(scored.series_instance_uid)
        if identity is None or identity == Identity():
            continue
        owner = study.id
        if scored is not series[0]:
            key = sibling_key(study, scored)
            owner = session.scalars(select(Study.id).where(Study.key == key)).one()
        _write(session, owner, scored.series_instance_uid, identity)


def adopt_identity(store: Store, key: str, series_uid: str, identity: Identity) -> None:
    """Write it beside a series of a result that was taken in, in place of an earlier one."""
    with store.transaction() as session:
        owner = session.scalars(select(Study.id).where(Study.key == key)).one()
        _write(session, owner, series_uid, identity)


def _write(session: Session, owner: int, uid: str, identity: Identity) -> None:
    session.execute(
        delete(StoredIdentity).where(
            StoredIdentity.study_id == owner, StoredIdentity.series_uid == uid
        )
    )
    session.add(
        StoredIdentity(
            study_id=owner,
            series_uid=uid,
            scanner=identity.scanner[:_MAX_SCANNER],
            content=identity.model_dump_json(exclude_defaults=True),
        )
    )


def identities_of(store: Store, study_ids: Iterable[int]) -> dict[int, dict[str, Identity]]:
    """By study and series."""
    query = select(StoredIdentity).where(StoredIdentity.study_id.in_(list(study_ids)))
    known: dict[int, dict[str, Identity]] = {}
    with store.reading() as session:
        for row in session.scalars(query.order_by(StoredIdentity.id)):
            identity = Identity.model_validate_json(row.content)
            known.setdefault(row.study_id, {})[row.series_uid] = identity
    return known


def scanners(store: Store) -> list[str]:
    """All that made images in the store, in order of their names."""
    query = select(StoredIdentity.scanner).where(StoredIdentity.scanner != "").distinct()
    with store.reading() as session:
        return sorted(session.scalars(query))
