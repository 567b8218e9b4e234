"""Times as the reader's own clock shows them; what is signed and audited stays in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def browser_zone() -> tzinfo:
    """Return the time zone of the browser; UTC where it does not tell one that is known."""
    try:
        return ZoneInfo(str(st.context.timezone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def local_time(at: float) -> str:
    """Format seconds since 1970 for the reader."""
    return datetime.fromtimestamp(at, browser_zone()).strftime("%Y-%m-%d %H:%M")
