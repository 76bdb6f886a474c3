"""Restarts: the workers start anew when the version has changed, one at a time, so that the others work meanwhile.

A turn is a moment in the database until which it is taken, so that a worker that dies in its turn holds up nobody for
longer than that.
"""

import time

from sqlalchemy import Connection, update

from mock_server.tables import system

TURN_S = 15.0
"""A worker has started long before."""


def take_turn(connection: Connection) -> bool:
    """Take the turn to start anew, if nobody has it; the caller commits."""
    now = time.time()
    free = update(system).where(system.c.restart_turn_until < now).values(restart_turn_until=now + TURN_S)
    return connection.execute(free).rowcount == 1


def end_turn(connection: Connection) -> None:
    """Let the next one take it; the caller commits."""
    connection.execute(update(system).where(system.c.restart_turn_until > 0).values(restart_turn_until=0))
