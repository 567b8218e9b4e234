"""The refiner in the server's process, loaded at the first nodule that a reader adds."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from app.web.context import context
from medical.ct.volume import CtVolume
from medical.detection.added import AddedFinding
from medical.errors import InputError
from models.zoo.loader import ModelDamagedError, ModelNotFoundError, find_model

if TYPE_CHECKING:
    from medical.detection.at_point import PointReader

_turn = threading.Lock()


def outline_at(ct: CtVolume, point_lps_mm: tuple[float, float, float]) -> AddedFinding:
    """Measure what lies at a point.

    Raises:
        InputError: the point lies outside of the images, or the model is not there.
    """
    try:
        with _turn:
            return _reader().measure(ct, point_lps_mm)
    except ValueError as error:
        raise InputError("point", str(error), "Click inside the lungs") from error
    except (ModelNotFoundError, ModelDamagedError) as error:
        raise InputError("model", str(error), "See `starlung models list`") from error


@lru_cache(maxsize=1)
def _reader() -> PointReader:
    from medical.detection.at_point import PointReader

    settings = context().settings
    stored = find_model(settings.model, imported=settings.work_dir / "models")
    return PointReader(stored, passes=max(2, settings.passes))
