"""Kept reports, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.refusals import ChangedMeanwhileError
from medical.review.reviews import decide, reopen, sign
from medical.review.signed_reports import ReportFile, changed_reports, signed_report
from medical.store.database import Store
from medical.store.results import import_result
from tests.medical.store.made import made_series

UID = "1.2.3"


def files(content: bytes) -> list[ReportFile]:
    return [
        ReportFile(UID, "txt", language, content + language.encode()) for language in ("en", "zh")
    ]


@pytest.fixture
def key(store: Store, tmp_path: Path) -> str:
    key = import_result(store, tmp_path, [made_series(0.7)], actor="anna")
    decide(
        store,
        read_study(store, key).findings[0].id,
        NewDecision("accepted"),
        seen_version=0,
        actor="a",
    )
    return key


def text_of(store: Store, key: str, language: str = "en") -> bytes | None:
    return signed_report(store, key, series_uid=UID, form="txt", language=language)


def sign_now(store: Store, key: str, content: bytes) -> None:
    version = read_study(store, key).study.version
    sign(store, key, seen_version=version, actor="anna", at=5.0, report=files(content))


def test_the_latest_signature_counts_and_none_while_open(store: Store, key: str) -> None:
    assert text_of(store, key) is None
    sign_now(store, key, b"first")
    assert (text_of(store, key), text_of(store, key, "zh")) == (b"firsten", b"firstzh")
    assert read_study(store, key).study.signed_at == 5.0
    assert reopen(store, key, actor="boss")
    assert text_of(store, key) is None
    sign_now(store, key, b"second")
    assert text_of(store, key) == b"seconden"
    assert changed_reports(store) == []


def test_a_language_that_was_not_made_gives_the_other(store: Store, key: str) -> None:
    sign_now(store, key, b"x")
    assert text_of(store, key, "fr") in (b"xen", b"xzh")
    assert signed_report(store, key, series_uid=UID, form="pdf", language="en") is None


def test_what_was_decided_meanwhile_keeps_no_report(store: Store, key: str) -> None:
    version = read_study(store, key).study.version
    with pytest.raises(ChangedMeanwhileError):
        sign(store, key, seen_version=version - 1, actor="anna", report=files(b"stale"))
    with store.reading() as session:
        assert session.execute(text("SELECT count(*) FROM reports")).scalar() == 0


@pytest.mark.parametrize("statement", ["UPDATE reports SET form = 'x'", "DELETE FROM reports"])
def test_the_database_refuses_to_change_a_report(store: Store, key: str, statement: str) -> None:
    sign_now(store, key, b"x")
    with pytest.raises(DBAPIError, match="append-only"), store.transaction() as session:
        session.execute(text(statement))


def test_a_report_changed_behind_the_database_is_seen(store: Store, key: str) -> None:
    sign_now(store, key, b"x")
    with store.transaction() as session:
        if session.connection().dialect.name == "postgresql":
            session.execute(text("ALTER TABLE reports DISABLE TRIGGER ALL"))
        else:
            session.execute(text("DROP TRIGGER reports_no_UPDATE"))
        changed = {"content": b"another"}
        session.execute(
            text("UPDATE reports SET content = :content WHERE language = 'zh'"), changed
        )
    assert changed_reports(store) == [read_study(store, key).study.label]
