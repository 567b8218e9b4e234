"""Messages that DICOM's protocol does not allow end their own connection, at once and quietly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from medical.node.node import Node
from tests.fuzz.associations import Session, play, record_echo
from tests.medical.node.conftest import storescu, write_study

LIMIT_SECONDS = 5  # of the node: what takes as long was not noticed


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """Kinds of exceptions that ended a thread."""
    kinds: list[type] = []
    monkeypatch.setattr(threading, "excepthook", lambda given: kinds.append(given.exc_type))
    return kinds


def without_command(echo: Session) -> Session:
    """Command Field (0000,0100) is called otherwise."""
    request, command, release = echo
    assert command.count(b"\0\0\0\1\2\0\0\0") == 1
    return [request, command.replace(b"\0\0\0\1\2\0\0\0", b"\0\0\0\3\2\0\0\0"), release]


def all_at_once(echo: Session) -> Session:
    """The peer leaves before the node has answered its request."""
    return [b"".join([*echo, *echo])]


def without_class(echo: Session) -> Session:
    """The request names no class of objects: its item has a transfer syntax's type instead."""
    request, *rest = echo
    name = b"1.2.840.10008.1.1"
    item = b"\x30\0\0" + bytes([len(name)]) + name
    assert request.count(item) == 1
    return [request.replace(item, b"\x40" + item[1:]), *rest]


@pytest.mark.parametrize("damage", [without_command, all_at_once, without_class])
def test_they_leave_no_trace_and_keep_nobody_waiting(
    make_node: Callable[..., Node], tmp_path: Any, raised: list[type], damage: Any
) -> None:
    study = write_study(tmp_path / "ct")
    callers = [{"ae_title": name, "address": "127.0.0.1"} for name in ("CT1", "PYNETDICOM")]
    node = make_node(timeout_seconds=LIMIT_SECONDS, callers=callers)
    echo = record_echo(node.settings.port)
    assert play(node.settings.port, damage(echo)) < LIMIT_SECONDS - 1
    assert raised == []
    assert storescu(node.settings.port, study) == 0
