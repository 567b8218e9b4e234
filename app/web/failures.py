"""What a reader sees when something goes wrong: one sentence, never a trace."""

from __future__ import annotations

import logging

import streamlit as st

from app.web.components.viewer import FrontendMissingError
from app.web.context import context
from app.web.security.access import NotAllowedError, may
from app.web.security.identity import present_reader
from app.web.words import gettext, words
from medical.errors import InputError
from medical.plain_text import as_markdown
from medical.quiet import traceless
from medical.store.database import StoreUnavailableError

_log = logging.getLogger(__name__)


def show_failure(error: Exception) -> bool:
    """Show ``error`` as a sentence; ``True`` tells Streamlit to add nothing of its own."""
    if isinstance(error, StoreUnavailableError):
        st.error(
            gettext(
                "The store of studies cannot be reached. Nothing is lost: reload the "
                "page in a moment, or tell whoever runs the server."
            )
        )
    elif isinstance(error, NotAllowedError):
        st.error(gettext("This is for administrators, or your login has ended. Reload the page."))
    elif isinstance(error, InputError):
        st.error(as_markdown(sentence(error)))
    elif isinstance(error, FrontendMissingError):
        st.error(str(error))
    else:
        _log.error("the page failed: %s", traceless(error))
        st.error(
            gettext(
                "StarLung met an error of its own. Reload the page; the server's log "
                "has the details."
            )
        )
    return True


def sentence(error: InputError) -> str:
    """Word the error for somebody who may not know this server's folders."""
    if may(present_reader(context().settings), "name_folder"):
        return words().translate(error.sentence)
    return words().translate(error.sentence_without_path)
