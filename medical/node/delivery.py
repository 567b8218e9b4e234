"""Brings what is in the outbox to its peers: nothing is lost, nothing comes twice.

On failure: a peer that does not answer is tried again after pauses that grow, with nothing lost
meanwhile. Where an attempt was begun and its end is not known (we or the peer died), the peer is
asked whether it has the object before it is sent again; where it answers no queries, the object
comes again as the same instance.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_any,
    stop_when_event_set,
    wait_exponential_jitter,
)
from tenacity.stop import stop_base

from medical.node.dicomweb import WebServer
from medical.node.dimse import Entity, PeerUnavailableError
from medical.node.receiver import COMMITMENT, commitment_report
from medical.node.settings import NodeSettings, Peer
from medical.store.database import Store, StoreUnavailableError
from medical.store.outbox import Taken, begin, destinations_waiting, end, release, take

_log = logging.getLogger(__name__)
_BATCH = 50
_POLL_SECONDS = 1.0


@dataclass(slots=True)
class Delivery:
    """Sends what waits.

    Args:
        store: holds the outbox.
        settings: our AE title, pauses, peers.
        peers: by name, those that the settings lack too.
        stopping: set to end.
        counts: what happened so far, by name.
    """

    store: Store
    settings: NodeSettings
    peers: Mapping[str, Peer]
    stopping: threading.Event = field(default_factory=threading.Event)
    counts: Counter[str] = field(default_factory=Counter)
    owner: str = field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    )
    _threads: dict[str, threading.Thread] = field(default_factory=dict)

    def start_waiting(self) -> None:
        """Start a thread for each peer for which something waits and that has none."""
        for destination in destinations_waiting(self.store):
            thread = self._threads.get(destination)
            if thread is None or not thread.is_alive():
                thread = threading.Thread(target=self.deliver, args=(destination,), daemon=True)
                self._threads[destination] = thread
                thread.start()

    def wait(self) -> None:
        """Wait until no thread sends any more."""
        for thread in self._threads.values():
            thread.join()

    def deliver(self, destination: str, *, limit_seconds: float | None = None) -> bool:
        """Send all that waits for a peer, however often it takes; true when nothing waits.

        Args:
            destination: the peer's name.
            limit_seconds: give up for now after so long; without it, when ``stopping`` is set.
        """
        stops: list[stop_base] = [stop_when_event_set(self.stopping)]
        if limit_seconds is not None:
            stops.append(stop_after_delay(limit_seconds))
        retrying = Retrying(
            retry=retry_if_exception_type((PeerUnavailableError, StoreUnavailableError)),
            wait=wait_exponential_jitter(initial=1, max=self.settings.max_retry_seconds),
            sleep=sleep_using_event(self.stopping),
            stop=stop_any(*stops),
            before_sleep=lambda state: self._tell(destination, state),
            retry_error_callback=lambda _: False,
        )
        return bool(retrying(self._deliver_once, destination))

    def _tell(self, destination: str, state: RetryCallState) -> None:
        self.counts["retries"] += 1
        error = state.outcome.exception() if state.outcome else None
        if state.attempt_number == 1:
            _log.warning("%s: %s; what is meant for it waits", destination, error)

    def _deliver_once(self, destination: str) -> bool:
        while not self.stopping.is_set():
            batch = take(self.store, destination, self.owner, count=_BATCH)
            if not batch:
                return True
            try:
                self._send(destination, batch)
            finally:
                release(self.store, batch, self.owner)
        return False

    def _send(self, destination: str, batch: list[Taken]) -> None:
        if destination.startswith(COMMITMENT):
            self._report(batch)
            return
        peer = self.peers.get(destination)
        if peer is None:
            raise PeerUnavailableError("no such peer is among node.peers")
        timeout = self.settings.timeout_seconds
        remote: Entity | WebServer = (
            WebServer(peer, timeout) if peer.url else Entity(peer, self.settings.ae_title, timeout)
        )
        batch = [item for item in batch if not self._settled(remote, item)]
        if not batch:
            return

        def ended(index: int, problem: str) -> None:
            end(self.store, batch[index], self.owner, problem=problem)
            self.counts["refused" if problem else "sent"] += 1
            if problem:
                _log.error("%s refuses an object: %s", destination, problem)

        files = [item.outgoing.path for item in batch]
        remote.store(files, lambda index: begin(self.store, batch[index], self.owner), ended)

    def _settled(self, remote: Entity | WebServer, item: Taken) -> bool:
        """End an entry without sending: the peer has it, or its file is gone."""
        if item.begun_before and item.outgoing.path.is_file() and remote.has(item.outgoing.path):
            end(self.store, item, self.owner)
            self.counts["sent"] += 1
            return True
        if not item.outgoing.path.is_file():
            end(self.store, item, self.owner, problem="its file is gone")
            return True
        return False

    def _report(self, batch: list[Taken]) -> None:
        for item in batch:
            try:
                report: dict[str, Any] = json.loads(item.outgoing.path.read_bytes())
            except (OSError, ValueError):
                end(self.store, item, self.owner, problem="its file is gone")
                continue
            peer = Peer(ae_title=report["ae_title"], host=report["host"], port=report["port"])
            if begin(self.store, item, self.owner):
                entity = Entity(peer, self.settings.ae_title, self.settings.timeout_seconds)
                entity.report(*commitment_report(report))
                end(self.store, item, self.owner)
                self.counts["commitments"] += 1
