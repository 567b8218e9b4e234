"""How a study gets into the worklist: an upload is kept, a folder queued or adopted as a result.

Uploaded files are hostile until read: limited, in a folder of their own, without their names. A
file's name often holds the patient's: it is kept nowhere, only its ending is. Where a header names
the file of its voxels, it is made to name that file's number. Uploads that are scored and old are
cleared away.

Only an administrator adopts a result: a ``findings.json`` says what somebody wrote into it, and
nothing but the site's signature tells whether a model did.
"""

from __future__ import annotations

import errno
import getpass
import hashlib
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from app.settings import Settings
from app.web.security.identity import Reader, need
from medical.dicom.header.identity import Identify, Identity, find_identity
from medical.errors import InputError
from medical.i18n.messages import message
from medical.io.header_text import rename_pixel_file
from medical.io.volume_files import is_volume_file
from medical.results.folder import ResultFolder
from medical.results.search import result_folders
from medical.results.signature import folder_digest
from medical.results.summary import input_of
from medical.review.worklist import waiting_sources
from medical.store.database import Store
from medical.store.identities import adopt_identity
from medical.store.queue import enqueue
from medical.store.requests import known_input
from medical.store.results import import_result


def new_upload_folder(settings: Settings, store: Store) -> Path:
    """Make a fresh folder that only we can read, after clearing away finished uploads."""
    root = (settings.work_dir / "uploads").resolve()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting = waiting_sources(store)
    oldest = time.time() - settings.upload_keep_hours * 3600
    for folder in root.iterdir():
        in_use = any(source.is_relative_to(folder) for source in waiting)
        if folder.is_dir() and folder.stat().st_mtime < oldest and not in_use:
            shutil.rmtree(folder, ignore_errors=True)
    folder = root / secrets.token_hex(12)
    folder.mkdir(mode=0o700)
    return folder


_DETACHED = (".mhd", ".nhdr")
_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mhd", ".mha", ".raw", ".zraw", ".zip", ".dcm")


def neutral_name(name: str, number: int) -> str:
    """``0007.dcm`` for the seventh file, whatever it was called; unknown endings are dropped."""
    ending = next((candidate for candidate in _ENDINGS if name.lower().endswith(candidate)), "")
    return f"{number:04d}{ending}"


