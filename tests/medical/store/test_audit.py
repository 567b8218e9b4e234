"""The audit trail on SQLite and on a real PostgreSQL."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from medical.store.audit import verify
from medical.store.database import Store
from medical.store.queue import claim, finish, receive


def _work(store: Store) -> None:
    for number in range(3):
        receive(store, Path(f"ct{number}"), root=Path("results"), actor="tester")
        taken = claim(store, "one")
        assert taken is not None
        assert finish(store, taken, series=[])


def test_every_step_leaves_an_entry_and_the_chain_holds(store: Store) -> None:
    _work(store)
    found = verify(store)
    assert (found.entries, found.problem) == (9, "")
    assert not verify(store, expected=found.last_hash).problem


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
