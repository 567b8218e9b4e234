"""Ctrl+C ends the server quietly, whatever its threads are doing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUSY = """
import threading

def load_for_ever():  # what a reader's first look at a study begins: the refiner is loaded
    from models.runtime.of_modules import refinement_networks_of
    from models.zoo.loader import DEFAULT_MODEL, find_model
    from models.zoo.networks import load_networks
    while True:
        refinement_networks_of(load_networks(find_model(DEFAULT_MODEL)).refiner.eval())

for _ in range(3):
    threading.Thread(target=load_for_ever, daemon=True).start()
from app.cli.main import main
main()
"""


@pytest.mark.heavy
def test_a_server_that_is_loading_a_model_ends_without_a_word(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"STARLUNG_WORK_DIR": str(tmp_path), "STARLUNG_SERVE_WORKER": "false"}
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY, "serve", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _await(process, f"http://127.0.0.1:{port}/_stcore/health")
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    # 0 where the server had ended by itself before the interrupt reached Python; never an abort
    assert process.returncode in (0, 130)
    assert printed.strip().splitlines()[1:] == []


def _await(process: subprocess.Popen[str], address: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not start")
