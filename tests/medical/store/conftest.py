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
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store; on PostgreSQL a database of its own."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "store.sqlite")
    else:
        import psycopg

        server = request.getfixturevalue("postgres_url")
        name = f"test_{abs(hash(tmp_path))}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        url = server.rsplit("/", 1)[0] + f"/{name}"
    opened = open_store(url)
    yield opened
    opened.close()
