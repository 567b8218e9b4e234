"""The audit trail: append-only, each entry carries the hash of the one before.

The database refuses to change or delete entries; whoever goes round that (an administrator with a
file editor) breaks the chain, which ``verify`` finds. The hashes carry the site's key
(``medical.store.audit_key``): without it nobody can write the whole trail anew. Entries from before
there was a key have plain hashes; the first entry with the key closes them off. Cutting off the
newest entries leaves a whole chain: compare the last hash with one written down elsewhere to see
that too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from medical.store.audit_key import AuditKey
from medical.store.database import AUDIT_KEY, Store, lock
from medical.store.tables import AuditEntry

FIRST = "0" * 64
"""What stands for the hash before the first entry."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What ``verify`` found; ``problem`` is empty when the chain holds.

    Args:
        entries: that are whole.
        last_hash: of the last of them.
        problem: what is wrong with the next.
        without_key: entries at the beginning that carry no key, and could have been made by anybody
            before the first that does.
    """

    entries: int
    last_hash: str
    problem: str = ""
    without_key: int = 0


def record(session: Session, *, actor: str, action: str, subject: str) -> None:
    """Add one entry within the caller's transaction, so that deed and entry stand or fall together.

    Args:
        actor: who did it.
        action: what, for example ``ready``.
        subject: the study's key; never a patient's data.
    """
    lock(session.connection())
    newest = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)
    last = session.scalars(newest).first()
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        at=datetime.now(UTC).isoformat(),
        actor=actor,
        action=action,
        subject=subject,
        previous_hash=last.hash if last else FIRST,
    )
    entry.hash = _hash(entry, _key_of(entry.number, session.info.get(AUDIT_KEY)))
    session.add(entry)
    session.flush()


def newest(store: Store, count: int) -> list[AuditEntry]:
    """Return the latest entries, the newest first."""
    with store.reading() as session:
        query = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(count)
        return list(session.scalars(query))


def newest_number(store: Store) -> int:
    """Return the latest entry's number, 0 before the first; cheap, to see if anything was done."""
    with store.reading() as session:
        return session.scalar(select(func.max(AuditEntry.number))) or 0


def verify(store: Store, *, expected: str | None = None) -> Verified:
    """Walk the whole trail, with the key that the store was opened with.

    Args:
        expected: a last hash noted earlier; it must still be in the trail.
    """
    before, count, seen, key = FIRST, 0, expected is None, store.audit_key
    with store.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number))
        for entry in entries.yield_per(1000):
            if entry.number != count + 1:
                return Verified(count, before, f"entry {count + 1} is missing")
            secret = _key_of(entry.number, key)
            if secret and entry.previous_hash == before and entry.hash == _hash(entry, None):
                return Verified(count, before, f"entry {entry.number} does not carry the key")
            if entry.previous_hash != before or entry.hash != _hash(entry, secret):
                return Verified(count, before, f"entry {entry.number} was changed")
            before, count = entry.hash, entry.number
            seen = seen or entry.hash == expected
    if not seen:
        return Verified(count, before, "the hash noted earlier is gone: entries were cut off")
    if key and 1 < key.first > count:  # the entry that closed off those without was the first
        return Verified(count, before, "the entries that carry the key are gone")
    return Verified(count, before, without_key=min(count, key.first - 1) if key else count)


def _key_of(number: int, key: AuditKey | None) -> bytes | None:
    return key.secret if key is not None and number >= key.first else None


def _hash(entry: AuditEntry, secret: bytes | None) -> str:
    content = [
        entry.number,
        entry.at,
        entry.actor,
        entry.action,
        entry.subject,
        entry.previous_hash,
    ]
    text = json.dumps(content, ensure_ascii=False).encode()
    if secret is not None:
        return hmac.new(secret, text, hashlib.sha256).hexdigest()
    return hashlib.sha256(text).hexdigest()
