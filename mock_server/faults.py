"""Faults injected on purpose, each with a start and an end: a stage slow or failing, a part of the system down.

This is the one place of the server that waits for no work's sake, and only while a fault that somebody asked for says
so. Without faults a step pays for one query of an empty table.
"""

import asyncio
import os
import signal
import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, exc, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mock_server.database import AnyRow
from mock_server.outages import reason_of
from mock_server.pipeline.printing import printer_name
from mock_server.refusals import MissingError, RefusedError
from mock_server.supplies import find_office
from mock_server.tables import faults
from model.streams import stream

FRESH_S = 0.25
"""How long the web trusts what it has read of the faults."""


class Kind(StrEnum):
    """What goes wrong."""

    LATENCY = "latency"
    """Each record takes a stage so much longer."""
    ERRORS = "errors"
    """A share of the records fails at a stage."""
    PRINTER_DOWN = "printer-down"
    """A printer takes no cards."""
    LINK_CUT = "link-cut"
    """An office's requests get no answer."""
    WORKER_KILLED = "worker-killed"
    """A worker process dies, and does not live until the end."""
    POSTGRES_RESTART = "postgres-restart"
    """The database is stopped hard, and started again at the end; who runs it carries that out."""


DATABASE = "database"
"""The target of a restart."""


class Target(StrEnum):
    """Where latency and errors can be injected."""

    SUBMISSION = "submission"
    """The web's taking of a packet."""
    VALIDATION = "validation"
    MATCHING = "matching"
    PERSONALISATION = "personalisation"
    PRINTING = "printing"
    """Latency only: a machine that spoils cards is one that is down."""


class InjectedError(RuntimeError):
    """The step fails because a fault says so."""


@dataclass(frozen=True)
class Faults:
    """The faults under way or still to come, as they were read."""

    rows: tuple[AnyRow, ...] = ()

    def delay_s(self, target: str, now_s: float) -> float:
        """Return how long a record has to wait at a stage: the longest of the faults, to the fault's end at most."""
        waits = [min(row.delay_s, row.ends_at - now_s) for row in self._of(Kind.LATENCY, target, now_s)]
        return max(waits, default=0.0)

    def check(self, target: str, reference: str, now_s: float) -> None:
        """Fail the records that a fault picks. The fault's id and the record decide, so a record fails each time.

        Raises:
            InjectedError: this is one of them.
        """
        for row in self._of(Kind.ERRORS, target, now_s):
            if stream(row.id, 0, "fault", reference).random() < row.share:
                raise InjectedError(injected(row.id))

    def printers_down(self, now_s: float) -> frozenset[str]:
        """Return the names of the printers that take no cards."""
        down = (row.target for row in self.rows if row.kind == Kind.PRINTER_DOWN and _is_active(row, now_s))
        return frozenset(down)

    def is_cut(self, office: str, now_s: float) -> bool:
        """Tell whether an office's link is cut."""
        return bool(self._of(Kind.LINK_CUT, office, now_s))

    def kills(self, worker: str, now_s: float) -> bool:
        """Tell whether a worker of this name must not live."""
        return bool(self._of(Kind.WORKER_KILLED, worker, now_s))

    def failing(self) -> frozenset[int]:
        """Return the ids of the faults that let records fail, under way or to come."""
        return frozenset(row.id for row in self.rows if row.kind == Kind.ERRORS)

    def _of(self, kind: Kind, target: str, now_s: float) -> list[AnyRow]:
        return [row for row in self.rows if (row.kind, row.target) == (kind, target) and _is_active(row, now_s)]


def injected(number: int) -> str:
    """Say that the fault of this number is why."""
    return f"injected fault {number}"


def read(connection: Connection) -> Faults:
    """Read the faults, in a transaction that a step makes anyway."""
    return Faults(tuple(connection.execute(_present(time.time()))))


def die_if_killed(present: Faults, worker: str) -> None:
    """End this process as `kill -9` would, with nothing put in order, if a fault says so."""
    if present.kills(worker, time.time()):
        os.kill(os.getpid(), signal.SIGKILL)