def save_uploads(
    files: Sequence[tuple[str, int, BinaryIO]], folder: Path, *, limit_bytes: int
) -> Path:
    """Write uploads into ``folder`` and return what to score: the only file, or the folder.

    Args:
        files: name, size in bytes, and content of each.
        folder: an empty folder, made if need be.
        limit_bytes: all files together may not be larger.

    Raises:
        InputError: nothing was given, it is too much, a header's voxels may be either of two
            files, or the disk cannot take it: then nothing of it is kept.
    """
    if not files:
        raise InputError(
            "upload", message("holds no file"), message("Choose a zip or the files of one CT")
        )
    total = sum(size for _, size, _ in files)
    if total > limit_bytes:
        problem = message(
            "is {size:.0f} MB, more than the {limit:.0f} MB allowed",
            size=total / 1e6,
            limit=limit_bytes / 1e6,
        )
        raise InputError("upload", problem, message("Enter a folder on this machine instead"))
    _refuse_ambiguous([name for name, _, _ in files])
    try:
        written = _write(files, folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise not_kept(error) from error
    return written[0] if len(written) == 1 else folder


def _refuse_ambiguous(names: Sequence[str]) -> None:
    """Of two files of one name a header that names it would get the other patient's voxels."""
    if max(Counter(names).values()) > 1 and any(name.lower().endswith(_DETACHED) for name in names):
        problem = message("has two files of the same name, and a header that may refer to either")
        raise InputError(
            "upload", problem, message("Upload one CT at a time, or a zip with its folders")
        )


def not_kept(error: OSError) -> InputError:
    """Why an upload could not be written; names no folder of the server."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    problem = (
        message("the server's disk is full")
        if full
        else message("cannot be saved: {reason}", reason=error.strerror)
    )
    remedy = message("Ask the server's administrator for space, then upload again")
    return InputError("upload", message("{problem}; nothing was saved", problem=problem), remedy)


def _write(files: Sequence[tuple[str, int, BinaryIO]], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    neutral = {name: neutral_name(name, n) for n, (name, _, _) in enumerate(files, start=1)}
    written = []
    for number, (name, _, content) in enumerate(files, start=1):
        path = folder / neutral_name(name, number)
        with path.open("xb") as target:
            shutil.copyfileobj(content, target)
        written.append(path)
    for path in written:
        if is_volume_file(path):
            rename_pixel_file(path, neutral)
    return written


def fingerprint(source: Path) -> str:
    """Digest of an input: of a file its content, of a folder its files' names, sizes and times.

    A folder may hold gigabytes: what was changed in it has another time.
    """
    digest = hashlib.sha256()
    if source.is_file():
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    for path in sorted(item for item in source.rglob("*") if item.is_file()):
        status = path.stat()
        line = f"{path.relative_to(source)} {status.st_size} {status.st_mtime_ns}\n"
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def upload_fingerprint(files: Sequence[tuple[str, int, BinaryIO]]) -> str:
    """Digest of what was uploaded, in whatever order and under whatever names."""
    contents = []
    for _, _, content in files:
        content.seek(0)
        contents.append(hashlib.file_digest(content, "sha256").hexdigest())  # type: ignore[arg-type]
        content.seek(0)
    if len(contents) == 1:
        return contents[0]
    return hashlib.sha256(" ".join(sorted(contents)).encode()).hexdigest()


def separate_studies(
    files: Sequence[tuple[str, int, BinaryIO]],
) -> list[list[tuple[str, int, BinaryIO]]]:
    """Part an upload: each of several zips is an input of its own, all else is one input."""
    zips = [file for file in files if file[0].lower().endswith(".zip")]
    if len(zips) < len(files) or not zips:
        return [list(files)]
    return [[file] for file in zips]


def register_input(
    store: Store, path: Path, *, root: Path, reader: Reader, hide_identity: bool
) -> str:
    """Make a study of a path on this machine; returns its key.

    Args:
        store: the store.
        path: a result that ``starlung score`` wrote, or anything that it could score.
        root: results of what is queued go below it.
        reader: who asks.
        hide_identity: keep nothing that tells of the patient.

    Raises:
        NotAllowedError: they may not name folders.
        InputError: there is no such path, or a result is damaged.
    """
    need(reader, "name_folder")
    if not path.exists():
        raise InputError(path, message("no such file or folder"), message("Check the spelling"))
    path = path.resolve()
    folders = result_folders(path)
    if not folders:
        content = fingerprint(path)
        known = known_input(store, content)
        return known or enqueue(store, path, root=root, actor=reader.name, content=content)
    need(reader, "adopt_result")
    # one study, one patient: a run over many makes a study of each
    places = [path] if len(folders) == 1 else [folder.path for folder in folders]
    keys = [
        import_result(
            store,
            place,
            [folder.read_findings()],
            actor=reader.name,
            digest=folder_digest(place),
        )
        for place, folder in zip(places, folders, strict=True)
    ]
    for key, folder in zip(keys, folders, strict=True):
        _keep_identity(store, key, folder, "scanner" if hide_identity else "patient")
    return keys[0]


def _keep_identity(store: Store, key: str, folder: ResultFolder, wanted: Identify) -> None:
    """Keep who is on a result's images, where the input that its run names is still there."""
    uid = folder.read_findings().series_instance_uid
    source = input_of(folder.path.parent, uid)
    identity = find_identity(wanted, Path(source), uid) if source else None
    if identity is not None and identity != Identity():
        adopt_identity(store, key, uid, identity)


def open_first(store: Store, settings: Settings, path: Path) -> tuple[str | None, str]:
    """Return the study for ``starlung serve --open``, or why it cannot be shown.

    Whoever starts the server administrates it.
    """
    root = (settings.work_dir / "studies").resolve()
    try:
        reader = Reader(getpass.getuser(), administrator=True)
        return register_input(
            store, path, root=root, reader=reader, hide_identity=settings.hide_identity
        ), ""
    except InputError as error:
        return None, error.sentence
