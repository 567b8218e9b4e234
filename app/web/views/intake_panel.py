"""The worklist's sidebar: queue a study, from the sample, an upload or a folder."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from app.web.context import context
from app.web.failures import error_text
from app.web.security.identity import Reader, allowed, may
from app.web.session import open_study, tell
from app.web.views.intake import (
    fingerprint,
    new_upload_folder,
    not_kept,
    register_input,
    save_uploads,
    separate_studies,
    upload_fingerprint,
)
from app.web.words import gettext, words
from medical.errors import InputError
from medical.i18n.messages import message
from medical.results.search import result_folders
from medical.store.queue import enqueue
from medical.store.requests import known_input
from medical.store.tables import label_of

_WAYS = {"sample": message("Sample"), "upload": message("Upload"), "folder": message("Folder")}


def intake_panel(reader: Reader) -> None:
    """Show the ways to name a study; folders of this machine are for administrators."""
    st.subheader(gettext("Add a study"))
    ways = ["sample", "upload"]
    if may(reader, "name_folder"):
        ways.append("folder")
    way = st.segmented_control(
        gettext("Add a study"),
        ways,
        format_func=partial(words().among, _WAYS),
        default=ways[0],
        key="way",
        label_visibility="collapsed",
        width="stretch",
    )
    if way == "upload":
        _upload(reader)
    elif way == "folder":
        _folder(reader)
    else:
        _sample(reader)


def _sample(reader: Reader) -> None:
    st.caption(gettext("One small chest CT that comes with StarLung."))
    if _score_button():
        allowed("score_sample")
        sample = context().settings.sample_dir
        if sample.is_dir():
            content = fingerprint(sample)
            if not _is_known(content):
                queue_input(sample, reader, content=content)
        else:
            tell(gettext("The sample is not installed. Enter a folder or upload a study instead."))
        st.rerun()


def _upload(reader: Reader) -> None:
    limit_mb = context().settings.upload_limit_mb
    # A new key empties the uploader once its files are queued.
    count = st.session_state.setdefault("uploads", 0)
    whole = st.checkbox(gettext("A whole folder"), key="upload-folder")
    files = st.file_uploader(
        gettext("A folder with one or several studies")
        if whole
        else gettext("One or several zips, the DICOM files of one CT, or a .nii.gz, .nrrd or .mhd"),
        accept_multiple_files="directory" if whole else True,
        max_upload_size=limit_mb,
        key=f"upload-{'folder-' if whole else ''}{count}",
    )
    if not _score_button(disabled=not files):
        return
    allowed("upload")
    uploads: list[tuple[str, int, BinaryIO]] = [(file.name, file.size, file) for file in files]
    queued = [_queue_upload(study, reader) for study in separate_studies(uploads)]
    if all(queued):
        st.session_state["uploads"] = count + 1
    st.rerun()


def _queue_upload(uploads: list[tuple[str, int, BinaryIO]], reader: Reader) -> bool:
    """Queue one input, or say why not or where it is already; false where it is refused."""
    shared = context()
    content = upload_fingerprint(uploads)
    if _is_known(content):
        return True
    limit_bytes = shared.settings.upload_limit_mb * 1_000_000
    try:
        folder = new_upload_folder(shared.settings, shared.store)
        source = save_uploads(uploads, folder / "input", limit_bytes=limit_bytes)
    except OSError as error:  # the folder could not even be made
        tell(error_text(not_kept(error)))
        return False
    except InputError as error:
        shutil.rmtree(folder, ignore_errors=True)
        tell(error_text(error))
        return False
    queue_input(source, reader, content=content)
    return True


def _is_known(content: str) -> bool:
    """Whether the very same input has a study; the reader is told which."""
    key = known_input(context().store, content)
    if key is not None:
        label = label_of(key)
        tell(gettext("Already in the worklist as {label}; it was not scored again.", label=label))
    return key is not None


def _folder(reader: Reader) -> None:
    text = st.text_input(
        gettext("Folder or file on the server"),
        help=gettext("A folder, zip or file with a CT series, or a folder that StarLung wrote."),
    ).strip()
    allowed("name_folder")
    path = Path(text).expanduser()
    is_result = bool(text) and bool(result_folders(path))
    action = gettext("Open") if is_result else gettext("Score")
    if not st.button(action, type="primary", width="stretch"):
        return
    if not text:
        tell(gettext("Enter the path of a folder on this machine."))
    elif not path.exists():
        tell(gettext("{path}: no such file or folder. Check the spelling.", path=text))
    else:
        if not is_result and _is_known(fingerprint(path.resolve())):
            st.rerun()
        key = _take_in(path, reader)
        if is_result and key is not None:
            open_study(key)
    st.rerun()


def _take_in(path: Path, reader: Reader) -> str | None:
    shared = context()
    try:
        return register_input(
            shared.store,
            path,
            root=shared.studies_folder,
            reader=reader,
            hide_identity=shared.settings.hide_identity,
        )
    except InputError as error:
        tell(error_text(error))
        return None


def queue_input(path: Path, reader: Reader, *, content: str = "") -> None:
    """Have it scored, whatever it is: what arrives from a browser is never taken for a result."""
    shared = context()
    enqueue(
        shared.store,
        path.resolve(),
        root=shared.studies_folder,
        actor=reader.name,
        content=content,
    )


def _score_button(*, disabled: bool = False) -> bool:
    return bool(st.button(gettext("Score"), type="primary", width="stretch", disabled=disabled))
