"""The shipped model, ready to read CTs: what tests share so that it is compiled once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medical.ct.volume import CtVolume
    from medical.detection.added import AddedFinding
    from medical.detection.at_point import PointReader
    from medical.detection.pipeline import NoduleReader, Reading

PASSES = 32


class ShippedScorer:
    """Reads CTs and measures at points with the shipped weights; each part is made when needed."""

    @cached_property
    def _reader(self) -> NoduleReader:
        from medical.detection.pipeline import NoduleReader
        from models.zoo.loader import DEFAULT_MODEL, find_model

        return NoduleReader(find_model(DEFAULT_MODEL), passes=PASSES)

    @cached_property
    def _points(self) -> PointReader:
        from medical.detection.at_point import PointReader
        from models.zoo.loader import DEFAULT_MODEL, find_model

        return PointReader(find_model(DEFAULT_MODEL), passes=PASSES)

    def read(self, ct: CtVolume) -> Reading:
        return self._reader.read(ct)

    def measure_at(self, ct: CtVolume, point_lps_mm: tuple[float, float, float]) -> AddedFinding:
        return self._points.measure(ct, point_lps_mm)
