"""Faults injected on purpose, each with a start and an end: a stage made slow or failing, a printer down.

This is the one place of the server that waits for no work's sake, and only while a fault that somebody asked for says
so. Without faults a step pays for one query of an empty table.
"""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.database import AnyRow
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


class Target(StrEnum):
    """Where latency and errors can be injected."""

    SUBMISSION = "submission"
    """The web's taking of a packet."""
    VALIDATION = "validation"
    MATCHING = "matching"
    PERSONALISATION = "personalisation"


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
                raise InjectedError(f"injected fault {row.id}")

    def _of(self, kind: Kind, target: str, now_s: float) -> list[AnyRow]:
        return [row for row in self.rows if (row.kind, row.target) == (kind, target) and _is_active(row, now_s)]


def read(connection: Connection) -> Faults:
    """Read the faults, in a transaction that a step makes anyway."""
    return Faults(tuple(connection.execute(_present(time.time()))))


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
        if time.monotonic() - self._read_s >= FRESH_S:
            self._present = Faults(tuple(await connection.execute(_present(time.time()))))
            self._read_s = time.monotonic()
        delay_s = self._present.delay_s(Target.SUBMISSION, time.time())
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        self._present.check(Target.SUBMISSION, reference, time.time())


def printers_down(connection: Connection) -> frozenset[str]:
    """Return the names of the printers that a fault keeps from working now."""
    now_s = time.time()
    present = connection.execute(_present(now_s).where(faults.c.kind == Kind.PRINTER_DOWN))
    return frozenset(row.target for row in present if _is_active(row, now_s))


async def find_all(connection: AsyncConnection) -> list[AnyRow]:
    """Return all faults, also those that are over, in the order of their starts."""
    return list(await connection.execute(select(faults).order_by(faults.c.starts_at, faults.c.id)))


async def find_active(connection: AsyncConnection) -> list[AnyRow]:
    """Return the faults under way."""
    now_s = time.time()
    return [row for row in await connection.execute(_present(now_s)) if _is_active(row, now_s)]


async def add_to_stage(connection: AsyncConnection, values: dict[str, Any]) -> AnyRow:
    """Note a fault of a stage: its kind, target, delay or share, start and end."""
    row: AnyRow = (await connection.execute(insert(faults).values(values).returning(faults))).one()
    return row


async def add_to_printer(
    connection: AsyncConnection, office: str, position: int, starts_at: float, ends_at: float
) -> AnyRow:
    """Note that a printer is going to be down.

    Raises:
        MissingError: there is no such printer.
    """
    if position > (await find_office(connection, office)).printers:
        raise MissingError(f"office {office} has no printer {position}")
    values = {"kind": Kind.PRINTER_DOWN, "target": printer_name(office, position)}
    return await add_to_stage(connection, values | {"starts_at": starts_at, "ends_at": ends_at})


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


def _present(now_s: float) -> Select[Any]:
    return select(faults).where(faults.c.ends_at > now_s).order_by(faults.c.id)


def _is_active(row: AnyRow, now_s: float) -> bool:
    return bool(row.starts_at <= now_s < row.ends_at)
