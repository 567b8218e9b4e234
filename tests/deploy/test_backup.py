"""A site is copied and put back, with SQLite and a real PostgreSQL: no reading is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from app.settings import Settings
from app.site_store import open_site_store
from medical.report.objects.signed import signed_objects
from medical.review.reading import read_study
from medical.review.signed_reports import signed_report
from medical.store.audit import verify
from tests.medical.dicom_out.conftest import Written, upright, write_all
from tests.medical.report.objects.test_signed import read_and_sign, scored_study
from tests.postgres import postgres_server

__all__ = ["upright", "write_all"]  # fixtures
DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture(params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Return the address of another empty database at each call; empty for SQLite."""
    if request.param == "sqlite":
        yield lambda: ""
        return
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    count = iter(range(9))
    with postgres_server(tmp_path / "server") as url:

        def make() -> str:
            name = f"site{next(count)}"
            address = make_url(url).set(drivername="postgresql+psycopg")
            engine = create_engine(address, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            engine.dispose()
            return url.rsplit("/", 1)[0] + f"/{name}"

        yield make


def run(script: str, folder: Path, work: Path, url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "STARLUNG_WORK_DIR": str(work)}
    if url:
        environment["STARLUNG_STORE_URL"] = url
    return subprocess.run(
        ["sh", DEPLOY / script, folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_was_read_is_back(
    new_database: Callable[[], str], tmp_path: Path, upright: Written
) -> None:
    work, copy, url = tmp_path / "work", tmp_path / "copy", new_database()
    settings = Settings(work_dir=work, store_url=url or None)
    work.mkdir()
    store = open_site_store(settings)
    key = scored_study(store, upright, work / "studies")
    read_and_sign(store, key, upright)
    uid = upright.scored.series_instance_uid
    report = signed_report(store, key, series_uid=uid, form="pdf", language="zh")
    objects = signed_objects(store, key, actor="anna")
    last = verify(store).last_hash
    (work / "uploads").mkdir()
    (work / "uploads" / "ct.zip").write_bytes(b"large")
    done = run("backup.sh", copy, work, url)
    assert done.returncode == 0, done.stderr
    assert copy.stat().st_mode & 0o077 == 0
    store.close()

    work.rename(tmp_path / "lost")  # a study's folder is named in the store by its whole path
    url = new_database()
    done = run("restore.sh", copy, work, url)
    assert done.returncode == 0, done.stderr
    store = open_site_store(Settings(work_dir=work, store_url=url or None))
    trail = verify(store, expected=last)
    assert (trail.problem, trail.last_hash) == ("", last)
    assert signed_report(store, key, series_uid=uid, form="pdf", language="zh") == report
    assert signed_objects(store, key, actor="anna") == objects
    (series,) = read_study(store, key).series
    assert series.owns_folder()
    assert series.folder.read_outlines() is not None
    assert not (work / "uploads").exists()
    store.close()


def test_a_copy_is_never_written_over_nor_put_over_a_site(tmp_path: Path) -> None:
    work, copy = tmp_path / "work", tmp_path / "copy"
    open_site_store(Settings(work_dir=work)).close()
    assert run("backup.sh", copy, work, "").returncode == 0
    again = run("backup.sh", copy, work, "")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    over = run("restore.sh", copy, work, "")
    assert (over.returncode, "is not empty" in over.stderr) == (2, True)


def test_a_damaged_copy_is_refused(tmp_path: Path) -> None:
    work, copy = tmp_path / "work", tmp_path / "copy"
    open_site_store(Settings(work_dir=work)).close()
    assert run("backup.sh", copy, work, "").returncode == 0
    store = copy / "store.sqlite"
    store.write_bytes(store.read_bytes()[:-1])
    refused = run("restore.sh", copy, tmp_path / "new", "")
    assert (refused.returncode, "is damaged" in refused.stderr) == (3, True)
    assert not (tmp_path / "new").exists()
