"""Where a run stands: one line that renews itself on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from tests.conftest import REPOSITORY

PROGRAM = """
import logging, time
from app.cli.common import log_lines
from models.training.log import RENEWS
log = logging.getLogger("medical.training.retrain")
log.info("before: nobody listens")
with log_lines():
    log.info("2 cases [of three]\\n to train on")
    for step in (1, 2):
        steps = f"[large] nodules; step {step} of 2; loss heat 0.5000"
        logging.getLogger("models.training.log").info(steps, extra={RENEWS: True})
        logging.getLogger("rich").info("another package's")
        time.sleep(0.3)
    log.info("installed as one")
log.info("after: nobody listens")
"""
START = [sys.executable, "-c", PROGRAM]


def test_in_a_file_every_sentence_is_a_line() -> None:
    ended = subprocess.run(START, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines() == [
        "2 cases [of three] to train on",
        "[large] nodules; step 1 of 2; loss heat 0.5000",
        "[large] nodules; step 2 of 2; loss heat 0.5000",
        "installed as one",
    ]


def test_on_a_terminal_steps_renew_one_line() -> None:
    master, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(START, cwd=REPOSITORY, stderr=terminal, env=environment) as program:
        os.close(terminal)
        shown = b""
        while True:
            try:
                if not (part := os.read(master, 4096)):
                    break
            except OSError:  # the terminal is gone with the program
                break
            shown += part
    os.close(master)
    assert program.returncode == 0
    lines = [line for line in shown.decode().split("\r\n") if "step" in line]
    assert len(lines) == 1
    assert "[large] nodules; step 1 of 2" in lines[0]
    assert "[large] nodules; step 2 of 2" in lines[0]
    assert "2 cases [of three] to train on\r\n" in shown.decode()
    assert "installed as one\r\n" in shown.decode()
