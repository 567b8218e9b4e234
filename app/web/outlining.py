"""The server's scorer, loaded at the first nodule that a reader adds."""

from __future__ import annotations

import contextlib
import threading
from functools import lru_cache

from app.web.context import context
from medical.ct.volume import CtVolume
from medical.detection.findings import AddedFinding
from medical.errors import InputError
from medical.i18n.messages import message
from medical.scoring.scorer import Scorer
from models.zoo.loader import ModelDamagedError, ModelNotFoundError

_turn = threading.Lock()
_warm = threading.Event()


def warm_up() -> None:
    """Begin to load the refiner, so that the first click of a reader need not wait for it."""
    if not _warm.is_set():
        _warm.set()
        threading.Thread(target=_load, daemon=True).start()


def _load() -> None:
    # A model that is missing is said when a reader asks for it, not here.
    with _turn, contextlib.suppress(ModelNotFoundError, ModelDamagedError, OSError, ValueError):
        _scorer().warm_up()


def outline_at(ct: CtVolume, point_lps_mm: tuple[float, float, float]) -> AddedFinding:
    """Measure what lies at a point.

    Raises:
        InputError: the point lies outside of the images, or the model is not there.
    """
    try:
        with _turn:
            return _scorer().measure_at(ct, point_lps_mm)
    except ValueError as error:
        raise InputError("point", error.args[0], message("Click inside the lungs")) from error
    except (ModelNotFoundError, ModelDamagedError) as error:
        raise InputError("model", str(error), message("See `starlung models list`")) from error


@lru_cache(maxsize=1)
def _scorer() -> Scorer:
    settings = context().settings
    imported = settings.work_dir / "models"
    return Scorer.named(settings.model, samples=max(2, settings.samples), imported=imported)
