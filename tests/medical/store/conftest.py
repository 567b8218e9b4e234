from collections.abc import Iterator
from pathlib import Path

import pytest

from medical.store.database import Store, open_store, sqlite_url
from tests.postgres import postgres_server


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store goes; on PostgreSQL a database of its own."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "store.sqlite")
    import psycopg

    server: str = request.getfixturevalue("postgres_url")
    name = f"test_{abs(hash(tmp_path))}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(store_url)
    yield opened
    opened.close()
