"""The site's secrets, made once and readable by their owner only, and addresses signed with one.

A signed address is unguessable, bound to a name and its holder, and worthless after a while.
"""

from __future__ import annotations

import hmac
import math
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer

_BYTES = 32


def patient_secret(work_dir: Path) -> bytes:
    """Return the secret behind patients' pseudonyms."""
    return _secret(work_dir, "patients.key")


def result_key(work_dir: Path) -> bytes:
    """Return the key that signs results, see `medical.results.signature`."""
    return _secret(work_dir, "results.key")


def deidentification_secret(work_dir: Path) -> bytes:
    """Return the secret behind the pseudonyms of what leaves the site."""
    return _secret(work_dir, "deidentification.key")


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


class AddressTokens:
    """Signs names, of volumes say, with a key that lives only in this process.

    The end of life is rounded up to a multiple of ``life_seconds``: within one such span the
    same name has the same address, so that the browser's cache serves a page that is opened
    again. A token therefore lives between one and two times ``life_seconds``.

    Args:
        life_seconds: least life of a token, > 0.
        clock: seconds since the epoch; tests give their own.

    Raises:
        ValueError: the life is not positive.
    """

    def __init__(self, *, life_seconds: float, clock: Callable[[], float] = time.time) -> None:
        if not life_seconds > 0:
            raise ValueError(f"life_seconds must be positive, got {life_seconds}")
        self._life_seconds = life_seconds
        self._clock = clock
        self._serializer = URLSafeSerializer(secrets.token_bytes(32), salt="starlung.address")

    def issue(self, name: str, *, holder: str) -> str:
        """Issue a token for ``name``, good only for ``holder``."""
        spans = math.floor(self._clock() / self._life_seconds) + 2
        return str(self._serializer.dumps([name, spans * self._life_seconds, holder]))

    def read(self, token: str, *, holder: str) -> str | None:
        """Read the name from a token; ``None``: forged, damaged, expired, or another holder's."""
        try:
            name, expires, bound_to = self._serializer.loads(token)
        except (BadSignature, TypeError, ValueError):
            return None
        good = self._clock() < expires and hmac.compare_digest(bound_to, holder) and bool(holder)
        return str(name) if good else None

    def seconds_left(self, token: str) -> float:
        """Life left, seconds; zero for a token that is not valid."""
        try:
            _, expires, _ = self._serializer.loads(token)
        except (BadSignature, TypeError, ValueError):
            return 0.0
        return max(0.0, float(expires - self._clock()))
