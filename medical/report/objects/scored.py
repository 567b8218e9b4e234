"""DICOM objects of a scored study, as the model left it: nobody's decisions are in them.

They are made once, when they are first asked for, and kept; their series are not those of the
objects as signed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal, get_args

from medical.detection.findings import SeriesFindings
from medical.dicom.header.tags import quiet_pydicom
from medical.dicom_out.chest_cad import write_chest_cad
from medical.dicom_out.key_objects import write_key_objects
from medical.dicom_out.measurement_report import write_measurement_report
from medical.dicom_out.provenance import OriginalCt
from medical.dicom_out.segmentation import outlined, write_segmentation
from medical.errors import InputError
from medical.i18n.messages import message
from medical.nodule.outline import Outline
from medical.report.content import card_of
from medical.report.files import unread_content
from medical.report.objects.assessed import unread_assessments
from medical.report.objects.kept import (
    AS_SCORED,
    ObjectFile,
    hand_out,
    headers_of,
    outlines_of,
    written_forms,
)
from medical.review.reading import read_study
from medical.store.database import Store
from medical.store.tables import SCORED, Study
from models.zoo.card import ModelCard

ScoredForm = Literal["sr", "seg", "cad-sr", "kos"]
SCORED_FORMS: tuple[ScoredForm, ...] = get_args(ScoredForm)


def scored_objects(
    store: Store,
    study_key: str,
    *,
    actor: str,
    cards: Sequence[ModelCard],
    forms: Collection[str] = SCORED_FORMS,
) -> list[ObjectFile]:
    """Return the objects of a scored study, each CT's together, whatever readers made of it since.

    There is no segmentation where no finding has an outline, and no key object selection where
    there is no finding.

    Args:
        store: holds study and headers.
        study_key: which study.
        actor: who takes them away; it stands in the audit trail.
        cards: of the models at hand, for what the guidelines say.
        forms: which.

    Raises:
        InputError: the study is not scored, or its CT gave no headers; the message says what to do.
        KeyError: there is no such study.
    """
    study = read_study(store, study_key).study
    if study.status not in SCORED:
        raise InputError(
            study.label, message("is not scored"), message("Wait until it is, or score it again")
        )
    return hand_out(
        store,
        study,
        version=AS_SCORED,
        forms=forms,
        actor=actor,
        make=lambda: _made(store, study, cards),
    )


def _made(store: Store, study: Study, cards: Sequence[ModelCard]) -> list[ObjectFile]:
    files = []
    for series in read_study(store, study.key).series:
        ct, outlines = headers_of(store, study, series), outlines_of(series)
        with tempfile.TemporaryDirectory(prefix="starlung-") as work, quiet_pydicom():
            scored = series.scored
            card = card_of(cards, scored.model, scored.operating_point)
            _write(Path(work), scored, outlines, ct, card)
            files += written_forms(Path(work), series.uid, SCORED_FORMS)
    return files


def _write(
    place: Path,
    scored: SeriesFindings,
    outlines: list[Outline],
    ct: OriginalCt,
    card: ModelCard | None,
) -> None:
    segmentation = None
    if outlined(outlines):
        segmentation = write_segmentation(outlines, scored, place / "seg.dcm", ct=ct)
    write_measurement_report(
        scored,
        place / "sr.dcm",
        ct=ct,
        segmentation=segmentation,
        outlines=outlines,
        assessments=unread_assessments(unread_content(scored, card=card)),
    )
    write_chest_cad(scored, place / "cad-sr.dcm", ct=ct)
    if scored.findings:
        write_key_objects(scored, place / "kos.dcm", ct=ct)
