"""Who is reading: the name that decisions carry, and what they may do."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Literal, NoReturn, get_args

import streamlit as st

from app.settings import Settings
from app.web.context import context
from app.web.security.browsers import holder
from app.web.session import keep_widget, prefer, preferred, remember_widget
from app.web.words import gettext
from medical.plain_text import as_markdown, one_line

Action = Literal[
    "see_worklist",
    "read_study",
    "compare",
    "decide",
    "add_nodule",
    "sign",
    "export",
    "make_maps",
    "score_sample",
    "upload",
    "score_again",
    "cancel_scoring",
    "see_identity",
    "archive",
    "delete",
    "reopen",
    "name_folder",
    "adopt_result",
    "see_model",
    "see_drift",
    "see_retraining",
    "see_trail",
]
ACTIONS: tuple[Action, ...] = get_args(Action)
_ADMINISTRATORS_ONLY: frozenset[Action] = frozenset(
    {
        *("reopen", "name_folder", "adopt_result", "delete"),
        *("see_model", "see_drift", "see_retraining", "see_trail"),
    }
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody in front of a browser.

    Args:
        name: as decisions and the audit trail show it.
        administrator: may do what `_ADMINISTRATORS_ONLY` names.
    """

    name: str
    administrator: bool


class NotAllowedError(Exception):
    """Somebody asked for what is not theirs to do."""

    def __init__(self, action: Action) -> None:
        super().__init__(f"not allowed: {action}")
        self.action = action


def may(reader: Reader | None, action: Action) -> bool:
    """Whether somebody may; ``None`` is whoever has not logged in or is not on the list."""
    if reader is None:
        return False
    return reader.administrator or action not in _ADMINISTRATORS_ONLY


def need(reader: Reader | None, action: Action) -> None:
    """Go on only if somebody may.

    Raises:
        NotAllowedError: they may not.
    """
    if not may(reader, action):
        raise NotAllowedError(action)


MAX_NAME_LENGTH = 100


def reader_from_claims(claims: dict[str, object], settings: Settings) -> Reader | None:
    """Return the reader whom the login provider vouches for; ``None`` if not on the list.

    The e-mail address counts where the provider says that it is verified, or where the site trusts
    its provider with all of them; else the subject, which nobody can choose freely.
    """
    verified = settings.trust_unverified_email or claims.get("email_verified") is True
    address = str(claims.get("email") or "").strip().lower() if verified else ""
    name = address or str(claims.get("sub") or "")
    if not name:
        return None
    # a subject in the form of an address is no address that anybody verified
    listed = "" if "@" in name and not address else name
    administrator = listed in settings.administrators
    if settings.readers and listed not in settings.readers and not administrator:
        return None
    return Reader(one_line(name)[:MAX_NAME_LENGTH], administrator)


def present_reader(settings: Settings) -> Reader | None:
    """Who is in front of this browser now; ``None`` before login or after it. Draws nothing."""
    if not settings.login_configured:
        given = one_line(str(st.session_state.get("reader") or ""))
        return Reader(given or getpass.getuser(), administrator=True)
    if not st.user.is_logged_in or not context().logins.begin(holder(dict(st.context.cookies))):
        return None
    return reader_from_claims(dict(st.user), settings)


def allowed(action: Action) -> Reader:
    """Whoever is in front of this browser now, if they may; every button's action asks this.

    Raises:
        NotAllowedError: they may not, or have logged out.
    """
    reader = present_reader(context().settings)
    need(reader, action)
    if reader is None:
        raise RuntimeError("nobody may do anything")
    return reader


def current_reader(settings: Settings) -> Reader:
    """Return the reader of this run, without login the machine's user; end the run before login."""
    if not settings.login_configured:
        return Reader(_local_name(), administrator=True)
    if not st.user.is_logged_in or not context().logins.begin(holder(dict(st.context.cookies))):
        _ask_to_log_in()
    reader = reader_from_claims(dict(st.user), settings)
    if reader is None:
        _turn_away()
    name = as_markdown(reader.name)
    st.caption(
        gettext("Logged in as {name}, administrator", name=name)
        if reader.administrator
        else gettext("Logged in as {name}", name=name)
    )
    if st.button(gettext("Log out"), width="stretch"):
        st.logout()
    return reader


def _local_name() -> str:
    """Without login a reader may give a name; it is shown, not checked. Empty: nobody decides."""
    keep_widget("reader", preferred("reader", getpass.getuser()))
    given = st.text_input(
        gettext("Reader's name"),
        max_chars=MAX_NAME_LENGTH,
        key="reader",
        icon=":material/person:",
        label_visibility="collapsed",
        help=gettext("Reader's name"),
    )
    remember_widget("reader")
    name = one_line(str(given))
    prefer("reader", name)
    return name


def _turn_away() -> NoReturn:
    st.error(
        gettext("This account may not read studies here. Ask an administrator to add your address.")
    )
    if st.button(gettext("Log out")):
        st.logout()
    st.stop()
    raise RuntimeError("Streamlit did not stop")


def _ask_to_log_in() -> None:
    st.html(f'<div class="starlung-login">{gettext("Log in to read studies.")}</div>')
    if st.button(gettext("Log in"), type="primary", width="stretch"):
        st.login()
    st.stop()
