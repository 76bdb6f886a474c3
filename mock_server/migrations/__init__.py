"""The database's versions, and the one way to move between them.

The main line is 5.4 -> 5.5_expand -> 5.5_index -> 5.5. An upgrade walks it a revision at a time and fills the new
columns on the way; a downgrade walks it back (`mock_server/upgrade`).
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from mock_server.migrations import shadow

VERSION_5_4 = "5.4"
EXPANDED = "5.5_expand"
INDEXED = "5.5_index"
VERSION_5_5 = "5.5"

CONCURRENTLY = "concurrently"
"""The attribute of alembic's configuration that says whether indexes are built beside writers."""


def migrate(connection: Connection, revision: str, *, concurrently: bool = True) -> None:
    """Bring the database up to a revision, on a connection of the caller's.

    The caller commits. `INDEXED` builds its indexes `concurrently`, for which it needs a connection without an open
    transaction; otherwise each revision may be part of one.
    """
    command.upgrade(_config(connection, concurrently), revision)


def migrate_back(connection: Connection, revision: str) -> None:
    """Bring the database back to a revision; the caller commits."""
    command.downgrade(_config(connection, concurrently=False), revision)


def abandon_downgrade(connection: Connection) -> None:
    """Undo the first step of a downgrade that did not come to its end: 5.5, which still runs, goes on alone.

    The caller commits.
    """
    with Operations.context(MigrationContext.configure(connection)) as op:
        shadow.drop()
        op.alter_column("residents", "search_key", nullable=False)
    command.stamp(_config(connection, concurrently=False), VERSION_5_5)


def revision_of(connection: Connection) -> str | None:
    """Return the database's revision, None if it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection, concurrently: bool) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes[CONCURRENTLY] = concurrently
    return config
