"""Moments in sentences: UTC, and named so, for files; the reader's own clock on a page."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Self


class Moment(str):
    """A time as a file says it, ``2026-11-28 01:29 UTC``, that remembers when it was.

    Attributes:
        at: seconds since 1970.
    """

    at: float

    @classmethod
    def of(cls, at: float) -> Self:
        """Format seconds since 1970."""
        made = cls(datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC"))
        made.at = at
        return made

    def on_clock(self, zone: tzinfo) -> str:
        """Format it as a clock in ``zone`` shows it, without the zone: the reader's own."""
        return datetime.fromtimestamp(self.at, zone).strftime("%Y-%m-%d %H:%M")
