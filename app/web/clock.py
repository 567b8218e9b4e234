"""Times as the reader's own clock shows them; files and the audit trail itself hold UTC."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from medical.i18n.moments import Moment


def browser_zone() -> tzinfo:
    """Return the time zone of the browser; UTC where it does not tell one that is known."""
    try:
        return ZoneInfo(str(st.context.timezone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def local_time(at: float) -> str:
    """Format seconds since 1970 for the reader."""
    return Moment.of(at).on_clock(browser_zone())
