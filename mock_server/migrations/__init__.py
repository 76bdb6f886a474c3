"""The database's versions, and the one way to move between them.

The main line is 5.4 -> 5.5_expand -> 5.5_index -> 5.5. An upgrade walks it a revision at a time and fills the new
columns on the way (`mock_server/upgrade`).
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

VERSION_5_4 = "5.4"
EXPANDED = "5.5_expand"
INDEXED = "5.5_index"
VERSION_5_5 = "5.5"


def migrate(connection: Connection, revision: str) -> None:
    """Bring the database to a revision, on a connection of the caller's.

    The caller commits. `INDEXED` builds its indexes concurrently, so it needs a connection without an open
    transaction; the others may be part of one.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
