"""Checkpoints of one or many ranks: a folder a step, complete only with its manifest.

torch.distributed.checkpoint writes the files (replicated tensors once, shards where they are);
rank 0 then writes ``manifest.json`` with the SHA-256 of each by renaming. Snapshots are copied to
memory and written behind while training goes on. On failure: a folder without a manifest, or whose
files are not those that it names, is no checkpoint; the one before counts. A write that fails (disk
full, peer gone) is logged and tried again. Many ranks need a folder that all of them share, and
write over a group of their own, because two threads must not share one.

torch's own ``.metadata`` is a pickle: resume only from folders that you wrote.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

_MANIFEST = "manifest.json"
_STEP = "step-"
_log = logging.getLogger(__name__)


class CheckpointStore:
    """The checkpoints of one run.

    Args:
        folder: holds them; made when the first is written.
        keep: how many complete ones stay, at least 1.
    """

    def __init__(self, folder: Path, *, keep: int = 2) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1, got {keep}")
        self.folder, self.keep = folder, keep

    def place(self, step: int) -> Path:
        """Folder of one step's checkpoint, whether it exists or not."""
        return self.folder / f"{_STEP}{step:09d}"

    def write(
        self, step: int, tensors: Mapping[str, Tensor], *, group: dist.ProcessGroup | None = None
    ) -> None:
        """Write one checkpoint; with a ``group`` all its ranks must call this.

        Args:
            step: of training.
            tensors: names that several ranks give must have the same value on each of them.
            group: CPU process group of its own, so that it may run beside training.

        Raises:
            Exception: what disk or peers raised; nothing of this step counts then.
        """
        place, first = self.place(step), group is None or dist.get_rank(group) == 0
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch remarks that a single process is one
                save(
                    dict(tensors),
                    storage_writer=FileSystemWriter(place, sync_files=True),
                    process_group=group,
                    no_dist=group is None,
                )
            if first:
                self._complete(place, step)
        except BaseException:
            if first:
                shutil.rmtree(place, ignore_errors=True)
                self._prune(keep=1)  # on a full disk the older one makes room for the next try
            raise
        if first:
            self._prune(keep=self.keep)

    def steps(self) -> list[int]:
        """List steps with a manifest, oldest first; their files are not yet checked."""
        manifests = self.folder.glob(f"{_STEP}*/{_MANIFEST}")
        return sorted(int(path.parent.name.removeprefix(_STEP)) for path in manifests)

    def newest(self) -> tuple[int | None, list[str]]:
        """Return the newest whole checkpoint, and a sentence for each torn one that was skipped."""
        remarks: list[str] = []
        for step in reversed(self.steps()):
            if (wrong := self._what_is_wrong(step)) is None:
                return step, remarks
            remarks.append(f"checkpoint of step {step} is torn ({wrong}): the one before counts")
        return None, remarks

    def remove_torn(self, *, after: int | None) -> None:
        """Remove what lies after the newest whole checkpoint, so that its steps can be rewritten.

        Only rank 0 may call this, before anybody writes.
        """
        for place in self.folder.glob(f"{_STEP}*"):
            step = int(place.name.removeprefix(_STEP))
            if after is None or step > after or not (place / _MANIFEST).exists():
                shutil.rmtree(place, ignore_errors=True)

    def read(self, step: int, *, prefixes: tuple[str, ...]) -> dict[str, Tensor]:
        """Read tensors whose names begin with one of ``prefixes``, onto the CPU."""
        reader = FileSystemReader(self.place(step))
        stored = reader.read_metadata().state_dict_metadata
        tensors = {
            name: torch.empty(entry.size, dtype=entry.properties.dtype)
            for name, entry in stored.items()
            if name.startswith(prefixes) and isinstance(entry, TensorStorageMetadata)
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            load(tensors, storage_reader=reader, no_dist=True)
        return tensors

    def _complete(self, place: Path, step: int) -> None:
        digests = {file.name: _sha256(file) for file in sorted(place.iterdir())}
        beside = place / "manifest.partial"
        with beside.open("w", encoding="utf-8") as stream:
            json.dump({"step": step, "files": digests}, stream, indent=2)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(place / _MANIFEST)

    def _what_is_wrong(self, step: int) -> str | None:
        place = self.place(step)
        try:
            files = json.loads((place / _MANIFEST).read_text("utf-8"))["files"]
            for name, digest in files.items():
                if _sha256(place / name) != digest:
                    return f"{name} is not what was written"
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            return type(error).__name__
        return None

    def _prune(self, *, keep: int) -> None:
        for step in self.steps()[:-keep]:
            shutil.rmtree(self.place(step), ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class SnapshotWriter:
    """Writes snapshots one after the other in a thread.

    Args:
        store: where they go.
    """

    def __init__(self, store: CheckpointStore) -> None:
        self.store = store
        several = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        self._group = dist.new_group(backend="gloo") if several else None
        self._thread: Thread | None = None
        self.failed = False
        self.write_seconds = 0.0

    def submit(self, step: int, tensors: Mapping[str, Tensor]) -> None:
        """Copy the tensors and return; waits only while the snapshot before is still written."""
        self.wait()
        copies = {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}
        # a daemon: a rank that must die after a peer's death does not wait for its disk
        self._thread = Thread(target=self._write, args=(step, copies), daemon=True)
        self._thread.start()

    def wait(self, *, max_seconds: float | None = None) -> None:
        """Return when nothing is being written, or after ``max_seconds``."""
        if self._thread is not None:
            self._thread.join(max_seconds)
            if not self._thread.is_alive():
                self._thread = None

    def _write(self, step: int, tensors: dict[str, Tensor]) -> None:
        started = time.monotonic()
        try:
            self.store.write(step, tensors, group=self._group)
        except BaseException as error:  # whatever it is, it must not end the training
            self.failed = True
            _log.warning(
                f"the checkpoint of step {step} could not be written ({_reason(error)}); "
                "training goes on and tries again"
            )
            return
        if self.failed:
            _log.info(f"checkpoints are written again, at step {step}")
        self.failed = False
        self.write_seconds = time.monotonic() - started


def _reason(error: BaseException) -> str:
    """Return the first cause in one line: torch wraps what each rank raised, with their traces."""
    failures = getattr(error, "failures", None)
    if failures:
        wrapped = next(iter(failures.values()))
        error = wrapped[0] if isinstance(wrapped, tuple) else wrapped
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1] if lines else 'no reason given'}"
