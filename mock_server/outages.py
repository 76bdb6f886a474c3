"""When the database cannot serve for a while: how that is told from a fault of ours, and how processes wait it out."""

import logging
import time
from collections.abc import Callable

from psycopg import errors
from sqlalchemy import exc

from mock_server.lifetime import pause

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
"""The back-off doubles from the one to the other."""
_LASTING_S = 10.0
"""Work that went well for so long ends an outage: the next one waits from the start again."""

NO_ANSWER = "the database does not answer"
DISK_FULL = "the database's disk is full"
NO_CONNECTION_FREE = "all database connections are in use"

# By SQLSTATE, the longest prefix first; https://www.postgresql.org/docs/current/errcodes-appendix.html
_REASONS = {
    "53100": DISK_FULL,
    "53300": "the database takes no more connections",
    "53": "the database lacks resources",
    "57P": NO_ANSWER,
    "58": "the database's system has an error",
    "08": NO_ANSWER,
    "40": "the database had to break off the transaction",
    "55P03": "what the transaction needs is locked",
}


def reason_of(error: BaseException) -> str | None:
    """Say for people why the database cannot serve now; None for an error that waiting does not cure."""
    if isinstance(error, exc.TimeoutError):
        return NO_CONNECTION_FREE
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if not isinstance(cause, errors.Error):
        return None
    state = cause.sqlstate
    if state is None:
        # libpq's own errors bear no code: it reached no server, or lost it.
        lost = isinstance(cause, errors.OperationalError) or getattr(error, "connection_invalidated", False)
        return NO_ANSWER if lost else None
    return next((reason for prefix, reason in _REASONS.items() if state.startswith(prefix)), None)


class Backoff:
    """How long to wait before the next attempt: twice as long as before the last, up to `LONGEST_WAIT_S`."""

    def __init__(self) -> None:
        self._next_s = FIRST_WAIT_S
        self._resumed_s = time.monotonic()

    def after(self, error: Exception) -> float:
        """Return the seconds to wait after an error, and log why.

        Raises:
            Exception: the error itself, when waiting does not cure it.
        """
        reason = reason_of(error)
        if reason is None:
            raise error
        wait_s = self._wait_s()
        log.warning("%s; again in %.1f s", reason, wait_s)
        return wait_s

    def _wait_s(self) -> float:
        if time.monotonic() - self._resumed_s > _LASTING_S:
            self._next_s = FIRST_WAIT_S
        wait_s, self._next_s = self._next_s, min(2 * self._next_s, LONGEST_WAIT_S)
        self._resumed_s = time.monotonic() + wait_s
        return wait_s


def keep_at(work: Callable[[], None], stop: Callable[[], bool]) -> None:
    """Do the work until it returns or the process is told to stop; begin it anew after an outage.

    Raises:
        Exception: what `work` raises and waiting does not cure.
    """
    backoff = Backoff()
    while not stop():
        try:
            return work()
        except (exc.SQLAlchemyError, errors.Error) as error:
            pause(backoff.after(error), stop)
    return None
