"""A node, studies to send to it, and a PACS beside it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from medical.geometry import VolumeGeometry
from medical.node.node import Node
from medical.node.settings import NodeSettings
from medical.store.database import Store, open_store, sqlite_url
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.orthanc import Orthanc, new_orthanc

NAME = "Secret^Patient"


def write_study(folder: Path, *, identity: str = "node", slices: int = 6) -> list[Path]:
    """A small CT of its own study."""
    hu = np.full((slices, 32, 32), -900, np.int16)
    geometry = VolumeGeometry.axial(shape=hu.shape, spacing_mm=(2.0, 1.0, 1.0))
    labels = CtLabels(identity, NAME, "SECRET-ID", "chest")
    return write_ct_series(hu, geometry, folder, labels=labels)


@pytest.fixture
def study(tmp_path: Path) -> list[Path]:
    return write_study(tmp_path / "ct")


@pytest.fixture
def node_store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(sqlite_url(tmp_path / "store.sqlite"))
    yield store
    store.close()


@pytest.fixture
def make_node(tmp_path: Path, node_store: Store) -> Iterator[Callable[..., Node]]:
    """Start nodes with settings of one's choice; ``node.settings.port`` is the port."""
    nodes = []

    def make(folder: Path = tmp_path / "node", **options: object) -> Node:
        settings = NodeSettings.model_validate(
            {"port": 1, "quiet_seconds": 0.3, "min_free_mb": 0, "timeout_seconds": 5} | options
        )
        # any free port: the settings of a site name one
        settings = settings.model_copy(update={"port": 0})
        node = Node(node_store, settings, folder, tmp_path / "studies", None)
        port = node.start()
        node.settings = node.settings.model_copy(update={"port": port})
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        node.stop()


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    server = new_orthanc(tmp_path / "orthanc")
    server.start()
    yield server
    server.stop()


def storescu(port: int, files: list[Path], *, title: str = "CT1", called: str = "STARLUNG") -> int:
    """Send by DCMTK; returns its exit code."""
    if shutil.which("storescu") is None:
        pytest.skip("DCMTK is not installed")
    # the files' own transfer syntax, JPEG-LS lossless
    command = ["storescu", "-xt", "-aet", title, "-aec", called, "127.0.0.1", str(port)]
    return subprocess.run([*command, *map(str, files)], capture_output=True).returncode
