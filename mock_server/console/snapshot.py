"""The snapshot: what the console shows, read in one go and shared by all who watch."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exc, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mock_server import faults, store
from mock_server.console.throughput import Throughput
from mock_server.console.upgrade import Upgrade, UpgradeReader
from mock_server.tables import CARD_OF_SCENARIO, HELD, IN_PRINTER, WAITS_FOR_PRINTER, cards, records, system
from model.offices import all_offices
from model.stages import CENTRAL_STAGES, Stage

EVERY_S = 1.0
"""How often the console looks, however many watch."""
CARDS = 8
CARDS_EVERY_S = 3.0
"""How often the last cards are looked up: pictures that change faster cannot be looked at."""


@dataclass(frozen=True)
class Queue:
    """A stage's queue, and what the stage has finished in the last minute."""

    stage: Stage
    waiting: int
    oldest_wait_s: float
    per_minute: int


@dataclass(frozen=True)
class Office:
    """An office's printers and what waits for them; stock is None where the database keeps none."""

    code: str
    name: str
    printers: int
    printers_on: bool
    waiting: int
    held: int
    """Cards that are not to be printed yet."""
    in_printer: int
    blanks: int | None
    ribbon_left: int | None


@dataclass(frozen=True)
class Card:
    """A card made lately."""

    number: str
    office: str
    status: str
    made_at: float


@dataclass(frozen=True)
class Snapshot:
    """The system at one moment; times in seconds since the epoch."""

    taken_at: float
    version: str
    phase: str
    """The upgrade's phase, "" when none is under way."""
    upgrade: Upgrade | None
    """The last one, also when it is over."""
    queues: Sequence[Queue]
    bars: Sequence[int]
    """Printed cards in each `throughput.BAR_S` of the last minutes, oldest first."""
    offices: Sequence[Office]
    cards: Sequence[Card]
    """Newest first."""
    faults: Sequence[str]
    """The injected faults under way, such as "latency at validation"."""


class Board:
    """Hands the same snapshot to all who ask within a second; reads nothing while nobody asks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._throughput = Throughput()
        self._upgrade = UpgradeReader()
        self._reading = asyncio.Lock()
        self._looked_s = float("-inf")
        self._seen: Snapshot | None = None
        self._cards: Sequence[Card] = ()
        self._cards_s = float("-inf")

    async def look(self) -> Snapshot | None:
        """Return the system as it is now, or None while the database does not answer."""
        async with self._reading:
            # A little less than the pages' own rhythm, or each of them would miss every second look.
            if time.monotonic() - self._looked_s > EVERY_S * 0.8:
                try:
                    async with self._engine.connect() as connection:
                        self._seen = await self._read(connection)
                except (exc.OperationalError, exc.TimeoutError):
                    self._seen = None
                self._looked_s = time.monotonic()
            return self._seen

    async def _read(self, connection: AsyncConnection) -> Snapshot:
        await self._throughput.read(connection, time.time())
        if time.monotonic() - self._cards_s > CARDS_EVERY_S:
            self._cards = await _last_cards(connection)
            self._cards_s = time.monotonic()
        software = (await connection.execute(select(system.c.version, system.c.phase))).one()
        counted = await store.count_queues(connection)
        now = time.time()
        return Snapshot(
            taken_at=now,
            version=software.version,
            phase=software.phase,
            upgrade=await self._upgrade.read(connection, now),
            queues=[self._queue(stage, counted, now) for stage in _stages(counted)],
            bars=self._throughput.bars(Stage.PRINTING, now),
            offices=await _offices(connection),
            cards=self._cards,
            faults=[f"{row.kind} at {row.target}" for row in await faults.find_active(connection)],
        )

    def _queue(self, stage: Stage, counted: Mapping[Stage, tuple[int, float]], now: float) -> Queue:
        waiting, since = counted.get(stage, (0, now))
        return Queue(stage, waiting, max(0.0, now - since), self._throughput.per_minute(stage, now))


def _stages(counted: Mapping[Stage, Any]) -> list[Stage]:
    """Name the stages to show: the usual ones, and any other that has a queue."""
    usual = {*CENTRAL_STAGES, Stage.PRINTING}
    return [stage for stage in Stage if stage in usual or stage in counted]


async def _offices(connection: AsyncConnection) -> list[Office]:
    # Whatever columns there are, as one: some versions of the database keep stock and some do not, and a prepared
    # statement does not survive an upgrade that changes its columns.
    rows = (await connection.scalars(text("SELECT to_jsonb(offices) FROM offices ORDER BY code"))).all()
    waiting = await _by_office(connection, WAITS_FOR_PRINTER)
    held = await _by_office(connection, HELD)
    printing = await _by_office(connection, IN_PRINTER)
    return [
        Office(
            code=(code := row["code"]),
            name=_name(code),
            printers=row["printers"],
            printers_on=row["printers_on"],
            waiting=waiting.get(code, 0),
            held=held.get(code, 0),
            in_printer=printing.get(code, 0),
            blanks=row.get("blanks"),
            ribbon_left=row.get("ribbon_left"),
        )
        for row in rows
    ]


async def _by_office(connection: AsyncConnection, which: Any) -> dict[str, int]:
    query = select(records.c.office, func.count()).where(which).group_by(records.c.office)
    return dict((await connection.execute(query)).tuples().all())


async def _last_cards(connection: AsyncConnection) -> list[Card]:
    # By number, which has an index: numbers are drawn in the order in which the cards are made.
    query = (
        select(cards.c.number, records.c.office, records.c.status, cards.c.made_at)
        .join(records, records.c.reference == cards.c.reference)
        .where(CARD_OF_SCENARIO)
        .order_by(cards.c.number.desc())
        .limit(CARDS)
    )
    return [Card(*row) for row in (await connection.execute(query)).tuples()]


def _name(code: str) -> str:
    office = all_offices().get(code)
    return office.name if office else ""
