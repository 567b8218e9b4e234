"""What others send is on disk once, whatever they do; strangers and nonsense do no harm."""

from __future__ import annotations

import json
import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)
from sqlalchemy import select

from medical.dicom_out.provenance import MODEL_NAME
from medical.node.node import Node
from medical.node.settings import Caller, NodeSettings
from medical.node.spool import token
from medical.store.database import Store
from medical.store.tables import Study
from tests.full_disk import fill, small_disk
from tests.logs import logged
from tests.medical.node.conftest import NAME, storescu, write_study
from tests.orthanc import free_port

MakeNode = Callable[..., Node]


def arrived(node: Node) -> list[Path]:
    return sorted((node.folder / "arrived").glob("*/*.dcm"))


def sources(store: Store) -> list[Path]:
    with store.reading() as session:
        return [Path(source) for source in session.scalars(select(Study.source))]


def wait_for_studies(store: Store, count: int, seconds: float = 20) -> list[Path]:
    end = time.monotonic() + seconds
    while len(spooled := sources(store)) < count and time.monotonic() < end:
        time.sleep(0.05)
    assert len(spooled) == count
    return spooled


def instances(files: list[Path]) -> dict[str, bytes]:
    """Pixels by instance."""
    read = [pydicom.dcmread(file) for file in files]
    return {str(dataset.SOPInstanceUID): dataset.PixelData for dataset in read}


def test_a_study_that_was_sent_is_put_in_line_whole(
    make_node: MakeNode, node_store: Store, study: list[Path]
) -> None:
    node = make_node()
    assert storescu(node.settings.port, study) == 0
    (source,) = wait_for_studies(node_store, 1)
    assert instances(list(source.iterdir())) == instances(study)


def test_an_echo_is_answered(make_node: MakeNode) -> None:
    if shutil.which("echoscu") is None:
        pytest.skip("DCMTK is not installed")
    port = str(make_node().settings.port)
    command = ["echoscu", "-aec", "STARLUNG", "127.0.0.1", port]
    assert subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.heavy
def test_slices_in_random_order_twice_and_over_two_associations_are_one_study(
    make_node: MakeNode, node_store: Store, study: list[Path]
) -> None:
    node = make_node(quiet_seconds=1.0)
    shuffled = random.Random(0).sample(study + study, 2 * len(study))
    with ThreadPoolExecutor() as pool:
        halves = [shuffled[: len(study)], shuffled[len(study) :]]
        assert list(pool.map(lambda half: storescu(node.settings.port, half), halves)) == [0, 0]
    (source,) = wait_for_studies(node_store, 1)
    assert instances(list(source.iterdir())) == instances(study)


@pytest.mark.heavy
def test_a_study_that_comes_again_is_not_put_in_line_again(
    make_node: MakeNode, node_store: Store, study: list[Path]
) -> None:
    node = make_node()
    storescu(node.settings.port, study)
    wait_for_studies(node_store, 1)
    storescu(node.settings.port, study)
    time.sleep(1.5)
    assert len(sources(node_store)) == 1


@pytest.mark.heavy
def test_a_late_slice_replaces_what_waits_unbegun(
    make_node: MakeNode, node_store: Store, study: list[Path]
) -> None:
    node = make_node()
    storescu(node.settings.port, study[:-1])
    (first,) = wait_for_studies(node_store, 1)
    storescu(node.settings.port, study[-1:])
    end = time.monotonic() + 10
    while sources(node_store) == [first] and time.monotonic() < end:
        time.sleep(0.05)
    (source,) = sources(node_store)
    assert instances(list(source.iterdir())) == instances(study)


@pytest.mark.heavy
def test_a_late_slice_of_a_study_that_was_begun_makes_a_study_of_all(
    make_node: MakeNode, node_store: Store, study: list[Path]
) -> None:
    node = make_node()
    storescu(node.settings.port, study[:-1])
    wait_for_studies(node_store, 1)
    with node_store.transaction() as session:
        session.scalars(select(Study)).one().status = "ready"
    storescu(node.settings.port, study[-1:])
    sizes = sorted(len(list(source.iterdir())) for source in wait_for_studies(node_store, 2))
    assert sizes == [len(study) - 1, len(study)]


