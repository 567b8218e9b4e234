"""The site's secrets: made once, readable by their owner only."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

_BYTES = 32


def patient_secret(work_dir: Path) -> bytes:
    """Return the secret behind patients' pseudonyms."""
    return _secret(work_dir, "patients.key")


def result_key(work_dir: Path) -> bytes:
    """Return the key that signs results, see `medical.results.signature`."""
    return _secret(work_dir, "results.key")


def _secret(work_dir: Path, name: str) -> bytes:
    return kept_once(work_dir, name, secrets.token_bytes(_BYTES))


def kept_once(work_dir: Path, name: str, content: bytes) -> bytes:
    """Return what lies in ``work_dir``: ``content`` after the first call, by one process only."""
    path = work_dir / name
    if not path.is_file():
        work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{name}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_bytes(content)
        with suppress(FileExistsError):  # another process was faster: its secret holds
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_bytes()
