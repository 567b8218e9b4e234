"""A path that somebody named becomes a study: adopted if scored already, else put in line."""

from __future__ import annotations

import getpass
from pathlib import Path

from app.settings import Settings
from app.web.results import read_findings, result_folders
from medical.errors import InputError
from medical.store.database import Store
from medical.store.queue import receive
from medical.store.results import adopt


def take_in(store: Store, path: Path, *, root: Path, actor: str) -> str:
    """Make a study of ``path``; returns its key.

    Args:
        store: the store.
        path: a result that ``starlung score`` wrote, or anything that it could score.
        root: results of what is put in line go below it.
        actor: who asks.

    Raises:
        InputError: there is no such path, or a result is damaged.
    """
    if not path.exists():
        raise InputError(path, "no such file or folder", "Check the spelling")
    path = path.resolve()
    folders = result_folders(path)
    if not folders:
        return receive(store, path, root=root, actor=actor)
    if len(folders) == 1:
        return adopt(store, path, [read_findings(folders[0])], actor=actor)
    # one study, one patient: a run over many makes a study of each
    keys = [adopt(store, one, [read_findings(one)], actor=actor) for one in folders]
    return keys[0]


def open_first(store: Store, settings: Settings, path: Path) -> tuple[str | None, str]:
    """The study for ``starlung serve --open``, or why it cannot be shown."""
    root = (settings.work_dir / "studies").resolve()
    try:
        return take_in(store, path, root=root, actor=getpass.getuser()), ""
    except InputError as error:
        return None, str(error)