@pytest.mark.parametrize("rules", [[{}], [{"modality": ""}]])
def test_a_study_that_comes_back_with_its_own_results_is_not_scored_again(
    make_node: MakeNode, node_store: Store, study: list[Path], tmp_path: Path, rules: list[dict]
) -> None:
    """As from a PACS that routes whole studies to the node: else each result begets the next."""
    node = make_node(rules=rules)
    storescu(node.settings.port, study)
    (source,) = wait_for_studies(node_store, 1)
    with node_store.transaction() as session:
        session.scalars(select(Study)).one().status = "ready"
    report = pydicom.dcmread(study[0])
    del report.PixelData
    report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    report.SeriesInstanceUID, report.Modality = "1.2.3", "SR"
    report.ManufacturerModelName = MODEL_NAME
    report.save_as(tmp_path / "report.dcm")
    assert storescu(node.settings.port, [*study, tmp_path / "report.dcm"]) == 0
    time.sleep(1.5)
    assert len(arrived(node)) == len(study) + 1
    assert sources(node_store) == [source]


@pytest.mark.heavy
def test_a_node_that_starts_again_goes_on_with_what_lies_there(
    make_node: MakeNode, node_store: Store, study: list[Path], tmp_path: Path
) -> None:
    first = make_node(quiet_seconds=1000)
    storescu(first.settings.port, study)
    first.stop()
    make_node()
    (source,) = wait_for_studies(node_store, 1)
    assert instances(list(source.iterdir())) == instances(study)


@pytest.mark.heavy
def test_twenty_studies_at_once_are_twenty_studies(
    make_node: MakeNode, node_store: Store, tmp_path: Path
) -> None:
    node = make_node(quiet_seconds=2.0)
    studies = [
        write_study(tmp_path / f"s{number}", identity=f"s{number}", slices=3)
        for number in range(20)
    ]
    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda files: storescu(node.settings.port, files), studies))
    assert codes == [0] * 20
    received = [instances(list(source.iterdir())) for source in wait_for_studies(node_store, 20)]
    assert sorted(map(sorted, received)) == sorted(sorted(instances(files)) for files in studies)


@pytest.mark.heavy
def test_only_rules_decide_what_is_scored(
    make_node: MakeNode, node_store: Store, study: list[Path], tmp_path: Path
) -> None:
    rules = [{"description": "^nothing$"}, {"calling": "^SCANNER$", "kernel": "stan"}]
    node = make_node(rules=rules)
    storescu(node.settings.port, write_study(tmp_path / "b", identity="b"), title="OTHER")
    storescu(node.settings.port, study, title="SCANNER")
    (source,) = wait_for_studies(node_store, 1)
    time.sleep(1.5)
    assert len(sources(node_store)) == 1
    assert instances(list(source.iterdir())) == instances(study)
    assert len(arrived(node)) == 12  # what no rule wants is kept for its days all the same


@pytest.mark.parametrize(("title", "address"), [("STRANGER", "127.0.0.1"), ("CT1", "10.0.0.0/8")])
def test_whoever_is_not_named_may_not_call(
    make_node: MakeNode, study: list[Path], title: str, address: str
) -> None:
    node = make_node(callers=[{"ae_title": "CT1", "address": address}])
    assert storescu(node.settings.port, study, title=title) != 0
    assert arrived(node) == []


@pytest.mark.parametrize(
    ("title", "called", "reason"),
    [
        ("CT2", "STARLUNG", "node.callers has no such title and address"),
        ("CT1", "LUNG", "it called LUNG, not node.ae_title"),
    ],
)
def test_the_log_says_who_was_refused_and_why(
    make_node: MakeNode, study: list[Path], title: str, called: str, reason: str
) -> None:
    node = make_node(callers=[{"ae_title": "CT1", "address": "127.0.0.1"}])
    with logged() as log:
        assert storescu(node.settings.port, study, title=title, called=called) != 0
    (line,) = [line for line in log if "refused" in line]
    assert f"{title} at 127.0.0.1 was refused: {reason}" in line
    assert node.receiver.counts["refused"] == 1


