"""How far the upgrade is: a row a phase in the database, so that it can be watched, and continued when interrupted."""

import time
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from mock_server.pipeline.versions import Version
from mock_server.tables import system, upgrade_phases, upgrades


class Phase(StrEnum):
    """A phase of the upgrade, in order."""

    EXPAND = "expand"
    """Adds the new columns, empty."""
    BACKFILL = "backfill"
    """Fills them for everybody enrolled, a batch at a time."""
    INDEX = "index"
    """Builds the national search's indexes without blocking writers."""
    SWITCH = "switch"
    """Brings over who was enrolled meanwhile and makes 5.5 the version; everything else waits for it."""


def is_finished(connection: Connection, phase: Phase) -> bool:
    """Tell whether a phase is done, perhaps by an upgrade that was interrupted later."""
    return connection.scalar(select(upgrade_phases.c.finished_at).where(_row(phase))) is not None


def begin(connection: Connection, phase: Phase) -> None:
    """Note that a phase begins, or goes on; its first start stands."""
    row = {
        "upgrade": _upgrade(connection),
        "position": list(Phase).index(phase),
        "phase": phase,
        "started_at": time.time(),
    }
    connection.execute(insert(upgrade_phases).values(row).on_conflict_do_nothing())
    connection.execute(update(system).values(phase=phase))


def expect(connection: Connection, phase: Phase, rows: int) -> None:
    """Note how many rows a phase still has before it."""
    connection.execute(update(upgrade_phases).where(_row(phase)).values(rows_total=upgrade_phases.c.rows_done + rows))


def advance(connection: Connection, phase: Phase, rows: int) -> None:
    """Note that so many rows more are done; last in a transaction, for the row is shared by all who backfill."""
    done = upgrade_phases.c.rows_done + rows
    # People enrolled meanwhile were not foreseen in the total.
    total = func.greatest(upgrade_phases.c.rows_total, done)
    connection.execute(update(upgrade_phases).where(_row(phase)).values(rows_done=done, rows_total=total))


def finish(connection: Connection, phase: Phase) -> None:
    """Note that a phase is done."""
    connection.execute(update(upgrade_phases).where(_row(phase)).values(finished_at=time.time()))


def leave(connection: Connection) -> None:
    """Note that no phase is under way any more, and that the upgrade has ended if it has."""
    ended = {"state": "done", "ended_at": time.time()}
    connection.execute(update(upgrades).where(upgrades.c.ended_at.is_(None), _done()).values(ended))
    connection.execute(update(system).values(phase=""))


def rows_done(connection: Connection, phase: Phase) -> tuple[int, int]:
    """Return how many rows of a phase are done, and of how many."""
    row = connection.execute(select(upgrade_phases.c.rows_done, upgrade_phases.c.rows_total).where(_row(phase))).one()
    return row.rows_done, row.rows_total


def _upgrade(connection: Connection) -> int:
    """Return the upgrade's number; there is one."""
    found: int | None = connection.scalar(select(upgrades.c.id))
    if found is not None:
        return found
    now = time.time()
    row: dict[str, Any] = {"from_version": Version.V5_4, "to_version": Version.V5_5, "plan": "online"}
    row |= {"state": "running", "batch": 0, "pause_s": 0.0, "parallelism": 0, "windows": []}
    row |= {"start_at": now, "asked_at": now, "started_at": now}
    number: int = connection.execute(insert(upgrades).values(row).returning(upgrades.c.id)).scalar_one()
    return number


def _done() -> ColumnElement[bool]:
    return select(upgrade_phases).where(_row(Phase.SWITCH), upgrade_phases.c.finished_at.is_not(None)).exists()


def _row(phase: Phase) -> ColumnElement[bool]:
    return upgrade_phases.c.phase == phase
