"""Connections to PostgreSQL, and the advisory locks that the processes agree on."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, TypeAlias

from sqlalchemy import URL, Connection, Engine, Row, create_engine, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"
"""A row whose columns a query names; the types are those of `tables.py`."""


UPGRADE = "antrean-upgrade"
"""The name of an upgrade's connections."""


class Lock(IntEnum):
    """What an advisory lock stands for; the numbers are the lock's keys in the database."""

    MATCHER = 540_001
    """Held by the one active matcher, for its life."""
    PRINTERS = 540_002
    """Held by the one process that plays the printers, for its life."""
    UPGRADE = 540_003
    """Held by the one running upgrade, for its life."""
    VERSION = 540_004
    """Shared by every transaction that relies on the version; taken alone by the upgrade's switch."""


def sqlalchemy_url(url: str) -> URL:
    """Turn a libpq URI into SQLAlchemy's, naming psycopg as the driver; `postgres://` is understood too."""
    return make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")


def libpq_url(url: URL) -> str:
    """Turn it back into what psycopg itself accepts."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def make_engine(url: str) -> Engine:
    """Make the engine of a process that does one thing at a time."""
    return create_engine(sqlalchemy_url(url), pool_size=1, max_overflow=1)


def make_async_engine(url: str, connections: int, timeout_s: float) -> AsyncEngine:
    """Make the web's engine; who finds all connections in use waits for one, at most `timeout_s`."""
    return create_async_engine(sqlalchemy_url(url), pool_size=connections, max_overflow=0, pool_timeout=timeout_s)


def try_lock(connection: Connection, lock: Lock) -> bool:
    """Take a lock for the connection's life if nobody holds it; commits."""
    taken = connection.scalar(select(func.pg_try_advisory_lock(int(lock))))
    connection.commit()
    return bool(taken)


def hold_version(connection: Connection) -> None:
    """Keep the version as it is until the transaction ends.

    Takes no turn among those who only rely on the version; waits while an upgrade switches it.
    """
    connection.execute(select(func.pg_advisory_xact_lock_shared(int(Lock.VERSION))))


def hold_version_alone(connection: Connection) -> None:
    """Wait until nobody relies on the version, and let nobody until the transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(int(Lock.VERSION))))


@contextmanager
def upgrade_engine_of(url: str) -> Iterator[Engine]:
    """Give the engine of an upgrade's program, which can be told from others in the database's own views.

    The database notices at once when the program was killed, and not only when it has done what it was last told.
    """
    options = {"application_name": UPGRADE, "options": "-c client_connection_check_interval=200ms"}
    engine = create_engine(sqlalchemy_url(url), pool_size=1, max_overflow=2, connect_args=options)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """Give an engine whose connections are closed when the `with` block ends."""
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
