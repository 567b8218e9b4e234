"""The OHIF viewer as its package ships it, over a real Orthanc, on one address."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.orthanc import Orthanc

PACKAGE = "@ohif/app@3.12.10"
CONFIGURATION = b"""window.config = {
  routerBasename: null, extensions: [], modes: [], showStudyList: true, maxNumberOfWebWorkers: 2,
  showWarningMessageForCrossOrigin: false, showCPUFallbackMessage: false,
  strictZSpacingForVolumeViewport: true, defaultDataSourceName: 'dicomweb',
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'dicomweb',
    configuration: {
      friendlyName: 'Orthanc', name: 'orthanc', qidoRoot: '/dicom-web', wadoRoot: '/dicom-web',
      wadoUriRoot: '/wado', qidoSupportsIncludeField: false, imageRendering: 'wadors',
      thumbnailRendering: 'wadors', enableStudyLazyLoad: true, supportsWildcard: true,
      omitQuotationForMultipartRequest: true, bulkDataURI: {enabled: true},
    },
  }],
};"""
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


def ohif_dist() -> Path:
    """Where the viewer lies: ``STARLUNG_OHIF``, or fetched by npm; else the test is skipped."""
    if named := os.environ.get("STARLUNG_OHIF"):
        return Path(named)
    place = Path(tempfile.gettempdir()) / "starlung-tests" / "ohif"
    if not (place / "package" / "dist" / "index.html").is_file():
        if shutil.which("npm") is None:
            pytest.skip("OHIF is not here, nor npm to fetch it")
        place.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["npm", "pack", PACKAGE], cwd=place, capture_output=True)
        archives = sorted(place.glob("ohif-app-*.tgz"))
        if packed.returncode or not archives:
            pytest.skip("OHIF cannot be fetched by npm")
        with tarfile.open(archives[-1]) as archive:
            archive.extractall(place, filter="data")
    return place / "package" / "dist"


@contextmanager
def ohif_over(orthanc: Orthanc) -> Iterator[str]:
    """Serve the viewer; yields its address."""
    dist = ohif_dist()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            if self.path.startswith("/dicom-web"):
                self._answer(*self._from_orthanc())
                return
            name = self.path.partition("?")[0].lstrip("/")
            if name == "app-config.js":
                self._answer(200, CONFIGURATION, "text/javascript")
                return
            file = dist / name
            file = file if name and file.is_file() else dist / "index.html"
            kind = TYPES.get(file.suffix, "application/octet-stream")
            self._answer(200, file.read_bytes(), kind)

        def _from_orthanc(self) -> tuple[int, bytes, str]:
            address = f"http://127.0.0.1:{orthanc.http_port}{self.path}"
            request = urllib.request.Request(
                address, headers={"Accept": self.headers.get("Accept", "*/*")}
            )
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status, answer.read(), answer.headers["Content-Type"]
            except urllib.error.HTTPError as error:
                return error.code, error.read(), "text/plain"

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Embedder-Policy": "require-corp",
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
