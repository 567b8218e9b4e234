"""``OUT/manifest.jsonl``: what a run did with each series, a line each, readable while it grows.

A line is written in one piece and is on disk before the next series begins. A run that is killed
may leave half a line at the end; the next run closes it off, and readers pass it by. Nothing in it
names a patient: a series is called by its UID, or by the digest of its files where it has none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

MANIFEST = "manifest.jsonl"
Outcome = Literal["scored", "there already", "failed"]


class ManifestEntry(BaseModel):
    """One series of one run.

    Args:
        at: when it ended, UTC.
        series_instance_uid: empty where it has none.
        sha256: digest of its files; empty where they could not be read.
        model: name and version.
        digest: of the model with its calibration and operating point.
        outcome: how it ended.
        findings: how many reach the operating point.
        seconds: from reading to writing.
        reason: why it failed, in a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: str
    series_instance_uid: str
    sha256: str
    model: str
    digest: str
    outcome: Outcome
    findings: int = 0
    seconds: float = 0.0
    reason: str = ""


class Manifest:
    """The manifest of a folder with results.

    Args:
        out: the folder; it exists.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, out: Path) -> None:
        self.path = out / MANIFEST
        torn = self.path.is_file() and self.path.read_bytes()[-1:] not in (b"", b"\n")
        if torn:
            self._append(b"\n")

    def enter(self, entry: ManifestEntry) -> None:
        """Add a line.

        Raises:
            OSError: it cannot be written.
        """
        self._append(f"{entry.model_dump_json()}\n".encode())

    def _append(self, line: bytes) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)


def read_manifest(out: Path) -> Iterator[ManifestEntry]:
    """Read what runs into a folder did, oldest first; half a line is passed by."""
    file = out / MANIFEST
    if not file.is_file():
        return
    for line in file.read_text("utf-8", errors="replace").splitlines():
        try:
            yield ManifestEntry.model_validate_json(line)
        except ValidationError:
            continue
