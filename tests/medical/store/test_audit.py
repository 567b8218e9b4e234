"""The audit trail on SQLite and on a real PostgreSQL."""

import hashlib
import json
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from medical.store.audit import FIRST, verify
from medical.store.audit_key import AuditKey
from medical.store.database import Store
from medical.store.queue import claim, enqueue, finish
from medical.store.tables import AuditEntry


def _work(store: Store) -> None:
    for number in range(3):
        enqueue(store, Path(f"ct{number}"), root=Path("results"), actor="tester")
        taken = claim(store, "one")
        assert taken is not None
        assert finish(store, taken, series=[])


def test_every_step_leaves_an_entry_and_the_chain_holds(store: Store) -> None:
    _work(store)
    verification = verify(store)
    assert (verification.entries, verification.problem) == (9, "")
    assert not verify(store, expected=verification.last_hash).problem


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'somebody else'", "DELETE FROM audit"]
)
def test_the_database_refuses_to_change_the_trail(store: Store, statement: str) -> None:
    _work(store)
    with pytest.raises(DBAPIError, match="append-only"), store.transaction() as session:
        session.execute(text(statement))
    assert verify(store).entries == 9


def _force(store: Store, statement: str) -> None:
    """As an administrator would who goes round the triggers."""
    with store.transaction() as session:
        if session.connection().dialect.name == "postgresql":
            session.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        else:
            session.execute(text("DROP TRIGGER audit_no_UPDATE"))
            session.execute(text("DROP TRIGGER audit_no_DELETE"))
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE audit SET actor = 'x' WHERE number = 4", "entry 4 was changed"),
        ("DELETE FROM audit WHERE number = 5", "entry 5 is missing"),
    ],
)
def test_whoever_goes_round_the_triggers_breaks_the_chain(
    store: Store, statement: str, problem: str
) -> None:
    _work(store)
    _force(store, statement)
    assert verify(store).problem == problem


def test_a_trail_cut_short_is_seen_by_a_hash_noted_earlier(store: Store) -> None:
    _work(store)
    noted = verify(store).last_hash
    _force(store, "DELETE FROM audit WHERE number > 6")
    assert not verify(store).problem
    assert "cut off" in verify(store, expected=noted).problem


KEY = AuditKey(b"k" * 32, first=1)


def _write_anew(store: Store, actor: str) -> None:
    """The whole trail in somebody else's name, with hashes as they were before there was a key."""
    _force(store, "UPDATE audit SET actor = 'nobody'")
    with store.transaction() as session:
        session.execute(text("UPDATE audit SET actor = :actor"), {"actor": actor})
    _rechain(store, last=1000)


def test_whoever_writes_the_whole_trail_anew_lacks_the_key(store: Store) -> None:
    keyed = store.with_key(KEY)
    _work(keyed)
    assert (verify(keyed).entries, verify(keyed).problem, verify(keyed).without_key) == (9, "", 0)
    _write_anew(store, "somebody else")
    assert verify(store).problem == ""  # a whole chain, to whoever has no key
    assert verify(keyed).problem == "entry 1 does not carry the key"


def test_another_key_does_not_do(store: Store) -> None:
    _work(store.with_key(KEY))
    other = store.with_key(AuditKey(b"o" * 32, first=1))
    assert verify(other).problem == "entry 1 was changed"


def test_entries_without_a_key_are_named_and_closed_off(store: Store) -> None:
    _work(store)
    assert verify(store).without_key == 9
    keyed = store.with_key(AuditKey(b"k" * 32, first=10))
    _work(keyed)
    assert (verify(keyed).problem, verify(keyed).without_key) == ("", 9)
    _write_anew(store, "somebody else")
    assert verify(keyed).problem == "entry 10 does not carry the key"


def test_entries_without_a_key_that_were_rewritten_do_not_fit_the_first_with_it(
    store: Store,
) -> None:
    _work(store)
    keyed = store.with_key(AuditKey(b"k" * 32, first=10))
    _work(keyed)
    with store.reading() as session:
        query = select(AuditEntry.number, AuditEntry.hash, AuditEntry.previous_hash)
        stored = {number: rest for number, *rest in session.execute(query).tuples()}
    _write_anew(store, "tester")  # what is keyed is put back as it was
    with store.transaction() as session:
        for entry in session.scalars(select(AuditEntry).where(AuditEntry.number < 10)).all():
            entry.action = "ready"
    _rechain(store, last=9)
    with store.transaction() as session:
        for entry in session.scalars(select(AuditEntry).where(AuditEntry.number >= 10)).all():
            entry.hash, entry.previous_hash = stored[entry.number]
    assert verify(keyed).entries == 9
    assert verify(keyed).problem == "entry 10 was changed"


def test_a_trail_of_which_all_with_the_key_are_cut_off_is_not_whole(store: Store) -> None:
    _work(store)
    keyed = store.with_key(AuditKey(b"k" * 32, first=10))
    _work(keyed)
    _force(store, "DELETE FROM audit WHERE number >= 10")
    assert verify(keyed).problem == "the entries that carry the key are gone"


def _rechain(store: Store, *, last: int) -> None:
    before = FIRST
    with store.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.number <= last).order_by(AuditEntry.number)
        for entry in session.scalars(query).all():
            parts = (entry.number, entry.at, entry.actor, entry.action, entry.subject, before)
            entry.previous_hash = before
            payload = json.dumps(list(parts), ensure_ascii=False)
            before = entry.hash = hashlib.sha256(payload.encode()).hexdigest()
