"""Peers whose rule asks for it hear of a study that could not be scored, once."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from medical.node.dispatch import dispatch_due
from medical.store.arrivals import Arrived, enter
from medical.store.database import Store
from medical.store.outbox import lines
from medical.store.queue import claim, finish, give_up
from medical.store.requests import cancel, try_again
from tests.medical.dicom_out.test_chest_cad import FAILED, states_of
from tests.medical.node.conftest import write_study
from tests.medical.store.made import made_series


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    (tmp_path / "outbox").mkdir()
    return tmp_path / "outbox"


def arrive(store: Store, source: Path, *forms: str) -> str:
    arrived = Arrived("token", "content", source, forms, ("pacs", "web"))
    return enter(store, arrived, root=source.parent / "studies", actor="CT1")


def fail(store: Store) -> None:
    claimed = claim(store, "worker")
    assert claimed is not None
    assert give_up(store, claimed, failure="input: the file is cut short")


def test_every_peer_of_the_rule_hears_of_a_failure_once(
    node_store: Store, study: list[Path], outbox: Path
) -> None:
    for file in study:
        file.write_bytes(file.read_bytes()[:-400])
    key = arrive(node_store, study[0].parent, "sr", "cad-sr")
    assert dispatch_due(node_store, outbox, imported=None) == 0
    fail(node_store)
    assert dispatch_due(node_store, outbox, imported=None) == 1
    (file,) = outbox.rglob("*.dcm")
    assert states_of(pydicom.dcmread(file)) == ("111245", FAILED)
    assert [line.destination for line in lines(node_store)] == ["pacs", "web"]
    assert try_again(node_store, key, actor="anna")
    fail(node_store)
    assert dispatch_due(node_store, outbox, imported=None) == 0
    assert try_again(node_store, key, actor="anna")
    claimed = claim(node_store, "worker")
    assert claimed is not None
    assert finish(node_store, claimed, series=[made_series(0.9)])
    assert dispatch_due(node_store, outbox, imported=None) == 1, "its result goes out after all"


def test_nobody_hears_of_what_was_cancelled_or_where_no_rule_asks(
    node_store: Store, study: list[Path], outbox: Path
) -> None:
    arrive(node_store, study[0].parent, "sr", "seg")
    fail(node_store)
    other = write_study(outbox.parent / "other", identity="other")
    arrived = Arrived("another", "content", other[0].parent, ("cad-sr",), ("pacs",))
    key = enter(node_store, arrived, root=outbox.parent / "studies", actor="CT1")
    assert cancel(node_store, key, actor="anna")
    assert dispatch_due(node_store, outbox, imported=None) == 0
    assert lines(node_store) == []
