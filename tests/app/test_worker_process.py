"""What the processes that we start get to know, and who may read the work folder."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.cli.common import imported_models
from app.settings import Settings, settings_file
from app.worker_process import ScoringProcess, child_environment, handover, keep_private, taken_over
from tests.app.test_settings import LOGIN

SECRETS = {
    "STARLUNG_COOKIE_SECRET": "secret-of-cookies",
    "STARLUNG_LOGIN_CLIENT_SECRET": "secret-of-client",
    "STARLUNG_STORE_URL": "postgresql://u:secret-of-store@localhost:1/x",
    "PGPASSWORD": "secret-of-libpq",
    "AWS_SECRET_ACCESS_KEY": "secret-of-somebody",
    "GITHUB_TOKEN": "secret-of-somebody-else",
    "http_proxy": "http://u:secret-of-proxy@proxy.example",
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return Settings(work_dir=tmp_path / "work", **LOGIN)


def test_no_secret_is_in_the_environment_of_a_child(settings: Settings) -> None:
    environment = child_environment(settings)
    assert "secret-of" not in repr(environment)
    assert environment["STARLUNG_WORK_DIR"] == str(settings.work_dir)
    assert "PATH" in environment


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_neither_worker_shows_one_to_whoever_reads_its_environment(
    settings: Settings,
) -> None:
    settings.work_dir.mkdir()
    seen: dict[int, bytes] = {}
    before = set(psutil.Process().children())
    workers = [ScoringProcess(settings), ScoringProcess(settings, for_readers=True)]
    for worker in workers:
        worker.start()
    try:
        deadline = time.monotonic() + 60
        while len(seen) < 2 and time.monotonic() < deadline:
            for process in set(psutil.Process().children()) - before:
                content = Path(f"/proc/{process.pid}/environ").read_bytes()
                if b"STARLUNG_WORK_DIR" in content:
                    seen[process.pid] = content
            time.sleep(0.01)
    finally:
        for worker in workers:
            worker.stop()
    assert len(seen) == 2
    assert not [content for content in seen.values() if b"secret-of" in content]


def test_the_worker_learns_the_store_through_a_pipe(settings: Settings) -> None:
    line = handover(settings)
    environment = os.environ.pop("PGPASSWORD")
    got = taken_over(io.BytesIO(line))
    assert got is not None
    assert got.address_of_store() == SECRETS["STARLUNG_STORE_URL"]
    assert os.environ["PGPASSWORD"] == environment
    assert taken_over(io.BytesIO(b"")) is None


def test_a_worker_that_has_its_settings_ends_with_its_server(tmp_path: Path) -> None:
    settings = Settings(work_dir=tmp_path / "work")
    worker = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", "worker", "--attached"],
        stdin=subprocess.PIPE,
        env=child_environment(settings),
        cwd=Path(__file__).parents[2],
    )
    try:
        assert worker.stdin is not None
        worker.stdin.write(handover(settings))
        worker.stdin.flush()
        deadline = time.monotonic() + 90
        while not (tmp_path / "work" / "results.key").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        worker.stdin.close()
        assert worker.wait(timeout=60) == 0
    finally:
        worker.kill()
    for path in (tmp_path / "work").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize(
    "command", [["queue", "list"], ["queue", "verify"], ["worker", "--until-empty"]]
)
def test_whoever_makes_the_work_folder_first_keeps_it_private(
    command: list[str], tmp_path: Path
) -> None:
    work = tmp_path / "a" / "work"
    subprocess.run(
        [sys.executable, "-m", "app.cli.main", *command],
        env=os.environ | {"STARLUNG_WORK_DIR": str(work)},
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        preexec_fn=lambda: os.umask(0o022) and None,
    )
    assert work.stat().st_mode & 0o777 == 0o700
    files = [path for path in work.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_model_that_is_imported_first_keeps_it_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARLUNG_WORK_DIR", str(tmp_path / "work"))
    assert imported_models(make=True).is_dir()
    assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700


def test_what_lay_open_before_is_closed(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir(mode=0o755)
    (work / "worker.log").write_text("x")
    (work / "worker.log").chmod(0o644)
    before = os.umask(0o022)
    try:
        keep_private(Settings(work_dir=work))
    finally:
        os.umask(before)
    assert work.stat().st_mode & 0o777 == 0o700
    assert (work / "worker.log").stat().st_mode & 0o777 == 0o600


def test_a_file_of_settings_where_somebody_stands_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "starlung.toml").write_text('administrators = ["eve@ct.example"]\n')
    assert settings_file() is None
    assert Settings().administrators == frozenset()
    named = tmp_path / "config" / "starlung" / "starlung.toml"
    named.parent.mkdir(parents=True)
    named.write_text('administrators = ["boss@ct.example"]\n')
    assert Settings().administrators == {"boss@ct.example"}
    monkeypatch.setenv("STARLUNG_CONFIG", str(tmp_path / "starlung.toml"))
    assert Settings().administrators == {"eve@ct.example"}
