"""The service class provider: answers echoes, stores what is sent, and promises to keep it.

On failure: an instance is answered Success once it is on disk, and else by a status that makes the
sender try again (no room) or tell its user (no valid instance). Whatever a peer sends, or leaves
unsent, costs its own association only; headers stand in no log.

Standard:
    PS3.4 B (storage), J (storage commitment), PS3.7 9.1.1 and 9.3.5, PS3.8 9.3.4 (rejection).
"""

from __future__ import annotations

import io
import json
import logging
import ssl
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filereader import dcmread
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

from medical.dicom.header.tags import items, quiet_pydicom, text, valid_uid
from medical.files import write_atomic
from medical.node.guard import SharedContexts, guard_connection
from medical.node.settings import Caller, NodeSettings, Tls
from medical.node.spool import Spool, token
from medical.plain_text import one_line
from medical.store.database import Store, StoreUnavailableError
from medical.store.outbox import Outgoing, put

_log = logging.getLogger(__name__)

SUCCESS, NO_ROOM, MISMATCH, NOT_UNDERSTOOD, FAILURE = 0x0000, 0xA700, 0xA900, 0xC000, 0x0110
NO_SUCH_ACTION = 0x0123
_REJECTED, _BY_USER, _TITLE_UNKNOWN = 1, 1, 3
_HEADER_BYTES = 1 << 20
COMMITMENT = "commitment:"
"""Begins the outbox's names of those who wait for a report on storage commitment."""


