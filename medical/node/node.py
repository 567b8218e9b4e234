"""The whole node: receives, queues complete studies, makes objects of results, sends them.

On failure: each of the four goes on while another waits, for a disk with room, a store or a peer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from medical.metrics import REGISTRY, Counts
from medical.node.completion import Completion
from medical.node.delivery import Delivery
from medical.node.dispatch import clear_outbox, dispatch_due
from medical.node.receiver import Receiver
from medical.node.settings import NodeSettings
from medical.node.spool import Spool
from medical.store.database import Store, StoreUnavailableError
from models.zoo.loader import DEFAULT_MODEL

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 1.0
_PAUSE_AFTER_TROUBLE_SECONDS = 5.0
_SECONDS_BETWEEN_CLEARINGS = 600.0


@dataclass(slots=True)
class Node:
    """Runs until it is waiting to stop.

    Args:
        store: of the site.
        settings: of the node.
        folder: of the spool and outbox, private.
        results: folder below which results go.
        imported: folder of the user's own models.
        model: name of the one that the site scores with.
    """

    store: Store
    settings: NodeSettings
    folder: Path
    results: Path
    imported: Path | None
    model: str = DEFAULT_MODEL
    stopping: threading.Event = field(default_factory=threading.Event)
    spool: Spool = field(init=False)
    receiver: Receiver = field(init=False)
    delivery: Delivery = field(init=False)
    _cleared: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.spool = Spool(self.folder)
        self.receiver = Receiver(self.settings, self.spool, self.store)
        self.delivery = Delivery(
            self.store, self.settings, self.settings.peers, stopping=self.stopping
        )

    def start(self) -> int:
        """Listen, and look after what lies there already; returns the port.

        Raises:
            OSError: the address is taken, or a file of the TLS settings cannot be read.
        """
        completion = Completion(self.store, self.spool, self.settings, self.results)
        port = self.receiver.start()
        jobs: list[Callable[[], object]] = [
            lambda: self._complete(completion),
            lambda: dispatch_due(
                self.store, self.spool.outbox, imported=self.imported, model=self.model
            ),
            self.delivery.start_waiting,
        ]
        for job in jobs:
            threading.Thread(target=self._repeat, args=(job,), daemon=True).start()
        return port

    def show_figures(self) -> None:
        """Enter what the node counts among the figures of this process."""
        about = "Instances that peers sent, by what became of them; bytes taken in"
        REGISTRY.register(Counts("starlung_node_instances", about, self.receiver.counts))
        about = "Objects for peers, by what became of them; retries"
        REGISTRY.register(Counts("starlung_node_deliveries", about, self.delivery.counts))

    def stop(self) -> None:
        """End; what is in the middle of being sent waits for the next start."""
        self.stopping.set()
        self.receiver.stop()
        self.delivery.wait()

    def _complete(self, completion: Completion) -> None:
        completion.run_once()
        now = time.monotonic()
        if self._cleared and now - self._cleared < _SECONDS_BETWEEN_CLEARINGS:
            return
        self._cleared = now
        completion.clear()
        clear_outbox(self.store, self.spool.outbox)

    def _repeat(self, job: Callable[[], object]) -> None:
        waiting = False
        while not self.stopping.is_set():
            try:
                job()
                waiting = False
            except (OSError, StoreUnavailableError) as error:
                if not waiting:
                    reason = getattr(error, "problem", None) or getattr(error, "strerror", "")
                    _log.error("waiting: %s", reason)
                waiting = True
            except Exception:  # the log gets its type and place, the node stays up
                _log.exception("a part of the node failed and goes on")
            self.stopping.wait(_PAUSE_AFTER_TROUBLE_SECONDS if waiting else _PAUSE_SECONDS)
