from pathlib import Path

import pytest
from sqlalchemy import text

from medical.errors import InputError
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide
from medical.review.worklist import worklist
from medical.store.database import open_store, sqlite_url
from medical.store.queue import claim, enqueue, finish
from tests.medical.store.made import made_series


def test_a_store_is_made_once_and_opened_again(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "deep" / "store.sqlite")
    first = open_store(url)
    enqueue(first, Path("ct"), root=Path("results"), actor="tester")
    first.close()
    second = open_store(url)
    assert len(worklist(second)) == 1
    with second.transaction() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    second.close()


def test_a_store_of_the_version_before_is_brought_up_with_what_it_holds(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.sqlite")
    store = open_store(url)
    enqueue(store, Path("ct"), root=Path("results"), actor="tester")
    with store.transaction() as session:
        for table, column in (
            ("studies", "examination"),
            ("decisions", "assessment"),
            *(("studies", name) for name in ("archived_at", "archived_reason")),
            *(("studies", name) for name in ("model", "content")),
        ):
            session.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
        for table in (
            "signed_objects",
            "jobs",
            "series",
            "reports",
            "arrivals",
            "outbox",
            "identities",
        ):
            session.execute(text(f"DROP TABLE {table}"))
        session.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    store.close()
    (study,) = worklist(open_store(url))
    assert study.source == "ct"


def test_decisions_stay_with_their_findings_when_findings_get_numbers_for_good(
    tmp_path: Path,
) -> None:
    url = sqlite_url(tmp_path / "store.sqlite")
    store = open_store(url)
    enqueue(store, tmp_path / "ct", root=tmp_path, actor="anna")
    claimed = claim(store, "worker")
    assert claimed is not None
    assert finish(store, claimed, series=[made_series(0.9, 0.8)])
    before = read_study(store, claimed.key).findings
    decide(store, before[1].id, NewDecision("accepted"), seen_version=0, actor="anna")
    with store.transaction() as session:
        session.execute(text("ALTER TABLE arrivals DROP COLUMN failure_told_at"))
        session.execute(text("UPDATE alembic_version SET version_num = '0011'"))
    store.close()
    again = open_store(url)
    after = read_study(again, claimed.key).findings
    assert [(finding.id, finding.verdict) for finding in after] == [
        (before[0].id, "open"),
        (before[1].id, "accepted"),
    ]
    with again.reading() as session:
        assert not session.execute(text("PRAGMA foreign_key_check")).all()
        assert session.execute(text("SELECT seq FROM sqlite_sequence")).scalar() == 2


def test_a_store_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.sqlite")
    store = open_store(url)
    with store.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(InputError, match="later version"):
        open_store(url)


def test_a_server_that_does_not_answer_is_said_without_the_password() -> None:
    with pytest.raises(InputError, match="does not answer") as caught:
        open_store("postgresql://reader:secret@127.0.0.1:1/nothing")
    assert "secret" not in str(caught.value)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        open_store("somewhere")
