"""What a reader sees when something goes wrong: one sentence, never a trace."""

from __future__ import annotations

import logging

import streamlit as st

from app.web.components.viewer import FrontendMissingError
from app.web.words import Words
from medical.errors import InputError

_log = logging.getLogger(__name__)


def show_failure(error: Exception) -> bool:
    """Show ``error`` as a sentence; ``True`` tells Streamlit to add nothing of its own."""
    if isinstance(error, InputError | FrontendMissingError):
        st.error(str(error))
    else:
        _log.error("the page failed", exc_info=error)
        st.error(Words(st.session_state.get("language") or "en")("unexpected"))
    return True
