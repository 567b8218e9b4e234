"""A real server, a real Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from app.web.components.viewer import frontend_file

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("needs Chromium: install the package `chromium`")
    if not frontend_file().is_file():
        pytest.skip("needs the viewer: run `python -m app.web.components.viewer.build`")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package `playwright`")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(
    work_dir: Path, *arguments: str, port: int | None = None, root: Path = ROOT, **settings: str
) -> Iterator[str]:
    """Run ``starlung serve``, the code below ``root``, on a free loopback port; yields its address.

    Without a worker, unless ``serve_worker="true"`` is among the settings.
    """
    port = port or free_port()
    log = (work_dir / "server.txt").open("w")
    given = {"work_dir": str(work_dir / "work"), "serve_worker": "false", **settings}
    environment = os.environ | {f"STARLUNG_{name.upper()}": v for name, v in given.items()}
    environment["PYTHONPATH"] = str(root)
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", "serve", "--port", str(port), *arguments],
        cwd=root,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _await_health(process, address, work_dir / "server.txt")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def _await_health(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start a server for this test: ``serve("--open", folder)`` gives its address."""
    with ExitStack() as stack:
        yield lambda *arguments, **settings: stack.enter_context(
            serving(tmp_path, *map(str, arguments), **settings)
        )
