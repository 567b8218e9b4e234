"""A throw-away Orthanc with DICOMweb: the real one, from the system's own package."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medical.node.settings import Peer

DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Orthanc:
    """One server on this machine; it keeps what it has over a restart."""

    folder: Path
    dicom_port: int
    http_port: int
    modalities: dict[str, list[Any]]
    process: subprocess.Popen[bytes] | None = None

    @property
    def entity(self) -> Peer:
        return Peer(ae_title="ORTHANC", host="127.0.0.1", port=self.dicom_port)

    @property
    def web(self) -> Peer:
        return Peer(url=f"http://127.0.0.1:{self.http_port}/dicom-web")

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        plugins = [str(DICOMWEB)] if DICOMWEB.is_file() else []
        file = self.folder / "orthanc.json"
        file.write_text(
            json.dumps(
                {
                    "StorageDirectory": str(self.folder / "data"),
                    "HttpPort": self.http_port,
                    "DicomPort": self.dicom_port,
                    "DicomAet": "ORTHANC",
                    "RemoteAccessAllowed": False,
                    "DicomAlwaysAllowStore": True,
                    "DicomAlwaysAllowFind": True,
                    "DicomAlwaysAllowGet": True,
                    "DicomAlwaysAllowMove": True,
                    "DicomModalities": self.modalities,
                    "Plugins": plugins,
                }
            )
        )
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(["Orthanc", str(file)], stdout=log, stderr=log)
        for _ in range(200):
            try:
                self.ask("/system")
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def ask(self, address: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{address}") as answer:
            return json.loads(answer.read())

    def instance_uids(self) -> list[str]:
        uids = [
            self.ask(f"/instances/{name}")["MainDicomTags"]["SOPInstanceUID"]
            for name in self.ask("/instances")
        ]
        return sorted(uids)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait()
            self.process = None


def new_orthanc(folder: Path, **modalities: list[Any]) -> Orthanc:
    """An Orthanc that is not started yet; skips the test where there is none."""
    if shutil.which("Orthanc") is None:
        pytest.skip("Orthanc is not installed")
    return Orthanc(folder, free_port(), free_port(), modalities)
