"""Add a nodule that the model missed: where the reader clicked, measured on the spot."""

from __future__ import annotations

import contextlib
import threading
from functools import lru_cache, partial

import streamlit as st

from app.web.asked import steps_asked
from app.web.components.viewer.component import Crosshair
from app.web.context import cards, context
from app.web.failures import error_text, not_saved
from app.web.reading.place import Place
from app.web.reading.table import millimetres
from app.web.security.identity import Reader, allowed
from app.web.session import tell
from app.web.words import gettext, words
from medical.ct.volume import CtVolume
from medical.detection.findings import AddedFinding, SeriesFindings
from medical.errors import InputError
from medical.i18n.messages import message
from medical.results.folder import ResultFolder
from medical.review.reading import StudyReading
from medical.review.refusals import ReviewRefusedError, not_outlined
from medical.review.reviews import add_finding
from medical.scoring.failures import model_unusable
from medical.scoring.scorer import Scorer
from medical.store.database import StoreUnavailableError
from models.zoo.loader import ModelDamagedError, ModelNotFoundError

_turn = threading.Lock()
_warm: set[str] = set()


def warm_up(model: str) -> None:
    """Begin to load the refiner, so that the first click of a reader need not wait for it."""
    if model not in _warm:
        _warm.add(model)
        threading.Thread(target=_load, args=(model,), daemon=True).start()


def _load(model: str) -> None:
    # A model that is missing is said when a reader asks for it, not here.
    with _turn, contextlib.suppress(ModelNotFoundError, ModelDamagedError, OSError, ValueError):
        _scorer(model).warm_up()


def outline_at(ct: CtVolume, point_lps_mm: tuple[float, float, float], model: str) -> AddedFinding:
    """Measure what lies at a point.

    Args:
        ct: the images.
        point_lps_mm: in the patient.
        model: name of what measures.

    Raises:
        InputError: the point lies outside of the images, or the model is not there.
    """
    try:
        with _turn:
            return _scorer(model).measure_at(ct, point_lps_mm)
    except ValueError as error:
        raise InputError("point", error.args[0], message("Click inside the lungs")) from error
    except (ModelNotFoundError, ModelDamagedError) as error:
        raise model_unusable(error) from error


def measuring_model(scored: SeriesFindings) -> str:
    """Name what measured the result's other findings, where it is at hand; else the one in use."""
    at_hand = {card.name: card.digest for card in cards()}
    same = at_hand.get(scored.model.name) == scored.model.digest
    return scored.model.name if same else context().settings.model


@lru_cache(maxsize=2)
def _scorer(model: str) -> Scorer:
    settings = context().settings
    imported = settings.work_dir / "models"
    return Scorer.named(model, samples=max(2, settings.samples), imported=imported)


def add_panel(
    reading: StudyReading,
    scored: SeriesFindings,
    folder: ResultFolder,
    place: Place,
    reader: Reader,
) -> None:
    """Offer to add a nodule at the last click that hit no finding."""
    if reading.study.status == "signed":
        return
    model = measuring_model(scored)
    warm_up(model)
    st.subheader(gettext("Missed nodule"))
    if place.click is None:
        st.caption(gettext("Click on it in the images, then add it here."))
        return
    x, y, z = (millimetres(v) for v in place.click.lps_mm)
    st.caption(
        gettext(
            "Last click: slice {slice}, LPS {x}, {y}, {z} mm",
            slice=place.click.slice_number,
            x=x,
            y=y,
            z=z,
        )
    )
    st.button(
        gettext("Add a nodule here"),
        on_click=partial(
            steps_asked().note,
            partial(
                _add,
                (reading.study.key, scored.series_instance_uid),
                model,
                folder,
                place.click,
                place,
                reader,
            ),
        ),
        width="stretch",
        icon=":material/add_circle:",
        disabled=not reader.name,
    )


def _add(
    where: tuple[str, str],
    model: str,
    folder: ResultFolder,
    click: Crosshair,
    place: Place,
    reader: Reader,
) -> None:
    """Add what lies at a click; at the same click only once, however often it was asked for."""
    allowed("add_nodule")
    if click.report <= place.added:
        return
    (study_key, series_uid), store, asked = where, context().store, steps_asked()
    try:
        measured = outline_at(folder.load_images(), click.lps_mm, model)
        number = add_finding(store, study_key, series_uid, measured, actor=reader.name)
        asked.written()
        place.added = click.report
    except (ReviewRefusedError, StoreUnavailableError) as error:
        tell(not_saved(error))
    except InputError as error:
        tell(error_text(error))
    else:
        if place.click is not None and place.click.report == click.report:
            place.click = None
        place.go_to(number)
        if not measured.outlined:
            tell(words().translate(not_outlined(number)))