def strike(present: Faults, target: str, reference: str) -> None:
    """Do to a step what the faults say: wait, fail, or nothing.

    Raises:
        InjectedError: the step has failed.
    """
    if not present.rows:
        return
    delay_s = present.delay_s(target, time.time())
    if delay_s > 0:
        time.sleep(delay_s)
    present.check(target, reference, time.time())


def struck(present: Faults, target: str, references: Collection[str]) -> dict[str, str]:
    """Do to a batch what the faults say; returns why each of those that failed did."""
    failed = {}
    for reference in references:
        try:
            strike(present, target, reference)
        except InjectedError as error:
            failed[reference] = str(error)
    return failed


class Watch:
    """What the web knows of the faults, read again when it is older than `FRESH_S`."""

    def __init__(self) -> None:
        self._present = Faults()
        self._read_s = -FRESH_S

    async def strike(self, connection: AsyncConnection, reference: str) -> None:
        """Do to a submission what the faults say: wait, fail, or nothing.

        Raises:
            InjectedError: the submission has failed.
        """
        if self._is_stale():
            await self._read(connection)
        delay_s = self._present.delay_s(Target.SUBMISSION, time.time())
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        self._present.check(Target.SUBMISSION, reference, time.time())

    async def is_cut(self, engine: AsyncEngine, office: str) -> bool:
        """Tell whether an office's link is cut; while the database does not answer, by what was known last."""
        if self._is_stale():
            # Those who ask meanwhile need not wait for the same.
            self._read_s = time.monotonic()
            try:
                async with engine.connect() as connection:
                    await self._read(connection)
            except (exc.DBAPIError, exc.TimeoutError) as error:
                if reason_of(error) is None:
                    raise
        return self._present.is_cut(office, time.time())

    def _is_stale(self) -> bool:
        return time.monotonic() - self._read_s >= FRESH_S

    async def _read(self, connection: AsyncConnection) -> None:
        self._present = Faults(tuple(await connection.execute(_present(time.time()))))
        self._read_s = time.monotonic()


async def find_all(connection: AsyncConnection) -> list[AnyRow]:
    """Return all faults, also those that are over, in the order of their starts."""
    return list(await connection.execute(select(faults).order_by(faults.c.starts_at, faults.c.id)))


async def find_active(connection: AsyncConnection) -> list[AnyRow]:
    """Return the faults under way."""
    now_s = time.time()
    return [row for row in await connection.execute(_present(now_s)) if _is_active(row, now_s)]


async def add(connection: AsyncConnection, values: dict[str, Any]) -> AnyRow:
    """Note a fault: its kind, target, start and end, and its delay or share."""
    row: AnyRow = (await connection.execute(insert(faults).values(values).returning(faults))).one()
    return row


async def find_printer(connection: AsyncConnection, office: str, position: int) -> str:
    """Return the name of an office's printer.

    Raises:
        MissingError: there is no such printer.
    """
    if position > (await find_office(connection, office)).printers:
        raise MissingError(f"office {office} has no printer {position}")
    return printer_name(office, position)


async def end(connection: AsyncConnection, number: int) -> AnyRow:
    """End a fault now; one that has not begun never does.

    Raises:
        MissingError: there is none of that number.
        RefusedError: it is over.
    """
    now_s = time.time()
    ended = update(faults).where(faults.c.id == number, faults.c.ends_at > now_s)
    until = func.greatest(faults.c.starts_at, now_s)
    row: AnyRow | None = (await connection.execute(ended.values(ends_at=until).returning(faults))).one_or_none()
    if row is not None:
        return row
    if (await connection.execute(select(faults.c.id).where(faults.c.id == number))).one_or_none() is None:
        raise MissingError(f"no fault {number}")
    raise RefusedError(f"fault {number} is over")


def worker_name(number: int) -> str:
    """Name a worker, counted from 1, as who starts several has to: `worker-1`."""
    return f"worker-{number}"


def _present(now_s: float) -> Select[Any]:
    return select(faults).where(faults.c.ends_at > now_s).order_by(faults.c.id)


def _is_active(row: AnyRow, now_s: float) -> bool:
    return bool(row.starts_at <= now_s < row.ends_at)
