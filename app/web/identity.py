"""Who is reading: the name that decisions carry, and whether they may administrate."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from app.settings import Settings
from app.web.kept import keep_widget, remember_widget
from app.web.preferences import prefer, preferred
from app.web.words import Words

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody in front of a browser.

    Args:
        name: as decisions and the audit trail show it; empty where none was given, and then
            nothing can be decided.
        administrator: may open signed studies again, see the trail and name folders.
    """

    name: str
    administrator: bool


def reader_from_claims(claims: dict[str, object], settings: Settings) -> Reader | None:
    """The reader whom the login provider vouches for; ``None`` for somebody not on the list.

    The e-mail address counts where the provider does not say that it is unverified, else the
    subject, which nobody can choose freely.
    """
    verified = claims.get("email_verified") is not False
    address = str(claims.get("email") or "").strip().lower() if verified else ""
    name = address or str(claims.get("sub") or "")
    if not name:
        return None
    administrator = name in settings.administrators
    if settings.readers and name not in settings.readers and not administrator:
        return None
    return Reader(name[:LONGEST_NAME], administrator)


def may_administrate(settings: Settings) -> bool:
    """Whether whoever is in front of this browser administrates; nothing is drawn."""
    if not settings.login_configured:
        return True
    reader = reader_from_claims(dict(st.user), settings) if st.user.is_logged_in else None
    return reader is not None and reader.administrator


def current_reader(settings: Settings, words: Words) -> Reader:
    """The reader of this run; without login, this machine's user. Ends the run before login."""
    if not settings.login_configured:
        return Reader(_local_name(words), administrator=True)
    if not st.user.is_logged_in:
        _ask_to_log_in(words)
    reader = reader_from_claims(dict(st.user), settings)
    if reader is None:
        _turn_away(words)
    st.caption(words("reader_admin" if reader.administrator else "reader_is", name=reader.name))
    if st.button(words("log_out"), width="stretch"):
        st.logout()
    return reader


def _local_name(words: Words) -> str:
    """Without login a reader may give a name; it is shown, not checked. Empty: nobody decides."""
    keep_widget("reader", preferred("reader", getpass.getuser()))
    given = st.text_input(
        words("your_name"),
        max_chars=LONGEST_NAME,
        key="reader",
        icon=":material/person:",
        label_visibility="collapsed",
        help=words("your_name"),
    )
    remember_widget("reader")
    prefer("reader", str(given).strip())
    return str(given).strip()


def _turn_away(words: Words) -> NoReturn:
    st.error(words("not_on_the_list"))
    if st.button(words("log_out")):
        st.logout()
    st.stop()
    raise RuntimeError("Streamlit did not stop")


def _ask_to_log_in(words: Words) -> None:
    st.html(f'<div class="starlung-login">{words("please_log_in")}</div>')
    if st.button(words("log_in"), type="primary", width="stretch"):
        st.login()
    st.stop()
