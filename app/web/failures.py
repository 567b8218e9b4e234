"""What a reader sees when something goes wrong: one sentence, never a trace."""

from __future__ import annotations

import logging
from pathlib import Path

import streamlit as st

from app.web.components.viewer import FrontendMissingError
from app.web.context import context
from app.web.security.identity import NotAllowedError, Reader, may, present_reader
from app.web.words import gettext, words
from medical.errors import InputError
from medical.i18n.messages import Message
from medical.logs import traceless
from medical.plain_text import as_markdown
from medical.review.refusals import ReviewRefusedError
from medical.store.database import StoreUnavailableError
from medical.store.tables import Study

_log = logging.getLogger(__name__)


def show_failure(error: Exception) -> bool:
    """Show ``error`` as a sentence; ``True`` tells Streamlit to add nothing of its own."""
    if isinstance(error, StoreUnavailableError):
        st.error(
            gettext(
                "The database of studies cannot be reached. Nothing is lost: reload the "
                "page in a moment, or contact the server's administrator."
            )
        )
    elif isinstance(error, NotAllowedError):
        st.error(
            gettext("This requires an administrator, or your session has ended. Reload the page.")
        )
    elif isinstance(error, InputError):
        st.error(as_markdown(error_text(error)))
    elif isinstance(error, FrontendMissingError):
        st.error(str(error))
    else:
        _log.error("the page failed: %s", traceless(error))
        st.error(
            gettext(
                "An internal error occurred. Reload the page; the details are in the server's log."
            )
        )
    return True


def not_saved(error: ReviewRefusedError | StoreUnavailableError) -> str:
    """Say why a reader's action was not saved; what was typed is still there."""
    if isinstance(error, ReviewRefusedError):
        return words().translate(error.sentence)
    return gettext(
        "Not saved: the database cannot be reached or written. Your entries are "
        "kept; try again in a moment, or contact the server's administrator."
    )


def error_text(error: InputError) -> str:
    """Say what is wrong with an input and what to do; only administrators see its folder."""
    return words().translate(shown_sentence(error, present_reader(context().settings)))


def shown_sentence(error: InputError, reader: Reader | None) -> Message:
    """Leave out the path for somebody who may not know this server's folders."""
    return error.sentence if may(reader, "name_folder") else error.sentence_without_path


def input_name(study: Study) -> str:
    """Say what a study was made of: its path for those who may know it, never a file's name."""
    source, uploads = Path(study.source), context().settings.work_dir / "uploads"
    if source.is_relative_to(uploads.resolve()):
        return gettext("Input: an upload")
    if may(present_reader(context().settings), "name_folder"):
        return gettext("Input: {path}", path=study.source)
    return gettext("Input: a folder on the server")
