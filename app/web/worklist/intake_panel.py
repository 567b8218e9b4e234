"""The worklist's sidebar: put a study in line, from the sample, an upload or a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import streamlit as st

from app.web.context import context
from app.web.links import open_study
from app.web.notices import tell
from app.web.security.access import Reader, may
from app.web.security.identity import allowed
from app.web.words import Words
from app.web.worklist.opening import take_in
from app.web.worklist.upload_folders import new_upload_folder
from app.web.worklist.uploads import not_kept, save_uploads
from medical.errors import InputError
from medical.results.search import result_folders
from medical.store.queue import receive


def intake_panel(reader: Reader, words: Words) -> None:
    """Show the ways to name a study; folders of this machine are for administrators."""
    st.subheader(words("add_study"))
    ways = ["source_sample", "source_upload"]
    if may(reader, "name_folder"):
        ways.append("source_folder")
    way = st.segmented_control(
        words("add_study"),
        ways,
        format_func=words,
        default=ways[0],
        key="way",
        label_visibility="collapsed",
        width="stretch",
    )
    if way == "source_upload":
        _upload(reader, words)
    elif way == "source_folder":
        _folder(reader, words)
    else:
        _sample(reader, words)


def _sample(reader: Reader, words: Words) -> None:
    st.caption(words("sample_note"))
    if _score_button(words):
        allowed("score_sample")
        sample = context().settings.sample_dir
        if sample.is_dir():
            _put_in_line(sample, reader)
        else:
            tell(words("no_sample"))
        st.rerun()


def _upload(reader: Reader, words: Words) -> None:
    shared = context()
    limit_mb = shared.settings.upload_limit_mb
    # A new key empties the uploader once its files are in line.
    count = st.session_state.setdefault("uploads", 0)
    files = st.file_uploader(
        words("upload_label"),
        accept_multiple_files=True,
        max_upload_size=limit_mb,
        key=f"upload-{count}",
    )
    if not _score_button(words, disabled=not files):
        return
    allowed("upload")
    uploads = [(file.name, file.size, file) for file in files]
    try:
        folder = new_upload_folder(shared.settings, shared.store)
        source = save_uploads(uploads, folder / "input", limit_bytes=limit_mb * 1_000_000)
    except OSError as error:  # the folder could not even be made
        tell(str(not_kept(error)))
    except InputError as error:
        shutil.rmtree(folder, ignore_errors=True)
        tell(str(error))
    else:
        _put_in_line(source, reader)
        st.session_state["uploads"] = count + 1
    st.rerun()


def _folder(reader: Reader, words: Words) -> None:
    text = st.text_input(words("folder_label"), help=words("folder_help")).strip()
    allowed("name_folder")
    path = Path(text).expanduser()
    is_result = bool(text) and bool(result_folders(path))
    if not st.button(words("open" if is_result else "score"), type="primary", width="stretch"):
        return
    if not text:
        tell(words("empty_path"))
    elif not path.exists():
        tell(words("no_such_path", path=text))
    else:
        key = _take_in(path, reader)
        if is_result and key is not None:
            open_study(key)
    st.rerun()


def _take_in(path: Path, reader: Reader) -> str | None:
    shared = context()
    try:
        return take_in(shared.store, path, root=shared.studies_folder, reader=reader)
    except InputError as error:
        tell(str(error))
        return None


def _put_in_line(path: Path, reader: Reader) -> None:
    """Have it scored, whatever it is: what arrives from a browser is never taken for a result."""
    shared = context()
    receive(shared.store, path.resolve(), root=shared.studies_folder, actor=reader.name)


def _score_button(words: Words, *, disabled: bool = False) -> bool:
    return bool(st.button(words("score"), type="primary", width="stretch", disabled=disabled))
