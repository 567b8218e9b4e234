"""What stands between a peer and pynetdicom: limits of what is read, an end to nonsense.

Whatever a peer sends costs its own connection only, ends at once, and leaves no trace in a log.
"""

from __future__ import annotations

import copy
import logging
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from pynetdicom import evt
from pynetdicom.presentation import PresentationContext

_log = logging.getLogger(__name__)
_MAX_PDU_BYTES = 1 << 20
"""We offer 16 KiB; a longer one is no peer's, and would be read into memory whole."""


class SharedContexts(list[PresentationContext]):
    """What the node takes, copied for each association without what nobody changes.

    pynetdicom copies it deeply: 170 kinds of objects in 45 encodings, a tenth of a second of the
    processor for each association, and some scanners open one a slice.
    """

    def __deepcopy__(self, _: dict[int, Any]) -> list[PresentationContext]:
        """Return contexts of the association's own, with encodings that all share."""
        return [copy.copy(context) for context in self]


def guard_connection(association: Any, *, seconds: float, max_bytes: int) -> None:
    """Set limits for what a peer sends.

    Args:
        association: of pynetdicom, just opened.
        seconds: that a message may take.
        max_bytes: that it may have.
    """
    link = association.dul
    guard = _Guard(link.socket.socket, seconds=seconds, max_bytes=max_bytes)
    link.socket.recv = guard.receive
    link.state_machine.do_action = partial(_act, link.state_machine.do_action, link)
    acse = association.acse
    acse.negotiate_association = partial(_negotiate, acse.negotiate_association, association)
    association.bind(evt.EVT_DIMSE_RECV, guard.begin_message)


def _act(act: Callable[[str], None], link: Any, event: str) -> None:
    """Go on in the protocol, or end a connection over which nonsense came.

    pynetdicom raises in the connection's own thread, which would end with a trace and leave the
    association waiting for its time limit.
    """
    try:
        act(event)
    except Exception as error:  # of the order of messages, or of what one holds
        _log.warning("a peer was cut off: a message could not be taken (%s)", type(error).__name__)
        link.socket.close()


def _negotiate(negotiate: Callable[[], None], association: Any) -> None:
    """Answer a request for an association, or end a connection whose request says nothing."""
    try:
        negotiate()
    except Exception as error:
        _log.warning("a peer was cut off: its request made no sense (%s)", type(error).__name__)
        association.dul.socket.close()
        association.kill()


class _Guard:
    """Reads a peer's bytes within limits: of one PDU's length and time, of one message's length."""

    def __init__(self, connection: socket.socket, *, seconds: float, max_bytes: int) -> None:
        self._connection, self._seconds, self._max_bytes = connection, seconds, max_bytes
        self._message_bytes = 0

    def begin_message(self, event: Any) -> None:
        """Count anew: a message is whole."""
        self._message_bytes = 0

    def receive(self, count: int) -> bytearray:
        """Read so many bytes, fewer where the peer has closed.

        Raises:
            OSError: it is too much, or took too long; the association ends.
        """
        self._message_bytes += count
        if count > _MAX_PDU_BYTES or self._message_bytes > self._max_bytes:
            _log.warning("a peer was cut off: it sent more than is allowed")
            raise OSError("too long")
        received, end = bytearray(), time.monotonic() + self._seconds
        while len(received) < count:
            if (left := end - time.monotonic()) <= 0:
                _log.warning("a peer was cut off: it was silent in the middle of a message")
                raise TimeoutError("too slow")
            self._connection.settimeout(left)
            part = self._connection.recv(min(65536, count - len(received)))
            if not part:
                break
            received += part
        self._connection.settimeout(self._seconds)
        return received
