"""A reader types clinical context: part of the reading, with an entry in the audit trail.

The text stays beside the result, for it may tell of the patient; the trail gets its digest alone.
"""

from __future__ import annotations

import hashlib

from medical.malignancy.context import ClinicalContext
from medical.results.folder import ResultFolder
from medical.results.typed_context import TypedContext
from medical.review.locked_study import open_study
from medical.review.refusals import ChangedMeanwhileError
from medical.review.reviews import require_name
from medical.store.audit import record
from medical.store.database import Store
from medical.store.tables import Study


def type_context(
    store: Store, study_key: str, folder: ResultFolder, typed: TypedContext, *, seen_version: int
) -> None:
    """Keep what was typed in place of what was typed before; nothing typed takes it back.

    Args:
        store: the store.
        study_key: which study.
        folder: of the series that it is about.
        typed: context, reader and ratings.
        seen_version: the study's version when the reader looked.

    Raises:
        ChangedMeanwhileError: the study changed after the reader looked.
        SignedError: it is signed.
        NotReadyError: the study is not scored.
        DeletedError: there is no such study.
        ValueError: the reader has no name.
    """
    require_name(typed.reader)
    with store.transaction() as session:
        study = open_study(session, Study.key == study_key)
        if study.version != seen_version:
            raise ChangedMeanwhileError
        study.status = "review"
        study.version += 1
        digest = hashlib.sha256(typed.model_dump_json().encode()).hexdigest()[:32]
        subject = f"{study.key} v{study.version} {digest}"
        record(session, actor=typed.reader, action="context", subject=subject)
        # last: where it cannot be written, the entry is not made either
        folder.malignancy.write_typed(None if typed.context == ClinicalContext() else typed)
