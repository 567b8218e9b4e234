"""The spool: every instance that was taken in, on disk before the sender is told so.

One folder a study, called after a digest of its UID, one file an instance, called after digests of
its UID and of its content: an instance that comes twice is there once, and one that comes again
with other content takes the earlier one's place. Files never change, so a study that is scored is a
folder of hard links to them, which later arrivals do not touch.

On failure: a file has its name only once it is whole and on disk. A machine that stops leaves
drafts, which the next start removes.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_DRAFT, _COMMITTED = ".draft-", ".committed"


def token(uid: str) -> str:
    """Return what a UID is called in names of files."""
    return hashlib.sha256(uid.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class SpooledStudy:
    """A study in the spool.

    Args:
        token: of its UID.
        files: its instances, sorted.
    """

    token: str
    files: tuple[Path, ...]

    @property
    def content(self) -> str:
        """Digest of all that is there; the same for the same instances in whatever order."""
        names = "\n".join(file.name for file in self.files)
        return hashlib.sha256(names.encode()).hexdigest()


@dataclass(slots=True)
class Spool:
    """Studies as they arrive, and those of them that are being scored.

    Args:
        root: folder of the node, private; made where it is missing.
    """

    root: Path
    _known: dict[str, dict[str, str]] = field(default_factory=dict)
    _heard: dict[str, float] = field(default_factory=dict)
    _settled: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for folder in (self._arrived, self._scored, self.outbox):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for draft in self._arrived.glob(f"*/{_DRAFT}*"):
            draft.unlink(missing_ok=True)

    @property
    def _arrived(self) -> Path:
        return self.root / "arrived"

    @property
    def _scored(self) -> Path:
        return self.root / "studies"

    @property
    def outbox(self) -> Path:
        """Where objects wait that are to be sent."""
        return self.root / "outbox"

    def free_bytes(self) -> int:
        """Room on the spool's disk."""
        return shutil.disk_usage(self.root).free

    def keep(self, study_uid: str, instance_uid: str, head: bytes, body: bytes) -> bool:
        """Put an instance on disk; false where the very same one is there already.

        Args:
            study_uid: Study Instance UID.
            instance_uid: SOP Instance UID.
            head: preamble and file meta information.
            body: the data set as it came.

        Raises:
            OSError: it cannot be written; nothing of it is left.
        """
        study, instance = token(study_uid), token(instance_uid)
        digest = hashlib.sha256(body).hexdigest()[:32]
        folder = self._arrived / study
        with self._lock:
            self._heard[study] = time.monotonic()
            if self._names(study).get(instance) == digest:
                return False
        if not folder.is_dir():
            folder.mkdir(exist_ok=True, mode=0o700)
            _sync(self._arrived)
        draft = folder / f"{_DRAFT}{secrets.token_hex(8)}"
        try:
            with draft.open("xb") as file:
                file.write(head)
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            with self._lock:
                names = self._names(study)
                earlier = names.get(instance)
                draft.rename(folder / f"{instance}-{digest}.dcm")
                names[instance] = digest
                self._settled.discard(study)
                if earlier is not None and earlier != digest:
                    (folder / f"{instance}-{earlier}.dcm").unlink(missing_ok=True)
                self._heard[study] = time.monotonic()
        finally:
            draft.unlink(missing_ok=True)
        _sync(folder)
        return earlier != digest

    def _names(self, study: str) -> dict[str, str]:
        if study not in self._known:
            files = sorted((self._arrived / study).glob("*.dcm"), key=_age)
            self._known[study] = {f.stem.partition("-")[0]: f.stem.partition("-")[2] for f in files}
        return self._known[study]

    def pending(self, *, quiet_seconds: float) -> Iterator[SpooledStudy]:
        """List studies that changed since they were settled, of which nothing came for so long."""
        for folder in sorted(self._arrived.iterdir(), key=_age):
            if not folder.is_dir():
                continue
            with self._lock:
                now = time.monotonic()
                quiet = now - self._heard.setdefault(folder.name, now)
                if folder.name in self._settled or quiet < quiet_seconds:
                    continue
                names = dict(self._names(folder.name))
            files = sorted(folder / f"{name}-{digest}.dcm" for name, digest in names.items())
            if files:
                yield SpooledStudy(folder.name, tuple(files))

    def settle(self, study: SpooledStudy) -> None:
        """Note that all of a study that is there was looked after; a new arrival undoes it."""
        with self._lock:
            if len(study.files) == len(self._names(study.token)) and all(
                file.exists() for file in study.files
            ):
                self._settled.add(study.token)

    def link(self, files: Iterable[Path]) -> Path:
        """Make a folder of these files as they are now, under numbers; it is on disk.

        Raises:
            OSError: it cannot be made, or a file was replaced meanwhile; nothing of it is left.
        """
        folder = self._scored / secrets.token_hex(12)
        folder.mkdir(mode=0o700)
        try:
            for number, file in enumerate(files, start=1):
                (folder / f"{number:05d}.dcm").hardlink_to(file)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _sync(folder)
        _sync(self._scored)
        return folder

    def forget(self, folder: Path) -> None:
        """Remove a folder that ``link`` made."""
        if folder.parent == self._scored:
            shutil.rmtree(folder, ignore_errors=True)

    def linked(self) -> list[Path]:
        """List the folders that ``link`` made."""
        return [folder for folder in self._scored.iterdir() if folder.is_dir()]

    def commit_to(self, instance_uids: Iterable[str]) -> set[str]:
        """Return which of these instances are here; their studies are kept from now on."""
        here = set()
        for uid in instance_uids:
            name = token(uid)
            for folder in self._arrived.iterdir():
                with self._lock:
                    known = folder.is_dir() and name in self._names(folder.name)
                if known:
                    (folder / _COMMITTED).touch(mode=0o600)
                    _sync(folder)
                    here.add(uid)
        return here

    def clear(self, *, older_than_seconds: float) -> int:
        """Delete studies of which nothing came for so long; returns how many.

        Those stay for whose instances somebody was promised that they are kept.
        """
        oldest, count = time.time() - older_than_seconds, 0
        for folder in self._arrived.iterdir():
            if not folder.is_dir() or (folder / _COMMITTED).exists():
                continue
            with self._lock:
                if folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)
                    self._known.pop(folder.name, None)
                    self._heard.pop(folder.name, None)
                    self._settled.discard(folder.name)
                    count += 1
        return count


def _age(file: Path) -> float:
    return file.stat().st_mtime


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
