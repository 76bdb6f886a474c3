"""The printers process: plays all offices' card printers."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import psycopg
from sqlalchemy import Connection, Engine, exc, select

from mock_server import claims, faults, supplies
from mock_server.adapters.printer import MechanicalPrinter
from mock_server.bell import Bell
from mock_server.claims import Finished, Visit
from mock_server.database import Lock, engine_of, try_lock
from mock_server.outages import Backoff
from mock_server.pipeline.printing import PrintedCard, PrintShop
from mock_server.settings import Settings
from mock_server.tables import offices
from model.stages import Stage, Status

_LOCK_POLL_S = 0.1
_TRAY_CHECK_S = 0.02
_LOOK_FOR_JAMS_S = 0.5


def run(settings: Settings, stop: Callable[[], bool], ready: Callable[[], None]) -> None:
    """Print until told to stop; cards still in a printer then go back into the queue.

    The machines go on through an outage of the database with what they have, and hand it in afterwards.
    """
    with engine_of(settings.database_url) as engine:
        asyncio.run(_print(engine, settings, stop, cache(ready)))


class Desk:
    """Where cards pass between the queue and the shop: what the shop holds, and what it made and has not handed in."""

    def __init__(self, settings: Settings) -> None:
        self._s_per_card = settings.printer_s_per_card
        self._shop: PrintShop | None = None
        self._visits: dict[str, Visit] = {}
        self._printed: list[PrintedCard] = []

    async def open(self, connection: Connection) -> None:
        """Begin, or go on after an outage: cards claimed by nobody who lives go back into the queue."""
        with connection.begin():
            # A printers process that died could not put them back.
            claims.release_prints(connection, but=self._visits)
            printers = {row.code: row.printers for row in connection.execute(select(offices))}
        if self._shop is None:
            self._shop = PrintShop(printers, MechanicalPrinter(), self._s_per_card)

    async def exchange(self, connection: Connection, *, take: bool) -> None:
        """Hand in what is printed and, if asked, take more."""
        if self._shop is None:
            return
        self._printed += self._shop.empty_tray()
        printed = [(self._visits[card.reference], card) for card in self._printed]
        # In a thread, so that the database does not hold up the machines.
        room = self._shop.room() if take else {}
        taken, off = await asyncio.to_thread(exchange, connection, printed, room)
        # Only now are they handed in for certain.
        for card in self._printed:
            del self._visits[card.reference]
        self._printed = []
        for visit in taken:
            self._visits[visit.reference] = visit
            self._shop.spool(visit.office, visit.reference)
        await self._give_back(connection, self._shop.recall(off))

    async def heed_troubles(self, connection: Connection) -> None:
        """Let printers that are jammed or down stand, their cards go back into the queue, and the others be slow."""
        if self._shop is None:
            return
        jammed, delay_s = await asyncio.to_thread(_troubles, connection)
        self._shop.slow_down(delay_s)
        await self._give_back(connection, self._shop.halt(jammed))

    async def _give_back(self, connection: Connection, references: Sequence[str]) -> None:
        if references:
            await asyncio.to_thread(_put_back, connection, references)
        for reference in references:
            del self._visits[reference]

    @property
    def has_printed(self) -> bool:
        """Tell whether a printed card waits to be handed in, which makes room for another."""
        return self._shop is not None and self._shop.has_printed

    async def close(self) -> None:
        """Stop the machines; the cards in them are spoiled."""
        if self._shop is not None:
            await self._shop.close()


async def _print(engine: Engine, settings: Settings, stop: Callable[[], bool], ready: Callable[[], None]) -> None:
    desk, backoff = Desk(settings), Backoff()
    while not stop():
        try:
            with await asyncio.to_thread(engine.connect) as connection, Bell(settings, Stage.PRINTING) as bell:
                await _serve(connection, bell, desk, settings.poll_s, stop, ready)
        except (exc.SQLAlchemyError, psycopg.Error) as error:
            # The next process puts back what this one, told to stop, cannot.
            await _pause(backoff.after(error), stop)
    await desk.close()


async def _serve(
    connection: Connection, bell: Bell, desk: Desk, poll_s: float, stop: Callable[[], bool], ready: Callable[[], None]
) -> None:
    while not try_lock(connection, Lock.PRINTERS):
        if stop():
            return
        await asyncio.sleep(_LOCK_POLL_S)
    await desk.open(connection)
    ready()
    looked_s = -_LOOK_FOR_JAMS_S
    while not stop():
        if time.monotonic() - looked_s >= _LOOK_FOR_JAMS_S:
            looked_s = time.monotonic()
            await desk.heed_troubles(connection)
        await desk.exchange(connection, take=True)
        due_s = time.monotonic() + poll_s
        while not (stop() or desk.has_printed or bell.rang() or time.monotonic() > due_s):
            await asyncio.sleep(_TRAY_CHECK_S)
    await desk.close()
    await desk.exchange(connection, take=False)
    with connection.begin():
        claims.release_prints(connection)


async def _pause(duration_s: float, stop: Callable[[], bool]) -> None:
    end_s = time.monotonic() + duration_s
    while not stop() and (left_s := end_s - time.monotonic()) > 0:
        await asyncio.sleep(min(left_s, _LOCK_POLL_S))


def exchange(
    connection: Connection, printed: Sequence[tuple[Visit, PrintedCard]], room: Mapping[str, int]
) -> tuple[list[Visit], frozenset[str]]:
    """Hand in the printed cards and take as many new ones as the offices have room for, in one transaction.

    Returns the new ones, and the offices whose printers are switched off, which take none. A card that is no longer
    claimed as it was is handed in already, or another's to print: it is passed over.
    """
    with connection.begin():
        if printed:
            ours = claims.still_claimed(connection, [visit for visit, _ in printed])
            handed_in = [(visit, card) for visit, card in printed if visit.reference in ours]
            finished = [_finished(visit, card) for visit, card in handed_in]
            claims.finish(connection, claims.read_system(connection), finished)
            supplies.use(connection, Counter(visit.office for visit, _ in handed_in))
        off = supplies.switched_off(connection)
        at_work = {office: cards for office, cards in room.items() if office not in off}
        return claims.claim_prints(connection, supplies.within_stock(connection, at_work) if at_work else {}), off


def _troubles(connection: Connection) -> tuple[frozenset[str], float]:
    """Return the printers that stand, and how much longer the others take for a card."""
    with connection.begin():
        present, now_s = faults.read(connection), time.time()
        standing = supplies.jammed_printers(connection) | present.printers_down(now_s)
    return standing, present.delay_s(Stage.PRINTING, now_s)


def _put_back(connection: Connection, references: Sequence[str]) -> None:
    with connection.begin():
        claims.release_prints(connection, references)


def _finished(visit: Visit, card: PrintedCard) -> Finished:
    return Finished(visit, card.started_s, card.finished_s, Status.CARD_PRINTED, None, card.printer)
