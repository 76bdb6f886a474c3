"""How far an upgrade is: a row a phase in the database, so that it can be watched, and continued when interrupted."""

import time

from sqlalchemy import ColumnElement, Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from mock_server.tables import system, upgrade_phases


def is_finished(connection: Connection, upgrade: int, phase: str) -> bool:
    """Tell whether a phase is done, perhaps by a program that died later."""
    return connection.scalar(select(upgrade_phases.c.finished_at).where(_row(upgrade, phase))) is not None


def begin(connection: Connection, upgrade: int, phase: str, position: int) -> None:
    """Note that a phase begins, or goes on; its first start stands."""
    row = {"upgrade": upgrade, "phase": phase, "position": position, "started_at": time.time()}
    connection.execute(insert(upgrade_phases).values(row).on_conflict_do_nothing())
    connection.execute(update(system).values(phase=phase))


def expect(connection: Connection, upgrade: int, phase: str, rows: int) -> None:
    """Note how many rows a phase still has before it."""
    total = upgrade_phases.c.rows_done + rows
    connection.execute(update(upgrade_phases).where(_row(upgrade, phase)).values(rows_total=total))


def advance(connection: Connection, upgrade: int, phase: str, rows: int, held_s: float) -> None:
    """Note that so many rows more are done, and how long their locks were held.

    Last in a transaction, for the row is shared by all who backfill.
    """
    done = upgrade_phases.c.rows_done + rows
    # People enrolled meanwhile were not foreseen in the total.
    total = func.greatest(upgrade_phases.c.rows_total, done)
    connection.execute(update(upgrade_phases).where(_row(upgrade, phase)).values(rows_done=done, rows_total=total))
    note_lock(connection, upgrade, phase, held_s)


def note_lock(connection: Connection, upgrade: int, phase: str, held_s: float) -> None:
    """Note for how long a phase has held what others may wait for, if it is the longest yet."""
    longest = func.greatest(upgrade_phases.c.longest_lock_s, held_s)
    connection.execute(update(upgrade_phases).where(_row(upgrade, phase)).values(longest_lock_s=longest))


def finish(connection: Connection, upgrade: int, phase: str) -> None:
    """Note that a phase is done."""
    connection.execute(update(upgrade_phases).where(_row(upgrade, phase)).values(finished_at=time.time()))


def leave(connection: Connection) -> None:
    """Note that no phase is under way any more."""
    connection.execute(update(system).values(phase=""))


def rows_done(connection: Connection, upgrade: int, phase: str) -> tuple[int, int]:
    """Return how many rows of a phase are done, and of how many."""
    query = select(upgrade_phases.c.rows_done, upgrade_phases.c.rows_total).where(_row(upgrade, phase))
    row = connection.execute(query).one()
    return row.rows_done, row.rows_total


def _row(upgrade: int, phase: str) -> ColumnElement[bool]:
    return (upgrade_phases.c.upgrade == upgrade) & (upgrade_phases.c.phase == phase)
