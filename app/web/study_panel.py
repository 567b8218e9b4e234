"""The sidebar's first part: choose a study, then score or open it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.web.context import context
from app.web.results import result_folders
from app.web.session import Session
from app.web.uploads import save_uploads
from app.web.words import Words
from medical.errors import InputError


def study_panel(session: Session, words: Words) -> None:
    """Show the three ways to name a study."""
    st.subheader(words("study"))
    ways = ("source_sample", "source_upload", "source_folder")
    way = st.segmented_control(
        words("study"),
        ways,
        format_func=words,
        default="source_folder" if context().open_path else "source_sample",
        key="way",
        label_visibility="collapsed",
        width="stretch",
    )
    busy = session.job is not None
    if way == "source_upload":
        _upload(session, words, busy=busy)
    elif way == "source_folder":
        _folder(session, words, busy=busy)
    else:
        _sample(session, words, busy=busy)


def _sample(session: Session, words: Words, *, busy: bool) -> None:
    st.caption(words("sample_note"))
    if _score_button(words, busy=busy):
        sample = context().settings.sample_dir
        if sample.is_dir():
            _start(session, sample)
        else:
            session.tell(words("no_sample"))
        st.rerun()


def _upload(session: Session, words: Words, *, busy: bool) -> None:
    settings = context().settings
    files = st.file_uploader(
        words("upload_label"), accept_multiple_files=True, max_upload_size=settings.upload_limit_mb
    )
    if _score_button(words, busy=busy or not files):
        folder = context().jobs.new_folder()
        uploads = [(file.name, file.size, file) for file in files]
        limit_bytes = settings.upload_limit_mb * 1_000_000
        try:
            source = save_uploads(uploads, folder / "input", limit_bytes=limit_bytes)
        except InputError as error:
            session.tell(str(error))
        else:
            session.begin(context().jobs.submit(source, folder))
        st.rerun()


def _folder(session: Session, words: Words, *, busy: bool) -> None:
    text = st.text_input(
        words("folder_label"), value=str(context().open_path or ""), help=words("folder_help")
    )
    is_result = bool(text.strip()) and bool(result_folders(Path(text.strip()).expanduser()))
    label = words("open" if is_result else "score")
    if st.button(label, type="primary", width="stretch", disabled=busy):
        _open_or_score(session, words, text.strip())
        st.rerun()


def _open_or_score(session: Session, words: Words, text: str) -> None:
    path = Path(text).expanduser()
    if not text:
        session.tell(words("empty_path"))
    elif not path.exists():
        session.tell(words("no_such_path", path=text))
    elif result_folders(path):
        session.show(path, source=None)
    else:
        _start(session, path)


def _score_button(words: Words, *, busy: bool) -> bool:
    return bool(st.button(words("score"), type="primary", width="stretch", disabled=busy))


def _start(session: Session, source: Path) -> None:
    jobs = context().jobs
    session.begin(jobs.submit(source, jobs.new_folder()))
