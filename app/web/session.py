"""What one reader's browser session remembers between reruns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.web.jobs import Job
from app.web.words import LANGUAGES, Language, Words


@dataclass(slots=True)
class Session:
    """The running job, the result on show, and the sentences to tell the reader.

    Args:
        result: folder with one or more scored series.
        source: where the images of ``result`` come from, when known.
        notices: sentences about inputs that could not be used.
    """

    job: Job | None = None
    result: Path | None = None
    source: Path | None = None
    notices: tuple[str, ...] = ()

    def begin(self, job: Job) -> None:
        """Watch a new job; the result of an earlier study must not stay beside its progress."""
        self.job, self.result, self.source, self.notices = job, None, None, ()

    def show(self, result: Path, *, source: Path | None, notices: tuple[str, ...] = ()) -> None:
        """Put a result on the screen."""
        self.job, self.result, self.source, self.notices = None, result, source, notices

    def tell(self, *notices: str) -> None:
        """Show sentences, and nothing else than what is already there."""
        self.job, self.notices = None, notices


def session() -> Session:
    """This reader's session."""
    if "starlung" not in st.session_state:
        st.session_state["starlung"] = Session()
    found: Session = st.session_state["starlung"]
    return found


def choose_language() -> Words:
    """Let the reader pick the language, and return its words."""
    codes: list[Language] = list(LANGUAGES)
    choice: Language | None = st.segmented_control(
        "Language / 语言",
        codes,
        format_func=LANGUAGES.__getitem__,
        default="en",
        key="language",
        label_visibility="collapsed",
    )
    return Words(choice or "en")
