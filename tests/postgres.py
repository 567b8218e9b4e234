"""A throw-away PostgreSQL server for tests: the real one, from the system's own package."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Start a server on this machine; yields its URL. Skips the test where there is none."""
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed")
    root = os.geteuid() == 0
    if root and shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no setpriv")
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if root else []
    cluster = folder / "cluster"
    cluster.mkdir(parents=True)
    if root:
        shutil.chown(cluster, "postgres")
        for parent in (folder, *folder.parents):  # pytest's folders are for their owner only
            if parent.owner() == "root" and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    programs = PROGRAMS[-1].parent
    subprocess.run(
        [*user, programs / "initdb", "-D", cluster, "-U", "tester", "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {cluster} -c fsync=off"
    control = [*user, programs / "pg_ctl", "-D", cluster, "-w"]
    started = [*control, "-o", options, "-l", cluster / "log", "start"]
    subprocess.run(started, check=True, stdout=subprocess.DEVNULL, cwd="/")
    try:
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], capture_output=True, cwd="/")
