"""The printers process: plays all offices' card printers."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, select

from mock_server import claims, supplies
from mock_server.adapters.printer import MechanicalPrinter
from mock_server.claims import Finished, Visit
from mock_server.database import Lock, engine_of, try_lock
from mock_server.pipeline.printing import PrintedCard, PrintShop
from mock_server.settings import Settings
from mock_server.tables import offices
from model.stages import Status

_LOCK_POLL_S = 0.1
_LOOK_FOR_JAMS_S = 0.5


def run(settings: Settings, stop: Callable[[], bool], ready: Callable[[], None]) -> None:
    """Print until told to stop; cards still in a printer then go back into the queue."""
    with engine_of(settings.database_url) as engine, engine.connect() as connection:
        while not try_lock(connection, Lock.PRINTERS):
            if stop():
                return
            time.sleep(_LOCK_POLL_S)
        with connection.begin():
            # A printers process that died could not put them back.
            claims.release_prints(connection)
            printers = {row.code: row.printers for row in connection.execute(select(offices))}
        asyncio.run(_print(connection, printers, settings, stop, ready))
        with connection.begin():
            claims.release_prints(connection)


async def _print(
    connection: Connection,
    printers: dict[str, int],
    settings: Settings,
    stop: Callable[[], bool],
    ready: Callable[[], None],
) -> None:
    shop = PrintShop(printers, MechanicalPrinter(), settings.printer_s_per_card)
    printing: dict[str, Visit] = {}

    def hand_in() -> list[tuple[Visit, PrintedCard]]:
        return [(printing.pop(card.reference), card) for card in shop.empty_tray()]

    looked_s = -_LOOK_FOR_JAMS_S
    ready()
    while not stop():
        if time.monotonic() - looked_s >= _LOOK_FOR_JAMS_S:
            looked_s = time.monotonic()
            back = shop.halt(await asyncio.to_thread(_jammed, connection))
            await asyncio.to_thread(_put_back, connection, back)
            for reference in back:
                del printing[reference]
        # In a thread, so that the database does not hold up the machines.
        for visit in await asyncio.to_thread(exchange, connection, hand_in(), shop.room()):
            printing[visit.reference] = visit
            shop.spool(visit.office, visit.reference)
        await asyncio.sleep(settings.poll_s)
    await shop.close()
    exchange(connection, hand_in(), {})


def exchange(
    connection: Connection, printed: Sequence[tuple[Visit, PrintedCard]], room: Mapping[str, int]
) -> list[Visit]:
    """Hand in the printed cards and take as many new ones as the offices have room for, in one transaction."""
    with connection.begin():
        if printed:
            claims.finish(connection, claims.read_system(connection), [_finished(*card) for card in printed])
            supplies.use(connection, Counter(visit.office for visit, _ in printed))
        return claims.claim_prints(connection, supplies.within_stock(connection, room) if room else {})


def _jammed(connection: Connection) -> frozenset[str]:
    with connection.begin():
        return supplies.jammed_printers(connection)


def _put_back(connection: Connection, references: Sequence[str]) -> None:
    if references:
        with connection.begin():
            claims.release_prints(connection, references)


def _finished(visit: Visit, card: PrintedCard) -> Finished:
    return Finished(visit, card.started_s, card.finished_s, Status.CARD_PRINTED, None, card.printer)
