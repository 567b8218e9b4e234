"""``starlung queue retry`` and ``remove``."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings
from app.site_store import open_site_store
from medical.store.database import Store
from medical.store.queue import claim, enqueue, give_up
from tests.app.cli.conftest import Run, one_line


@pytest.fixture
def store(work_dir: Path) -> Store:
    assert work_dir.parent.is_dir()
    return open_site_store(Settings())


def failed_study(store: Store, tmp_path: Path) -> str:
    key = enqueue(store, tmp_path / "ct", root=tmp_path / "work" / "studies", actor="night")
    claimed = claim(store, "worker")
    assert claimed is not None
    give_up(store, claimed, failure="cut short")
    return key


def listed(starlung: Run) -> dict[str, str]:
    rows = (line.split("\t") for line in starlung("queue", "list").stdout.splitlines())
    return {row[0]: row[1] for row in rows}


def test_what_failed_stands_in_line_again(starlung: Run, store: Store, tmp_path: Path) -> None:
    key = failed_study(store, tmp_path)

    assert starlung("queue", "retry", key).exit_code == 0

    assert listed(starlung) == {key: "received"}
    again = starlung("queue", "retry", key)
    assert again.exit_code == 2
    assert one_line(again.stderr).endswith("Only what has failed can be retried.")


def test_waiting_and_failed_studies_are_removed(
    starlung: Run, store: Store, tmp_path: Path
) -> None:
    failed = failed_study(store, tmp_path)
    waiting = enqueue(store, tmp_path / "other", root=tmp_path / "studies", actor="night")

    assert starlung("queue", "remove", failed, waiting).exit_code == 0

    assert listed(starlung) == {}


def test_an_unknown_key_changes_nothing(starlung: Run, store: Store, tmp_path: Path) -> None:
    key = failed_study(store, tmp_path)

    for verb in ("retry", "remove"):
        result = starlung("queue", verb, key, "nobody")
        assert result.exit_code == 2
        assert one_line(result.stderr).startswith("nobody: no such study.")

    assert listed(starlung) == {key: "failed"}