def test_a_named_caller_is_served(make_node: MakeNode, study: list[Path]) -> None:
    node = make_node(callers=[{"ae_title": "CT1", "address": "127.0.0.0/8"}])
    assert storescu(node.settings.port, study) == 0


def test_addresses_and_titles_are_compared_whole() -> None:
    caller = Caller(ae_title="CT1", address="10.1.0.0/16")
    assert caller.covers("CT1 ", "10.1.2.3")
    assert caller.covers("CT1", "::ffff:10.1.2.3")
    assert not caller.covers("CT10", "10.1.2.3")
    assert not caller.covers("CT1", "10.2.2.3")


def test_nobody_else_is_let_in_without_a_list_of_callers() -> None:
    with pytest.raises(ValueError, match="must name who may call"):
        NodeSettings(host="0.0.0.0")


@pytest.mark.heavy
def test_a_full_disk_is_told_to_the_sender_and_nothing_half_is_left(
    make_node: MakeNode, node_store: Store, study: list[Path], tmp_path: Path
) -> None:
    with small_disk(tmp_path / "small") as disk:
        node = make_node(disk / "node", quiet_seconds=0.5)
        ballast = fill(disk)
        storescu(node.settings.port, study)
        assert arrived(node) == []
        assert list((disk / "node").rglob(".draft*")) == []
        ballast.unlink()
        assert storescu(node.settings.port, study) == 0
        (source,) = wait_for_studies(node_store, 1)
        assert instances(list(source.iterdir())) == instances(study)
        node.stop()


GARBAGE = {
    "nothing": b"",
    "a web browser": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeros": bytes(4096),
    "an endless PDU": struct.pack(">BBL", 4, 0, 0xFFFFFFFF) + bytes(100_000),
    "an association cut short": struct.pack(">BBL", 1, 0, 200) + b"\0\1" + bytes(50),
    "an association of noise": struct.pack(">BBL", 1, 0, 5000) + random.Random(1).randbytes(5000),
    "data before an association": struct.pack(">BBL", 4, 0, 6) + bytes(6),
}


@pytest.mark.heavy
@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_costs_its_own_connection_only(
    make_node: MakeNode, study: list[Path], kind: str
) -> None:
    node = make_node()
    with socket.create_connection(("127.0.0.1", node.settings.port), timeout=20) as peer:
        try:
            peer.sendall(GARBAGE[kind])
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(4096):
                pass
        except OSError:
            pass  # it was cut off
    assert storescu(node.settings.port, study) == 0


@pytest.mark.heavy
def test_peers_that_hang_are_cut_off_and_keep_nobody_out(
    make_node: MakeNode, study: list[Path]
) -> None:
    node = make_node(timeout_seconds=1.0, max_associations=2)
    hanging = [
        socket.create_connection(("127.0.0.1", node.settings.port), timeout=20) for _ in range(5)
    ]
    for peer in hanging[:3]:
        peer.sendall(struct.pack(">BBL", 1, 0, 200))  # and nothing more
    started = time.monotonic()
    for peer in hanging:
        try:
            while peer.recv(4096):
                pass
        except ConnectionError:
            pass
        peer.close()
    assert time.monotonic() - started < 15
    assert storescu(node.settings.port, study) == 0


@pytest.mark.heavy
def test_a_drip_of_bytes_is_no_sign_of_life(make_node: MakeNode) -> None:
    node = make_node(timeout_seconds=1.0)
    with socket.create_connection(("127.0.0.1", node.settings.port), timeout=20) as peer:
        peer.sendall(struct.pack(">BBL", 1, 0, 200))
        end = time.monotonic() + 15
        with pytest.raises(OSError):
            while time.monotonic() < end:
                peer.sendall(b"x")
                time.sleep(0.1)


@pytest.mark.heavy
def test_an_instance_larger_than_allowed_is_cut_off(make_node: MakeNode, study: list[Path]) -> None:
    node = make_node(max_instance_mb=1)
    dataset = pydicom.dcmread(study[0])
    dataset.add_new(0x00091010, "OB", bytes(3_000_000))
    ae = AE("CT1")
    ae.add_requested_context(CTImageStorage, dataset.file_meta.TransferSyntaxUID)
    ae.dimse_timeout = 10
    association = ae.associate("127.0.0.1", node.settings.port, ae_title="STARLUNG")
    assert "Status" not in association.send_c_store(dataset)
    assert arrived(node) == []
    assert storescu(node.settings.port, study) == 0


