"""Restarts of the lab's database: the injected faults that a mock server cannot carry out itself."""

import subprocess
import threading
import time
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg

from antrean import postgres
from antrean.processes import ProcessError
from mock_server.faults import Kind

LOOK_EVERY_S = 0.2

# One that was ended before its start has no length.
_DUE = """
SELECT id, ends_at FROM faults
WHERE kind = %s AND starts_at <= %s AND ends_at > starts_at AND NOT id = ANY(%s)
ORDER BY starts_at, id LIMIT 1
"""


class _Restart(NamedTuple):
    fault: int
    ends_at: float


class Restarter:
    """Carries out a server's `postgres-restart` faults while the block lasts; at its end the database runs.

    The faults are read from the server's own database, which is the only one asked: it goes down with all the others
    of its cluster, and comes back with them.

    Raises:
        ProcessError: by leaving the block, when the database could not be stopped or started.
    """

    def __init__(self, cluster: Any, database_url: str) -> None:
        """Restart this embedded cluster when the faults in the database at this address say so."""
        self._cluster = cluster
        self._url = database_url
        self._done: list[int] = []
        self._failure: Exception | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="restarts the database", daemon=True)

    def _watch(self) -> None:
        try:
            while not self._ended.is_set():
                try:
                    with psycopg.connect(self._url, autocommit=True) as connection:
                        due = self._wait_for_next(connection)
                except psycopg.OperationalError:
                    # Lost by somebody else's doing; look again later.
                    self._ended.wait(LOOK_EVERY_S)
                    continue
                if due:
                    self._carry_out(due)
        except (subprocess.SubprocessError, OSError, psycopg.Error) as error:
            self._failure = error

    def _wait_for_next(self, connection: psycopg.Connection) -> _Restart | None:
        while not self._ended.wait(LOOK_EVERY_S):
            row = connection.execute(_DUE, (Kind.POSTGRES_RESTART, time.time(), self._done)).fetchone()
            if row:
                return _Restart(*row)
        return None

    def _carry_out(self, restart: _Restart) -> None:
        self._done.append(restart.fault)
        postgres.stop_hard(self._cluster)
        try:
            self._ended.wait(max(0.0, restart.ends_at - time.time()))
        finally:
            postgres.start_again(self._cluster)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if self._failure and error is None:
            raise ProcessError(f"the database could not be restarted: {self._failure}") from self._failure
