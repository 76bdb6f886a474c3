"""The bell: a process with nothing to do hears at once when a record has come to its stage.

A trigger in the database rings it with the commit that moves the record (`LISTEN` and `NOTIFY`). A ring may be lost
with its connection, so whoever waits looks now and then all the same.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from mock_server.lifetime import STOP_CHECK_S
from mock_server.settings import Settings
from model.stages import Stage


def channel(stage: Stage) -> str:
    """Return the name under which a stage's bell rings."""
    return f"stage_{stage}"


class Bell:
    """A connection of its own that listens for records coming to some stages.

    Raises:
        psycopg.OperationalError: by every method, when the database is lost.
    """

    def __init__(self, settings: Settings, *stages: Stage) -> None:
        self._connection = psycopg.connect(settings.database_url, autocommit=True)
        for stage in stages if settings.listen else ():
            self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel(stage))))

    def wait(self, longest_s: float, stop: Callable[[], bool]) -> None:
        """Wait for a ring since the last call, but no longer than so many seconds and not when told to stop."""
        end_s = time.monotonic() + longest_s
        while not stop() and (left_s := end_s - time.monotonic()) > 0:
            if self._rang(min(left_s, STOP_CHECK_S)):
                return

    def rang(self) -> bool:
        """Tell whether it has rung since the last call."""
        return self._rang(0)

    def close(self) -> None:
        """Stop listening."""
        self._connection.close()

    def _rang(self, within_s: float) -> bool:
        # One ring after a batch of them is as good as all.
        return sum(1 for _ in self._connection.notifies(timeout=within_s, stop_after=1)) > 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
