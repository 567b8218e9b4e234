"""The worklist's sidebar: queue a study, from the sample, an upload or a folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from app.web.asked import steps_asked
from app.web.context import context
from app.web.failures import error_text
from app.web.security.identity import Reader, allowed, may
from app.web.session import tell
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

_PATH = "folder-on-the-server"
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
    _score_button(steps_asked().on_press("sample", partial(_queue_sample, reader)))


def _queue_sample(reader: Reader) -> None:
    allowed("score_sample")
    sample = context().settings.sample_dir
    if not sample.is_dir():
        tell(gettext("The sample is not installed. Enter a folder or upload a study instead."))
        return
    content = fingerprint(sample)
    if not _is_known(content):
        queue_input(sample, reader, content=content)


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
    uploads: list[tuple[str, int, BinaryIO]] = [(file.name, file.size, file) for file in files]
    _score_button(_asking(separate_studies(uploads), count, reader), disabled=not files)


def _asking(
    studies: list[list[tuple[str, int, BinaryIO]]], count: int, reader: Reader
) -> Callable[[], None]:
    """Return what notes a step an input, and one more that empties the uploader if all are queued.

    So none is lost where a run is ended between two of them.
    """
    asked = steps_asked()
    queued: set[int] = set()

    def empty() -> None:
        if len(queued) == len(studies):
            st.session_state["uploads"] = count + 1

    notes: list[Callable[[], None]] = [
        asked.on_press(
            f"upload {number}", partial(_queue_upload, study, reader, partial(queued.add, number))
        )
        for number, study in enumerate(studies)
    ]

    notes.append(partial(asked.note, empty))

    def ask() -> None:
        for note in notes:
            note()

    return ask


def _queue_upload(
    uploads: list[tuple[str, int, BinaryIO]], reader: Reader, queued: Callable[[], None]
) -> None:
    """Queue one input, or say why not or where it is already; ``queued`` unless it is refused."""
    allowed("upload")
    shared = context()
    content = upload_fingerprint(uploads)
    if _is_known(content):
        queued()
        return
    limit_bytes = shared.settings.upload_limit_mb * 1_000_000
    try:
        folder = new_upload_folder(shared.settings, shared.store)
        source = save_uploads(uploads, folder / "input", limit_bytes=limit_bytes)
    except OSError as error:  # the folder could not even be made
        tell(error_text(not_kept(error)))
        return
    except InputError as error:
        shutil.rmtree(folder, ignore_errors=True)
        tell(error_text(error))
        return
    queue_input(source, reader, content=content)
    queued()


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
        key=_PATH,
        help=gettext("A folder, zip or file with a CT series, or a folder that StarLung wrote."),
    ).strip()
    allowed("name_folder")
    action = gettext("Open") if _is_result(text) else gettext("Score")
    pressed = steps_asked().on_press("folder", partial(_take_in, reader))
    st.button(action, type="primary", width="stretch", key="take-in", on_click=pressed)


def _is_result(text: str) -> bool:
    return bool(text) and bool(result_folders(Path(text).expanduser()))


def _take_in(reader: Reader) -> None:
    """Queue the path that was entered, or adopt the result that it is and open it."""
    allowed("name_folder")
    # What stands in the field now: it may have been left by the very click on the button.
    text = str(st.session_state.get(_PATH) or "").strip()
    shared, asked, path = context(), steps_asked(), Path(text).expanduser()
    if not text:
        tell(gettext("Enter the path of a folder on this machine."))
        return
    if not path.exists():
        tell(gettext("{path}: no such file or folder. Check the spelling.", path=text))
        return
    is_result = _is_result(text)
    if not is_result and _is_known(fingerprint(path.resolve())):
        return
    try:
        key = register_input(
            shared.store,
            path,
            root=shared.studies_folder,
            reader=reader,
            hide_identity=shared.settings.hide_identity,
        )
        asked.written()
    except InputError as error:
        tell(error_text(error))
        return
    if is_result:
        asked.go_on("", key)


def queue_input(path: Path, reader: Reader, *, content: str = "") -> None:
    """Have it scored, whatever it is: what arrives from a browser is never taken for a result."""
    shared, asked = context(), steps_asked()
    enqueue(
        shared.store,
        path.resolve(),
        root=shared.studies_folder,
        actor=reader.name,
        content=content,
    )
    asked.written()


def _score_button(pressed: Callable[[], None], *, disabled: bool = False) -> None:
    score = gettext("Score")
    st.button(score, type="primary", width="stretch", disabled=disabled, on_click=pressed)
