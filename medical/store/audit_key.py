"""The key of the audit trail: without it nobody can make entries that ``verify`` takes for ours."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Self

from medical.errors import InputError
from medical.i18n.messages import message

_BYTES = 32


@dataclass(frozen=True, slots=True)
class AuditKey:
    """A site's secret, and since when entries carry it.

    Args:
        secret: of HMAC-SHA-256.
        first: number of the first entry that carries it; those before are from earlier versions.
    """

    secret: bytes
    first: int

    @classmethod
    def new(cls, *, first: int) -> Self:
        """Draw a random key."""
        return cls(secrets.token_bytes(_BYTES), first)

    def to_bytes(self) -> bytes:
        """As a file holds it. ``first`` stands there too: a trail says nothing of itself."""
        return f"{self.first} {self.secret.hex()}\n".encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Read what ``to_bytes`` wrote.

        Raises:
            InputError: it is something else.
        """
        try:
            first, secret = stored.decode().split()
            return cls(bytes.fromhex(secret), int(first))
        except ValueError as error:
            remedy = message("Restore it from a backup; without it the trail cannot be checked")
            raise InputError("audit.key", message("is damaged"), remedy) from error
