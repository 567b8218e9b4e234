"""What we ask of another application entity: store, find, get, move, take a report.

Standard:
    PS3.4 B (storage), C (query and retrieve), J (storage commitment).
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filereader import dcmread, read_file_meta_info
from pynetdicom import (
    AE,
    ALL_TRANSFER_SYNTAXES,
    DEFAULT_TRANSFER_SYNTAXES,
    AllStoragePresentationContexts,
    build_context,
    build_role,
    evt,
)
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import (
    BasicTextSRStorage,
    ChestCADSRStorage,
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    CTImageStorage,
    EncapsulatedPDFStorage,
    EnhancedCTImageStorage,
    EnhancedSRStorage,
    KeyObjectSelectionDocumentStorage,
    LegacyConvertedEnhancedCTImageStorage,
    ParametricMapStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from medical.dicom.header.tags import quiet_pydicom, text
from medical.node.settings import Peer, Tls

_log = logging.getLogger(__name__)
_MAX_CONTEXTS = 128
_PENDING = (0xFF00, 0xFF01)
_IN_ANY_ENCODING = (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
_OURS = (
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    BasicTextSRStorage,
    ChestCADSRStorage,
    SegmentationStorage,
    ParametricMapStorage,
    KeyObjectSelectionDocumentStorage,
    EncapsulatedPDFStorage,
    RTStructureSetStorage,
)
"""What scoring and retraining read, and what we write."""
_OTHERS = tuple(context.abstract_syntax for context in AllStoragePresentationContexts)
_FETCHED = tuple(dict.fromkeys([*_IN_ANY_ENCODING, *_OURS, *_OTHERS]))[: _MAX_CONTEXTS - 1]
"""As much as an association can offer: a peer gives nothing of a study for lack of one kind."""
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
Keep = Callable[[Dataset, bytes], None]


class PeerUnavailableError(Exception):
    """The peer does not answer, or has no room: what is meant for it must wait."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Another application entity, and how we call ourselves to it.

    Args:
        peer: where it is.
        ae_title: ours.
        timeout_seconds: an answer may take no longer.
    """

    peer: Peer
    ae_title: str
    timeout_seconds: float

    @contextmanager
    def _association(
        self, contexts: Sequence[PresentationContext], **options: Any
    ) -> Iterator[Any]:
        ae = AE(self.ae_title)
        ae.connection_timeout = min(30.0, self.timeout_seconds)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = self.timeout_seconds
        tls = self.peer.tls
        association = ae.associate(
            self.peer.host,
            self.peer.port,
            contexts=list(contexts),
            ae_title=self.peer.ae_title,
            tls_args=(client_context(tls), self.peer.host) if tls else None,
            **options,
        )
        if not association.is_established:
            what = "refuses us" if association.is_rejected else "does not answer"
            raise PeerUnavailableError(f"it {what}")
        try:
            yield association
        finally:
            if association.is_established:
                association.release()

    def echo(self) -> None:
        """Ask whether it is there.

        Raises:
            PeerUnavailableError: it is not.
        """
        with self._association([build_context(Verification)]) as association:
            if getattr(association.send_c_echo(), "Status", None) != 0:
                raise PeerUnavailableError("it does not answer an echo")

    def store(
        self, files: Sequence[Path], begin: Callable[[int], bool], end: Callable[[int, str], None]
    ) -> None:
        """Send objects.

        Args:
            files: of the objects.
            begin: told the index of the file that is sent next; false: leave it out.
            end: told the index and why the peer refuses it, nothing where it has it.

        Raises:
            PeerUnavailableError: the rest must wait.
        """
        wanted = {_kind(file) for file in files}
        contexts = [build_context(kind, syntax) for kind, syntax in sorted(wanted)]
        with self._association(contexts[:_MAX_CONTEXTS]) as association:
            for index, file in enumerate(files):
                if begin(index):
                    end(index, _store_one(association, file))

    def has(self, file: Path) -> bool:
        """Ask whether it has the object in a file; false where it cannot tell.

        Raises:
            PeerUnavailableError: it does not answer.
        """
        query = dcmread(file, stop_before_pixels=True, specific_tags=list(UIDS))
        query.QueryRetrieveLevel, instance_uid = "IMAGE", text(query, UIDS[2])
        return any(text(match, "SOPInstanceUID") == instance_uid for match in self.find(query))

    def find(self, query: Dataset) -> list[Dataset]:
        """Ask what it has; nothing where it answers no queries.

        Raises:
            PeerUnavailableError: it does not answer.
        """
        model = StudyRootQueryRetrieveInformationModelFind
        try:
            with self._association([build_context(model)]) as association:
                return [
                    identifier
                    for status, identifier in association.send_c_find(query, model)
                    if getattr(status, "Status", None) in _PENDING and identifier is not None
                ]
        except ValueError:  # no accepted context for queries
            return []

    def get(self, query: Dataset, keep: Keep) -> int:
        """Fetch by C-GET; returns how many could not be had.

        Args:
            query: level and UIDs.
            keep: called with the file meta information and the encoded data set of each.

        Raises:
            PeerUnavailableError: it does not answer.
        """
        model = StudyRootQueryRetrieveInformationModelGet
        contexts = [build_context(model)]
        for kind in _FETCHED:
            anyhow = kind in _IN_ANY_ENCODING
            contexts.append(build_context(kind, _SYNTAXES if anyhow else DEFAULT_TRANSFER_SYNTAXES))
        roles = [build_role(kind, scp_role=True) for kind in _FETCHED]
        handlers = [(evt.EVT_C_STORE, _kept_by(keep))]
        with self._association(contexts, ext_neg=roles, evt_handlers=handlers) as association:
            return _ended(association.send_c_get(query, model))[1]

    def move(self, query: Dataset, destination: str) -> tuple[int, int]:
        """Have it send to an AE that it knows, by C-MOVE; returns how many it sent, and could not.

        Raises:
            PeerUnavailableError: it does not answer.
        """
        model = StudyRootQueryRetrieveInformationModelMove
        with self._association([build_context(model)]) as association:
            return _ended(association.send_c_move(query, destination, model))

    def report(self, dataset: Dataset, event_type: int) -> None:
        """Tell it how its request for storage commitment ended.

        Raises:
            PeerUnavailableError: it cannot be told now.
        """
        model = StorageCommitmentPushModel
        role = build_role(model, scp_role=True)
        with self._association([build_context(model)], ext_neg=[role]) as association:
            status, _ = association.send_n_event_report(
                dataset, event_type, model, StorageCommitmentPushModelInstance
            )
            if getattr(status, "Status", None) != 0:
                raise PeerUnavailableError("it does not take the report")


_SYNTAXES = list(dict.fromkeys([*DEFAULT_TRANSFER_SYNTAXES, *ALL_TRANSFER_SYNTAXES]))


def _kept_by(keep: Keep) -> Callable[[Any], int]:
    def handle(event: Any) -> int:
        try:
            keep(event.file_meta, event.request.DataSet.getvalue())
        except OSError as error:
            _log.error("an instance could not be kept: %s", error.strerror)
            return 0xA700
        return 0x0000

    return handle


def _ended(responses: Any) -> tuple[int, int]:
    """How many objects the peer sent, and how many it could not."""
    sent, failed, ended = 0, 0, False
    for status, _ in responses:
        code = getattr(status, "Status", None)
        if code is None:
            break
        done = ("NumberOfCompletedSuboperations", "NumberOfWarningSuboperations")
        sent = sum(int(getattr(status, name, 0) or 0) for name in done)
        failed = int(getattr(status, "NumberOfFailedSuboperations", 0) or 0)
        if code not in _PENDING:
            ended = True
            if code not in (0x0000, 0xB000):
                raise PeerUnavailableError(f"it answered with status {code:04X}")
    if not ended:
        raise PeerUnavailableError("it broke off")
    return sent, failed


def _kind(file: Path) -> tuple[str, str]:
    meta = read_file_meta_info(file)
    return str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)


def _store_one(association: Any, file: Path) -> str:
    """Send one object; returns why it is refused, nothing where the peer has it."""
    try:
        with quiet_pydicom():
            status = association.send_c_store(dcmread(file))
    except ValueError:
        return "it does not take this kind of object"
    except (RuntimeError, AttributeError) as error:  # the association ended
        raise PeerUnavailableError("the connection was lost") from error
    code = getattr(status, "Status", None)
    if code is None:
        raise PeerUnavailableError("the connection was lost")
    if code == 0x0000 or code & 0xF000 == 0xB000 or code in (0x0001, 0x0107, 0x0116):
        return ""
    if code & 0xFF00 == 0xA700:
        raise PeerUnavailableError("it has no room")
    return f"it answered with status {code:04X}"


def client_context(tls: Tls) -> ssl.SSLContext:
    """Return what our end of a connection that we open shows and asks for.

    Raises:
        OSError: a file cannot be read, or is none.
    """
    context = ssl.create_default_context(cafile=tls.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