def test_an_instance_without_valid_uids_is_refused(
    make_node: MakeNode, study: list[Path], tmp_path: Path
) -> None:
    node = make_node()
    dataset = pydicom.dcmread(study[0])
    dataset.StudyInstanceUID = "../../outside"
    ae = AE("CT1")
    ae.add_requested_context(CTImageStorage, dataset.file_meta.TransferSyntaxUID)
    association = ae.associate("127.0.0.1", node.settings.port, ae_title="STARLUNG")
    assert association.send_c_store(dataset).Status == 0xC000
    association.release()
    assert arrived(node) == []


def test_no_log_and_no_file_is_called_after_the_patient(
    make_node: MakeNode, node_store: Store, study: list[Path]
) -> None:
    with logged() as lines:
        node = make_node()
        storescu(node.settings.port, study)
        wait_for_studies(node_store, 1)
        time.sleep(0.2)
    names = [str(path) for path in node.folder.rglob("*")]
    assert any("queued" in line for line in lines)
    for word in (*NAME.split("^"), "SECRET-ID"):
        assert not [text for text in (*lines, *names) if word in text]


@pytest.mark.heavy
def test_storage_is_committed_to_and_what_is_not_here_is_not(
    make_node: MakeNode, study: list[Path]
) -> None:
    port, reports = free_port(), []
    arrived_event = threading.Event()

    def report(event: evt.Event) -> tuple[int, None]:
        reports.append((event.event_type, event.event_information))
        arrived_event.set()
        return 0x0000, None

    scanner = AE("CT1")
    scanner.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    server = scanner.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)]
    )
    node = make_node(
        callers=[{"ae_title": "CT1", "address": "127.0.0.1", "port": port}],
        storage_commitment=True,
    )
    storescu(node.settings.port, study[:1])
    request = Dataset()
    request.TransactionUID = "1.2.3.4"
    request.ReferencedSOPSequence = []
    for file in study[:2]:
        item = Dataset()
        item.ReferencedSOPClassUID = CTImageStorage
        item.ReferencedSOPInstanceUID = pydicom.dcmread(file).SOPInstanceUID
        request.ReferencedSOPSequence.append(item)
    scanner.add_requested_context(StorageCommitmentPushModel)
    role = build_role(StorageCommitmentPushModel, scu_role=True, scp_role=False)
    association = scanner.associate(
        "127.0.0.1", node.settings.port, ae_title="STARLUNG", ext_neg=[role]
    )
    status, _ = association.send_n_action(
        request, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    assert status.Status == 0x0000
    association.release()
    assert arrived_event.wait(20)
    server.shutdown()
    (kind, information), first = reports[0], pydicom.dcmread(study[0])
    assert kind == 2
    assert [i.ReferencedSOPInstanceUID for i in information.ReferencedSOPSequence] == [
        first.SOPInstanceUID
    ]
    assert information.FailedSOPSequence[0].FailureReason == 0x0112
    assert node.spool.clear(older_than_seconds=-1) == 0, "what was promised stays"
    assert (node.folder / "arrived" / token(first.StudyInstanceUID)).is_dir()


@pytest.mark.heavy
def test_old_studies_are_deleted(make_node: MakeNode, study: list[Path]) -> None:
    node = make_node(quiet_seconds=1000)
    storescu(node.settings.port, study)
    assert node.spool.clear(older_than_seconds=3600) == 0
    assert node.spool.clear(older_than_seconds=-1) == 1
    assert arrived(node) == []
    assert storescu(node.settings.port, study) == 0
    assert len(arrived(node)) == len(study)


def test_settings_name_what_is_wrong(tmp_path: Path) -> None:
    rule = json.loads('{"send_to": ["pacs"]}')
    with pytest.raises(ValueError, match=r"a rule sends to pacs, which node\.peers does not name"):
        NodeSettings.model_validate({"rules": [rule]})
