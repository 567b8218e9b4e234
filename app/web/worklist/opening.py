"""A path that somebody named becomes a study: put in line, or adopted if it is scored already.

Only an administrator adopts: a ``findings.json`` says what somebody wrote into it, and nothing but
the site's signature tells whether a model did.
"""

from __future__ import annotations

import getpass
from pathlib import Path

from app.settings import Settings
from app.web.security.access import Reader, need
from medical.errors import InputError
from medical.i18n.messages import message
from medical.results.search import result_folders
from medical.results.signature import folder_digest
from medical.store.database import Store
from medical.store.queue import receive
from medical.store.results import adopt


def take_in(store: Store, path: Path, *, root: Path, reader: Reader) -> str:
    """Make a study of a path on this machine; returns its key.

    Args:
        store: the store.
        path: a result that ``starlung score`` wrote, or anything that it could score.
        root: results of what is put in line go below it.
        reader: who asks.

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
        return receive(store, path, root=root, actor=reader.name)
    need(reader, "adopt_result")
    # one study, one patient: a run over many makes a study of each
    places = [path] if len(folders) == 1 else [folder.path for folder in folders]
    keys = [
        adopt(
            store,
            place,
            [folder.read_findings()],
            actor=reader.name,
            digest=folder_digest(place),
        )
        for place, folder in zip(places, folders, strict=True)
    ]
    return keys[0]


def open_first(store: Store, settings: Settings, path: Path) -> tuple[str | None, str]:
    """Return the study for ``starlung serve --open``, or why it cannot be shown.

    Whoever starts the server administrates it.
    """
    root = (settings.work_dir / "studies").resolve()
    try:
        reader = Reader(getpass.getuser(), administrator=True)
        return take_in(store, path, root=root, reader=reader), ""
    except InputError as error:
        return None, error.sentence
