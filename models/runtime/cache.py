"""Converted networks kept in the user's cache folder, so that the next start needs no torch.

An entry is a folder with network files and a manifest of their digests; it is named after all that
decides its content. What is damaged, was changed, or may be written by others is not used: the
networks are converted again. Where the folder cannot be written they are converted at each start.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from platformdirs import user_cache_path

from models.runtime.openvino_cpu import NetworkFile, openvino_version

_FORMAT = 1  # of an entry; raise it whenever conversion changes what networks compute
_MANIFEST = "manifest.json"
_MODEL, _WEIGHTS = ".xml", ".bin"
_KEPT = 6  # entries; the one used longest ago goes first
_OTHERS_MAY_WRITE = 0o022


def cache_folder() -> Path:
    """Where converted networks are kept: ``STARLUNG_CACHE_DIR``, else the user's cache folder."""
    named = os.environ.get("STARLUNG_CACHE_DIR")
    return Path(named) if named else user_cache_path("starlung", appauthor=False) / "networks"


class NetworkCache:
    """Converted networks by what they were made of.

    Args:
        folder: of the entries; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(
        self, source: Mapping[str, object], build: Callable[[], Mapping[str, NetworkFile]]
    ) -> dict[str, NetworkFile]:
        """Return the networks of ``source``, converting them where they are not at hand.

        Args:
            source: all that decides what ``build`` makes, as JSON can hold it.
            build: makes the networks by name.
        """
        entry = self._entry(source)
        try:
            return _read(entry)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            networks = dict(build())
        with contextlib.suppress(OSError):  # costs seconds at each start, not results
            self._keep(entry, networks)
        return networks

    def holds(self, source: Mapping[str, object]) -> bool:
        """Whether the networks of ``source`` seem to be at hand."""
        return (self._entry(source) / _MANIFEST).is_file()

    def _entry(self, source: Mapping[str, object]) -> Path:
        record = json.dumps([_FORMAT, openvino_version(), dict(source)], sort_keys=True)
        return self.folder / hashlib.sha256(record.encode()).hexdigest()

    def _keep(self, entry: Path, networks: Mapping[str, NetworkFile]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self.folder / f".partial-{secrets.token_hex(4)}"
        beside.mkdir(mode=0o700)
        try:
            digests = {}
            for name, network in networks.items():
                for suffix, content in ((_MODEL, network.model), (_WEIGHTS, network.weights)):
                    (beside / f"{name}{suffix}").write_bytes(content)
                    digests[f"{name}{suffix}"] = hashlib.sha256(content).hexdigest()
            (beside / _MANIFEST).write_text(json.dumps(digests), "utf-8")
            if entry.exists():  # damaged, or another process was faster
                shutil.rmtree(entry)
            beside.replace(entry)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        self._forget_old()

    def _forget_old(self) -> None:
        entries = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
        entries.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for old in entries[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


def _read(entry: Path) -> dict[str, NetworkFile]:
    """Read an entry.

    Raises:
        OSError: it is not there.
        ValueError: it is damaged, or others than this user may change it.
        KeyError, TypeError, AttributeError: its manifest is not one.
    """
    for place in (entry.parent, entry):
        _check_own(place)
    digests = json.loads((entry / _MANIFEST).read_text("utf-8"))
    content = {}
    for file, digest in digests.items():
        content[file] = (entry / Path(file).name).read_bytes()
        if hashlib.sha256(content[file]).hexdigest() != digest:
            raise ValueError(f"{file} is not what was kept")
    os.utime(entry)
    names = [file.removesuffix(_MODEL) for file in content if file.endswith(_MODEL)]
    if not names:
        raise ValueError("no networks")
    return {name: NetworkFile(content[name + _MODEL], content[name + _WEIGHTS]) for name in names}


def _check_own(folder: Path) -> None:
    """Raise where others than this user may write; Windows has no such bits."""
    if os.name != "posix":
        return
    status = folder.stat()
    if status.st_uid != os.getuid() or status.st_mode & _OTHERS_MAY_WRITE:
        raise ValueError(f"others may write to {folder}")
