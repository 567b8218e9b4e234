"""What a reader sees when something goes wrong: one sentence, never a trace."""

from __future__ import annotations

import logging

import streamlit as st

from app.web.components.viewer import FrontendMissingError
from app.web.frame import present_words
from medical.errors import InputError
from medical.store.database import StoreUnavailableError

_log = logging.getLogger(__name__)


def show_failure(error: Exception) -> bool:
    """Show ``error`` as a sentence; ``True`` tells Streamlit to add nothing of its own."""
    if isinstance(error, StoreUnavailableError):
        st.error(present_words()("store_unreachable"))
    elif isinstance(error, InputError | FrontendMissingError):
        st.error(str(error))
    else:
        _log.error("the page failed", exc_info=error)
        st.error(present_words()("unexpected"))
    return True
