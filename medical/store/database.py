"""Open the store: SQLite in WAL mode, or PostgreSQL by URL; the tables are made or migrated.

On failure: a transaction that does not end leaves no trace; a process killed in the middle of a
migration leaves the earlier version. A database that is locked for too long, full or gone raises
``StoreUnavailableError`` at every use, and works again once it is back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from medical.errors import InputError
from medical.i18n.messages import message
from medical.store.audit_key import AuditKey

_WAIT_MS = 10_000  # well below a lease: a worker that waits for the lock must still renew in time
_CONNECT_SECONDS = 10
AUDIT_KEY = "audit_key"
"""Under which a session carries the store's key."""
_READ_ONLY = "starlung_read_only"
_LOCK = 0x57A2  # PostgreSQL advisory lock: one migration, or one audit entry, at a time


class StoreUnavailableError(InputError):
    """The database does not answer, is locked for too long, or cannot write; nothing was kept."""


class Store:
    """A migrated database; safe to share between threads, not to be carried across a fork."""

    def __init__(self, engine: Engine, *, audit_key: AuditKey | None = None) -> None:
        self._engine, self.audit_key = engine, audit_key
        self._reading = engine.execution_options(**{_READ_ONLY: True})

    def with_key(self, key: AuditKey) -> Store:
        """Return the same database; what is entered in its audit trail carries ``key``."""
        return Store(self._engine, audit_key=key)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, undone on any error.

        Raises:
            StoreUnavailableError: the database does not answer, is locked, or cannot write.
        """
        with self._session(self._engine) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that only reads: it waits for no writer, and no writer waits for it.

        Raises:
            StoreUnavailableError: the database does not answer.
        """
        with self._session(self._reading) as session:
            yield session

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                session.info[AUDIT_KEY] = self.audit_key
                yield session
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailableError("store", *_trouble(error)) from error

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def sqlite_url(path: Path) -> str:
    """Return the address of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def open_store(url: str) -> Store:
    """Open and migrate the database at ``url``.

    Args:
        url: ``sqlite:///file`` or ``postgresql://user@host/name``.

    Raises:
        InputError: the address is not one, its driver is missing, the server does not answer, or
            the database belongs to a later version. The message never holds a password.
    """
    try:
        address = make_url(url)
        if address.drivername in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
        if address.get_backend_name() == "sqlite" and address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = create_engine(address, **_options(address))
    except (ArgumentError, NoSuchModuleError) as error:
        remedy = message("Give sqlite:///FILE or postgresql://USER@HOST/NAME")
        raise InputError("store", message("its address cannot be read"), remedy) from error
    except ModuleNotFoundError as error:
        raise InputError(
            "store",
            message("needs the package {name}", name=error.name),
            message("Install starlung[postgres]"),
        ) from error
    shown = address.render_as_string(hide_password=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        with engine.begin() as connection:
            lock(connection)
            _migrate(connection)
    except OperationalError as error:
        remedy = message("Check that it runs and that the address is right")
        raise InputError(shown, message("the database does not answer"), remedy) from error
    except CommandError as error:
        remedy = message("Install the version of StarLung that wrote it")
        raise InputError(shown, message("was made by a later version"), remedy) from error
    return Store(engine)


def clock(session: Session) -> float:
    """Seconds on the one clock that all users of this database share, for leases.

    PostgreSQL's own clock; with SQLite, whose users are one machine's, seconds since that machine
    started, which nobody sets. A machine whose clock is an hour off takes nobody's study.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        now = connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
        return float(now)
    return time.monotonic()


def lock(connection: Connection) -> None:
    """Wait for our turn until this transaction ends; SQLite's write lock is enough there."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions itself, see below
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={_WAIT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads and then writes must not find another's write between.
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _options(address: URL) -> dict[str, Any]:
    if address.get_backend_name() != "postgresql":
        return {}
    # A connection from before the server was started again is replaced, not handed out.
    return {"pool_pre_ping": True, "connect_args": {"connect_timeout": _CONNECT_SECONDS}}


def _trouble(error: DBAPIError) -> tuple[str, str]:
    """Say what is wrong and what to do, by the driver's words, which are not shown."""
    reason = str(error.orig).lower()
    if "locked" in reason:
        return message("is locked by another process"), message("Try again in a moment")
    if "full" in reason or "no space" in reason:
        return message("cannot write, its disk is full"), message(
            "Free space on it, then try again"
        )
    if "readonly" in reason or "read-only" in reason:
        return message("cannot be written"), message(
            "Give its folder and file back to the user who runs StarLung"
        )
    return message("the database does not answer"), message("Check that it runs, then try again")