@dataclass(slots=True)
class Receiver:
    """Listens for associations, each in a thread of its own.

    Args:
        settings: of the node.
        spool: gets the instances.
        store: gets the reports on storage commitment.
        counts: what happened so far, by name.
    """

    settings: NodeSettings
    spool: Spool
    store: Store
    counts: Counter[str] = field(default_factory=Counter)
    _server: Any = None

    def start(self) -> int:
        """Listen; returns the port.

        Raises:
            OSError: the address is taken, or a file of the TLS settings cannot be read.
        """
        settings = self.settings
        ae = AE(settings.ae_title)
        ae.maximum_associations = settings.max_associations
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = settings.timeout_seconds
        ae.require_called_aet = True
        ae.add_supported_context(Verification)
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(context.abstract_syntax, ALL_TRANSFER_SYNTAXES)
        if settings.storage_commitment:
            ae.add_supported_context(StorageCommitmentPushModel)
        handlers = [
            (evt.EVT_CONN_OPEN, self._opened),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_ACTION, self._commit),
        ]
        self._server = ae.start_server(
            (settings.host, settings.port),
            block=False,
            evt_handlers=handlers,
            ssl_context=server_context(settings.tls) if settings.tls else None,
        )
        self._server.contexts = SharedContexts(self._server.contexts)
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """End all associations and listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def _caller(self, event: Any) -> Caller | None:
        requestor = event.assoc.requestor
        title = requestor.primitive.calling_ae_title
        return self.settings.caller(title, requestor.address_info.address)

    def _opened(self, event: Any) -> None:
        guard_connection(
            event.assoc,
            seconds=self.settings.timeout_seconds,
            max_bytes=self.settings.max_instance_mb * 1_000_000,
        )

    def _requested(self, event: Any) -> None:
        """Refuse strangers, before anything is negotiated; the log says whom, and why."""
        request, address = event.assoc.requestor.primitive, event.assoc.requestor.address_info
        who = f"{one_line(request.calling_ae_title or '')} at {address.address}"
        called = one_line(request.called_ae_title or "")
        if called != self.settings.ae_title:  # pynetdicom refuses it
            self.counts["refused"] += 1
            _log.warning("%s was refused: it called %s, not node.ae_title", who, called)
        elif self._caller(event) is None:
            self.counts["refused"] += 1
            _log.warning("%s was refused: node.callers has no such title and address", who)
            event.assoc.acse.send_reject(_REJECTED, _BY_USER, _TITLE_UNKNOWN)

    def _store(self, event: Any) -> int:
        try:
            status = self._keep(event)
        except OSError as error:
            _log.error("an instance could not be kept: %s", error.strerror)
            status = NO_ROOM
        except Exception as error:  # a hostile header makes pydicom raise nearly anything
            _log.warning("an instance was refused (%s)", type(error).__name__)
            status = NOT_UNDERSTOOD
        self.counts[_OUTCOMES[status]] += 1
        return status

    def _keep(self, event: Any) -> int:
        body = event.request.DataSet.getvalue()
        if self.spool.free_bytes() < self.settings.min_free_mb * 1_000_000 + len(body):
            _log.error("an instance could not be kept: the spool's disk is full")
            return NO_ROOM
        meta = event.file_meta
        caller = event.assoc.requestor.primitive.calling_ae_title
        meta.SendingApplicationEntityTitle = caller.strip()
        head = file_head(meta)
        with quiet_pydicom():
            header = dcmread(
                io.BytesIO(head + body),
                stop_before_pixels=True,
                specific_tags=["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"],
            )
            uids = [text(header, f"{part}InstanceUID") for part in ("Study", "Series", "SOP")]
        if not all(uid and valid_uid(uid) for uid in uids):
            return NOT_UNDERSTOOD
        if uids[2] != str(event.request.AffectedSOPInstanceUID):
            return MISMATCH
        new = self.spool.keep(uids[0], uids[2], head, body)
        self.counts["bytes"] += len(body) if new else 0
        return SUCCESS

    def _commit(self, event: Any) -> tuple[int, None]:
        """Look which instances are here, keep them, and put the report into the outbox."""
        caller = self._caller(event)
        request = event.action_information
        transaction = text(request, "TransactionUID")
        if event.action_type != 1:
            return NO_SUCH_ACTION, None
        if caller is None or caller.port is None or not valid_uid(transaction):
            return FAILURE, None
        references = [
            (text(item, "ReferencedSOPClassUID"), text(item, "ReferencedSOPInstanceUID"))
            for item in items(request, "ReferencedSOPSequence")
        ]
        try:
            here = self.spool.commit_to(uid for _, uid in references)
            report = {
                "ae_title": caller.ae_title,
                "host": event.assoc.requestor.address_info.address,
                "port": caller.port,
                "transaction": transaction,
                "kept": [pair for pair in references if pair[1] in here],
                "lacking": [pair for pair in references if pair[1] not in here],
            }
            folder = self.spool.outbox / token(transaction)
            folder.mkdir(exist_ok=True, mode=0o700)
            write_atomic(folder / "report.json", json.dumps(report))
            outgoing = Outgoing(transaction, folder / "report.json", "commitment")
            with self.store.transaction() as session:
                put(session, COMMITMENT + caller.ae_title, [outgoing])
        except (OSError, StoreUnavailableError):
            return FAILURE, None
        return SUCCESS, None


_OUTCOMES = {
    SUCCESS: "stored",
    NO_ROOM: "no_room",
    MISMATCH: "not_understood",
    NOT_UNDERSTOOD: "not_understood",
}


def file_head(meta: Any) -> bytes:
    """Return preamble and file meta information as they stand before a data set."""
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info

    buffer = DicomBytesIO()
    buffer.write(b"\0" * 128 + b"DICM")
    write_file_meta_info(buffer, meta)
    return bytes(buffer.getvalue())


def server_context(tls: Tls) -> ssl.SSLContext:
    """Return what our end of an encrypted connection shows and asks for.

    Raises:
        OSError: a file cannot be read, or is none.
        ValueError: certificate or key is not given.
    """
    if tls.certificate is None or tls.key is None:
        raise ValueError("node.tls needs certificate and key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.certificate, tls.key)
    if tls.authority is not None:
        context.load_verify_locations(tls.authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def commitment_report(report: dict[str, Any]) -> tuple[Dataset, int]:
    """Build the data set of a report and its event type: 1 all kept, 2 not all.

    Standard:
        PS3.4 J.3.3.
    """
    dataset = Dataset()
    dataset.TransactionUID = report["transaction"]
    for name, pairs in (("ReferencedSOPSequence", "kept"), ("FailedSOPSequence", "lacking")):
        entries = []
        for class_uid, instance_uid in report[pairs]:
            entry = Dataset()
            entry.ReferencedSOPClassUID, entry.ReferencedSOPInstanceUID = class_uid, instance_uid
            if pairs == "lacking":
                entry.FailureReason = 0x0112  # no such object instance
            entries.append(entry)
        if entries:
            setattr(dataset, name, entries)
    return dataset, 2 if report["lacking"] else 1
