"""What is in the outbox reaches Orthanc once, whatever happens to it, to us and to the disk."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medical.detection.findings import Input
from medical.files import content_of
from medical.geometry import VolumeGeometry
from medical.node import dispatch as node_dispatch
from medical.node.delivery import Delivery
from medical.node.dimse import Entity
from medical.node.dispatch import dispatch_due, outgoing_of
from medical.node.node import Node
from medical.node.settings import NodeSettings
from medical.nodule.outline import Outline
from medical.results.folder import ResultFolder
from medical.store.database import Store
from medical.store.outbox import begin, lines, put, take
from medical.store.queue import claim, finish
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.full_disk import fill, small_disk
from tests.medical.node.conftest import storescu, write_study
from tests.medical.node.test_receiver import wait_for_studies
from tests.medical.store.made import made_series
from tests.orthanc import Orthanc, new_orthanc

MakeNode = Callable[..., Node]
SETTINGS = NodeSettings(timeout_seconds=10, max_retry_seconds=1)


def enter(store: Store, files: list[Path], destination: str = "pacs") -> list[str]:
    outgoing = list(outgoing_of(files))
    with store.transaction() as session:
        put(session, destination, outgoing)
    return sorted(item.instance_uid for item in outgoing)


def statuses(store: Store) -> set[str]:
    return {line.status for line in lines(store)}


@pytest.mark.parametrize("way", ["entity", "web"])
def test_what_waits_reaches_the_archive(
    node_store: Store, orthanc: Orthanc, study: list[Path], way: str
) -> None:
    uids = enter(node_store, study)
    assert Delivery(node_store, SETTINGS, {"pacs": getattr(orthanc, way)}).deliver("pacs")
    assert orthanc.instance_uids() == uids
    assert statuses(node_store) == {"sent"}


@pytest.mark.heavy
def test_what_was_entered_twice_is_sent_once(
    node_store: Store, orthanc: Orthanc, study: list[Path]
) -> None:
    enter(node_store, study)
    enter(node_store, study)
    delivery = Delivery(node_store, SETTINGS, {"pacs": orthanc.entity})
    delivery.deliver("pacs")
    enter(node_store, study)
    delivery.deliver("pacs")
    assert delivery.counts["sent"] == len(study) == len(lines(node_store))


@pytest.mark.heavy
@pytest.mark.parametrize("way", ["entity", "web"])
def test_an_archive_that_is_down_loses_nothing(
    node_store: Store, study: list[Path], tmp_path: Path, way: str
) -> None:
    orthanc = new_orthanc(tmp_path / "orthanc")
    uids = enter(node_store, study)
    delivery = Delivery(node_store, SETTINGS, {"pacs": getattr(orthanc, way)})
    thread = threading.Thread(target=delivery.deliver, args=("pacs",))
    thread.start()
    time.sleep(2)
    assert statuses(node_store) == {"waiting"}
    orthanc.start()
    thread.join(30)
    assert orthanc.instance_uids() == uids
    assert delivery.counts["retries"] > 0
    orthanc.stop()


@pytest.mark.heavy
def test_an_archive_that_is_killed_in_mid_send_gets_everything_once(
    node_store: Store, tmp_path: Path
) -> None:
    orthanc = new_orthanc(tmp_path / "orthanc")
    orthanc.start()
    files = write_study(tmp_path / "many", slices=120)
    uids = enter(node_store, files)
    delivery = Delivery(node_store, SETTINGS, {"pacs": orthanc.entity})
    thread = threading.Thread(target=delivery.deliver, args=("pacs",))
    thread.start()
    for target in (10, 60):
        end = time.monotonic() + 30
        while delivery.counts["sent"] < target and time.monotonic() < end:
            time.sleep(0.001)
        assert delivery.counts["sent"] < len(files), "it must be killed before the end"
        orthanc.stop(signal.SIGKILL)
        time.sleep(0.5)
        orthanc.start()
    thread.join(60)
    assert not thread.is_alive()
    assert orthanc.instance_uids() == uids
    assert statuses(node_store) == {"sent"}
    orthanc.stop()


@pytest.mark.heavy
def test_what_the_archive_may_have_is_asked_for_and_not_sent_again(
    node_store: Store, orthanc: Orthanc, study: list[Path]
) -> None:
    enter(node_store, study[:1])
    (taken,) = take(node_store, "pacs", "killed", count=1)
    assert begin(node_store, taken, "killed")
    Entity(orthanc.entity, "STARLUNG", 10).store(study[:1], lambda _: True, lambda *_: None)
    changes = orthanc.ask("/changes?limit=1000")["Last"]
    with node_store.transaction() as session:  # the lease of the one that was killed ran out
        from medical.store.tables import OutboxEntry

        session.query(OutboxEntry).update({"lease_until": 0.0})
    assert Delivery(node_store, SETTINGS, {"pacs": orthanc.entity}).deliver("pacs")
    assert statuses(node_store) == {"sent"}
    assert orthanc.ask("/changes?limit=1000")["Last"] == changes


@pytest.mark.heavy
def test_two_senders_do_not_send_the_same(
    node_store: Store, orthanc: Orthanc, tmp_path: Path
) -> None:
    files = write_study(tmp_path / "many", slices=120)
    uids = enter(node_store, files)
    both = [Delivery(node_store, SETTINGS, {"pacs": orthanc.entity}) for _ in range(2)]
    threads = [threading.Thread(target=delivery.deliver, args=("pacs",)) for delivery in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert orthanc.instance_uids() == uids
    assert sum(delivery.counts["sent"] for delivery in both) == len(files)


@pytest.mark.heavy
def test_what_the_archive_refuses_is_told_and_keeps_nothing_back(
    node_store: Store, orthanc: Orthanc, study: list[Path], tmp_path: Path
) -> None:
    refused = tmp_path / "refused.dcm"
    dataset = pydicom.dcmread(study[0])
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.826.0.1.3680043.9.9"
    dataset.save_as(refused)
    enter(node_store, [refused, *study])
    assert Delivery(node_store, SETTINGS, {"pacs": orthanc.entity}).deliver("pacs")
    problems = {line.instance_uid: line.problem for line in lines(node_store)}
    assert problems.pop("1.2.3.4.5") == "it does not take this kind of object"
    assert set(problems.values()) == {""}


def test_an_unknown_peer_keeps_what_is_meant_for_it(node_store: Store, study: list[Path]) -> None:
    enter(node_store, study)
    assert not Delivery(node_store, SETTINGS, {}).deliver("pacs", limit_seconds=0.1)
    assert statuses(node_store) == {"waiting"}


@pytest.fixture
def scored_on_arrival(
    make_node: MakeNode, node_store: Store, study: list[Path], tmp_path: Path
) -> Callable[..., Node]:
    """A node whose first study has a made result; objects of it are due."""

    def make(folder: Path, orthanc: Orthanc) -> Node:
        node = make_node(
            folder,
            peers={"pacs": orthanc.entity.model_dump(), "web": orthanc.web.model_dump()},
            rules=[{"send_to": ["pacs", "web"], "forms": ["sr", "seg"]}],
            max_retry_seconds=1,
        )
        assert storescu(node.settings.port, study) == 0
        (source,) = wait_for_studies(node_store, 1)
        claimed = claim(node_store, "worker")
        assert claimed is not None
        header = pydicom.dcmread(study[0])
        card = find_model(DEFAULT_MODEL).card
        made = made_series(0.9, uid=str(header.SeriesInstanceUID))
        scored = made.model_copy(
            update={
                "study_instance_uid": str(header.StudyInstanceUID),
                "frame_of_reference_uid": str(header.FrameOfReferenceUID),
                "input": Input(path=".", sha256=content_of(source.iterdir()).sha256),
                "model": made.model.model_copy(update={"name": card.name, "digest": card.digest}),
                "findings": [
                    made.findings[0].model_copy(
                        update={"center_lps_mm": (15.0, 15.0, 5.0), "slice_number": 3}
                    )
                ],
            }
        )
        result = ResultFolder(claimed.folder / scored.series_instance_uid)
        result.path.mkdir(parents=True)
        grid = VolumeGeometry.axial(
            shape=(4, 8, 8), spacing_mm=(1, 1, 1), origin_lps_mm=(11.0, 11.0, 3.0)
        )
        result.write_outlines([Outline(1, np.ones((4, 8, 8), bool), grid)])
        result.write_findings(scored)
        assert finish(node_store, claimed, series=[scored])
        return node

    return make


def wait_until(good: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not good() and time.monotonic() < end:
        time.sleep(0.1)
    assert good()


@pytest.mark.heavy
def test_a_result_goes_to_every_peer_of_its_rule_once(
    scored_on_arrival: Callable[..., Node], node_store: Store, orthanc: Orthanc, tmp_path: Path
) -> None:
    node = scored_on_arrival(tmp_path / "node", orthanc)
    wait_until(lambda: len(lines(node_store)) == 4 and statuses(node_store) == {"sent"})
    time.sleep(2)
    assert len(lines(node_store)) == 4
    assert len(orthanc.instance_uids()) == 2
    classes = {
        orthanc.ask(f"/instances/{name}/tags?simplify")["Modality"]
        for name in orthanc.ask("/instances")
    }
    assert classes == {"SR", "SEG"}
    node_dispatch.clear_outbox(node_store, node.spool.outbox)
    assert list(node.spool.outbox.iterdir()) == [], "what was sent lies here no longer"


@pytest.mark.heavy
def test_a_full_outbox_waits_for_room(
    scored_on_arrival: Callable[..., Node], node_store: Store, orthanc: Orthanc, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "small") as disk:
        ballast = disk / "fill"
        (tmp_path / "ct2").mkdir()
        node = scored_on_arrival(disk / "node", orthanc)
        node.stopping.set()
        with node_store.transaction() as session:
            from medical.store.tables import Arrival, OutboxEntry

            session.query(OutboxEntry).delete()
            session.query(Arrival).update({"dispatched_at": None})
        ballast = fill(disk)
        with pytest.raises(OSError):
            dispatch_due(node_store, node.spool.outbox, imported=None)
        assert lines(node_store) == []
        ballast.unlink()
        shutil.rmtree(node.spool.outbox)
        node.spool.outbox.mkdir()
        assert dispatch_due(node_store, node.spool.outbox, imported=None) == 1
        assert len(lines(node_store)) == 4
        node.stop()
