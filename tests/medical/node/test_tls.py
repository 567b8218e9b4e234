"""A node that wants TLS serves those who use it, with the certificates that it asks for, only."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from medical.node.dimse import Entity, PeerUnavailableError
from medical.node.node import Node
from medical.node.settings import Peer, Tls
from tests.medical.node.test_receiver import arrived

pytestmark = pytest.mark.heavy


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Certificate and key for 127.0.0.1, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    return certificate, key


def caller(node: Node, tls: Tls | None) -> Entity:
    peer = Peer(ae_title="STARLUNG", host="127.0.0.1", port=node.settings.port, tls=tls)
    return Entity(peer, "CT1", 5)


def test_a_study_arrives_by_tls_and_not_without(
    make_node: Callable[..., Node], study: list[Path], pair: tuple[Path, Path]
) -> None:
    certificate, key = pair
    node = make_node(tls={"certificate": certificate, "key": key}, quiet_seconds=100)
    with pytest.raises(PeerUnavailableError):
        caller(node, None).echo()
    with pytest.raises(PeerUnavailableError):  # of an authority that the caller does not know
        caller(node, Tls()).echo()
    trusting = caller(node, Tls(authority=certificate))
    trusting.echo()
    trusting.store(study, lambda _: True, lambda *_: None)
    assert len(arrived(node)) == len(study)


def test_a_caller_shows_a_certificate_where_it_is_asked_for(
    make_node: Callable[..., Node], pair: tuple[Path, Path]
) -> None:
    certificate, key = pair
    node = make_node(tls={"certificate": certificate, "key": key, "authority": certificate})
    with pytest.raises(PeerUnavailableError):
        caller(node, Tls(authority=certificate)).echo()
    caller(node, Tls(authority=certificate, certificate=certificate, key=key)).echo()
