"""Objects as the store keeps them, so that one is only ever handed on under one UID.

Objects as scored are kept as version 0 of a study, those as signed as the version that was signed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from medical.dicom_out.kept_headers import unpack_headers
from medical.dicom_out.provenance import OriginalCt
from medical.errors import InputError
from medical.i18n.messages import message
from medical.nodule.outline import Outline
from medical.store.audit import record
from medical.store.database import Store
from medical.store.series import KeptSeries
from medical.store.tables import SignedObject, StoredSeries, Study

AS_SCORED = 0


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """One object.

    Args:
        series_uid: of the CT that it is about.
        form: ``sr``, ``seg`` ...
        content: the DICOM file; it identifies the patient.
    """

    series_uid: str
    form: str
    content: bytes


def hand_out(
    store: Store,
    study: Study,
    *,
    version: int,
    forms: Collection[str],
    actor: str,
    make: Callable[[], Collection[ObjectFile]],
) -> list[ObjectFile]:
    """Return the objects that are kept, made now where there are none, and note who took them.

    Args:
        store: keeps them.
        study: whose they are.
        version: of the study, ``AS_SCORED`` or as it was signed.
        forms: which.
        actor: who takes them away; it stands in the audit trail.
        make: makes all of them.
    """
    if not (files := _kept(store, study, version)):
        _keep(store, study, version, make())
        files = _kept(store, study, version)  # of two who ask at once, one's are kept
    with store.transaction() as session:
        record(session, actor=actor, action="export", subject=study.key)
    return [file for file in files if file.form in forms]


def written_forms(place: Path, series_uid: str, forms: Collection[str]) -> list[ObjectFile]:
    """Return the objects of a CT that were written into a folder."""
    there = [form for form in forms if (place / f"{form}.dcm").is_file()]
    return [ObjectFile(series_uid, form, (place / f"{form}.dcm").read_bytes()) for form in there]


def has_headers(store: Store, study_key: str) -> bool:
    """Whether the store keeps the headers of every CT of a study, which objects are made of."""
    query = select(StoredSeries.headers).join(Study).where(Study.key == study_key)
    with store.reading() as session:
        rows = session.scalars(query).all()
    return bool(rows) and all(rows)


def headers_of(store: Store, study: Study, series: KeptSeries) -> OriginalCt:
    """Return the CT that objects are made of, without pixels.

    Raises:
        InputError: the store keeps none; the message says what to do.
    """
    query = select(StoredSeries.headers).where(
        StoredSeries.study_id == study.id, StoredSeries.series_uid == series.uid
    )
    with store.reading() as session:
        content = session.scalars(query).first()
    try:
        if content:
            return unpack_headers(content)
    except ValueError:
        pass  # as good as none
    raise InputError(
        study.label,
        message("no DICOM objects: there are no headers of its CT"),
        message("Give its CT as DICOM to the worklist once more, and sign that"),
    )


def outlines_of(series: KeptSeries) -> list[Outline]:
    """Return the outlines of the very result that the store has; none where they are gone."""
    there = series.folder.find_findings()
    same = (
        there is not None
        and there.model == series.scored.model
        and there.input == series.scored.input
    )
    return list(series.folder.read_outlines() or ()) if same else []


def _kept(store: Store, study: Study, version: int) -> list[ObjectFile]:
    query = (
        select(SignedObject)
        .where(SignedObject.study_id == study.id, SignedObject.version == version)
        .order_by(SignedObject.id)
    )
    with store.reading() as session:
        rows = session.scalars(query).all()
        return [ObjectFile(row.series_uid, row.form, row.content) for row in rows]


def _keep(store: Store, study: Study, version: int, files: Collection[ObjectFile]) -> None:
    with store.transaction() as session:
        session.scalars(select(Study).where(Study.id == study.id).with_for_update()).one()
        same = (SignedObject.study_id == study.id, SignedObject.version == version)
        if session.scalars(select(SignedObject.id).where(*same)).first() is not None:
            return
        session.add_all(
            SignedObject(
                study_id=study.id,
                version=version,
                series_uid=file.series_uid,
                form=file.form,
                content=file.content,
            )
            for file in files
        )
