"""A study that is deleted while it is scored leaves nothing of the patient behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medical.scoring.workers.worker import Worker
from medical.store.database import Store, open_store, sqlite_url
from medical.store.queue import enqueue
from medical.store.requests import cancel, remove
from models.zoo.loader import DEFAULT_MODEL


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(sqlite_url(tmp_path / "store.sqlite"))
    yield store
    store.close()


class DeletedMeanwhile(Worker):
    """A worker whose study an administrator deletes just before it writes."""

    def _work(self, claimed, lease):  # type: ignore[no-untyped-def]
        assert cancel(self.store, claimed.key, actor="boss")
        results = claimed.folder.parent
        assert remove(self.store, claimed.key, reason="test", results=results, actor="boss")
        (claimed.folder / "1.2.3").mkdir(parents=True)
        (claimed.folder / "1.2.3" / "images.npz").write_bytes(b"of the patient")
        return super()._work(claimed, lease)


def test_its_folder_is_gone_though_the_worker_wrote_after_it_was_deleted(
    store: Store, tmp_path: Path
) -> None:
    key = enqueue(store, tmp_path / "missing", root=tmp_path / "studies", actor="anna")
    worker = DeletedMeanwhile(store, model=DEFAULT_MODEL, samples=2, imported=None)
    assert worker.run(until_empty=True) == 0
    assert not (tmp_path / "studies" / key).exists()
