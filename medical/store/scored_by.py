"""Which model made the findings that the store keeps of a series, and how they were asked.

The folder's ``findings.json`` may be another one by the time somebody reads: the folder can be
scored again, and what readers have decided on stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, TypeAdapter

from medical.detection.findings import ModelReference, SeriesFindings


class ScoredBy(BaseModel):
    """What a report must name beside a series' findings; fields as in ``SeriesFindings``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    series_instance_uid: str
    model: ModelReference
    operating_point: float
    passes: int

    @classmethod
    def of(cls, scored: SeriesFindings) -> Self:
        """Return that of a result."""
        return cls(
            series_instance_uid=scored.series_instance_uid,
            model=scored.model,
            operating_point=scored.operating_point,
            passes=scored.passes,
        )


_ROWS = TypeAdapter(list[ScoredBy])


def dump_scored_by(series: Sequence[SeriesFindings]) -> str:
    """As ``Study.scored_by`` holds it; the same in whatever order the series come."""
    return _ROWS.dump_json(_rows_of(series)).decode()


def parse_scored_by(stored: str) -> list[ScoredBy]:
    """Parse what ``dump_scored_by`` wrote; none of what was kept before there was it."""
    return _ROWS.validate_json(stored) if stored else []


def is_scored_by(stored: str, series: Sequence[SeriesFindings]) -> bool:
    """Whether ``stored`` names what made ``series``, also where an earlier version wrote it."""
    return parse_scored_by(stored) == _rows_of(series)


def _rows_of(series: Sequence[SeriesFindings]) -> list[ScoredBy]:
    return sorted(map(ScoredBy.of, series), key=lambda row: row.series_instance_uid)
