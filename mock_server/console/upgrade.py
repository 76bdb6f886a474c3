"""The last upgrade as the console shows it: how far it is, what each phase costs, and since when service is normal."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.database import AnyRow
from mock_server.tables import upgrade_phases, upgrades
from mock_server.upgrade.forecast import Progress, expected_end
from model.normal_service import HOLD_S, Queue, normal_again_s, queue_of_changes, usual_queue

BEFORE_S = 3_600.0
"""An upgrade is held against so long a time before it."""
COSTS_EVERY_S = 5.0
"""How often the costs are worked out anew, while somebody watches and an upgrade or what follows it goes on."""


@dataclass(frozen=True)
class Cost:
    """What the centre did for the offices in a span of time."""

    per_minute: float
    """Cards made ready for the printer."""
    p95_s: float | None
    """95th percentile of the time from a record's receipt to its card being ready; None when none became ready."""


@dataclass(frozen=True)
class Phase:
    """A phase of the upgrade; moments in seconds since the epoch."""

    name: str
    rows_done: int
    rows_total: int
    started_at: float
    finished_at: float | None
    longest_lock_s: float
    cost: Cost | None
    """None until it is worked out."""


@dataclass(frozen=True)
class Upgrade:
    """The last upgrade that was asked for; moments in seconds since the epoch."""

    plan: str
    from_version: str
    to_version: str
    state: str
    error: str | None
    start_at: float
    started_at: float | None
    ended_at: float | None
    expected_end: float | None
    """When the running phase is expected to end; None when nobody can tell."""
    phases: Sequence[Phase]
    before: Cost | None
    """In the hour before."""
    normal_again_at: float | None
    """The first moment after the upgrade from which the queue is as it was in the hour before."""


@dataclass
class _Known:
    """What was worked out of one upgrade."""

    number: int
    before: Cost | None = None
    costs: dict[str, Cost] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    """The phases whose cost will not change any more."""
    normal_again_at: float | None = None
    normal_for_good: bool = False


class UpgradeReader:
    """Reads the last upgrade, and works out seldom what costs more than a look at a few rows."""

    def __init__(self) -> None:
        self._known = _Known(0)
        self._worked_out_s = float("-inf")

    async def read(self, connection: AsyncConnection, now: float) -> Upgrade | None:
        """Return the last upgrade as it is now; None if none was ever asked for."""
        last = select(func.max(upgrades.c.id)).scalar_subquery()
        row = (await connection.execute(select(upgrades).where(upgrades.c.id == last))).one_or_none()
        if row is None:
            return None
        phases = select(upgrade_phases).where(upgrade_phases.c.upgrade == row.id).order_by(upgrade_phases.c.position)
        rows = (await connection.execute(phases)).all()
        if row.id != self._known.number:
            self._known, self._worked_out_s = _Known(row.id), float("-inf")
        if rows and time.monotonic() - self._worked_out_s > COSTS_EVERY_S:
            self._worked_out_s = time.monotonic()
            await self._work_out(connection, row, rows, now)
        return self._upgrade(row, rows, now)

    def _upgrade(self, row: AnyRow, rows: Sequence[AnyRow], now: float) -> Upgrade:
        running = next((phase for phase in rows if phase.finished_at is None), None) if row.state == "running" else None
        done = Progress(running.rows_done, running.rows_total, running.started_at) if running else None
        return Upgrade(
            row.plan, row.from_version, row.to_version, row.state, row.error,
            row.start_at, row.started_at, row.ended_at,
            expected_end=expected_end(done, row.windows, now) if done else None,
            phases=[
                Phase(
                    phase.phase, phase.rows_done, phase.rows_total, phase.started_at, phase.finished_at,
                    phase.longest_lock_s, self._known.costs.get(phase.phase),
                )
                for phase in rows
            ],
            before=self._known.before,
            normal_again_at=self._known.normal_again_at,
        )  # fmt: skip

    async def _work_out(self, connection: AsyncConnection, row: AnyRow, rows: Sequence[AnyRow], now: float) -> None:
        known, began = self._known, rows[0].started_at
        if known.before is None:
            first = await connection.scalar(text("SELECT finished_at FROM stage_events ORDER BY id LIMIT 1"))
            # A server that is younger than that: its own lifetime.
            known.before = await _cost(connection, max(began - BEFORE_S, min(first or began, began)), began)
        for phase in rows:
            if phase.phase not in known.settled:
                known.costs[phase.phase] = await _cost(connection, phase.started_at, phase.finished_at or now)
            if phase.finished_at is not None:
                known.settled.add(phase.phase)
        if row.state == "done" and not known.normal_for_good:
            queue = await _queue(connection, began - BEFORE_S, now)
            usual = usual_queue(queue, began - BEFORE_S, began)
            known.normal_again_at = again = normal_again_s(queue, usual, row.ended_at, now)
            known.normal_for_good = again is not None and now - again >= HOLD_S


async def _cost(connection: AsyncConnection, start: float, end: float) -> Cost:
    query = text("""
        SELECT count(*), percentile_cont(0.95) WITHIN GROUP (ORDER BY e.finished_at - r.received_at)
        FROM stage_events e JOIN records r ON r.reference = e.citizen
        WHERE e.stage = 'personalisation' AND e.finished_at >= :start AND e.finished_at < :end
    """)
    count, p95_s = (await connection.execute(query, {"start": start, "end": end})).one()
    return Cost(count * 60 / (end - start) if end > start else 0.0, p95_s)


async def _queue(connection: AsyncConnection, start: float, end: float) -> Queue:
    """Return how many of the records received since `start` are at the centre, second by second.

    A record leaves with the last central stage that it has gone through.
    """
    query = text("""
        WITH received AS (SELECT reference, stage, received_at FROM records WHERE received_at BETWEEN :start AND :end)
        SELECT second, sum(change)::bigint FROM (
            SELECT ceil(received_at) AS second, 1 AS change FROM received
            UNION ALL
            SELECT ceil(max(e.finished_at)), -1 FROM stage_events e JOIN received r ON r.reference = e.citizen
            WHERE e.finished_at BETWEEN :start AND :end AND e.stage IN ('validation', 'matching', 'personalisation')
            AND (r.stage IS NULL OR r.stage = 'printing') GROUP BY e.citizen
        ) AS changes GROUP BY second ORDER BY second
    """)
    rows: Sequence[Any] = (await connection.execute(query, {"start": start, "end": end})).all()
    seconds, changes = [row[0] for row in rows], [row[1] for row in rows]
    return queue_of_changes(np.array(seconds, dtype=np.float64), np.array(changes, dtype=np.int64))
