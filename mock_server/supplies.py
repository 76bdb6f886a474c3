"""What an office's printing lives on: blank cards, ribbon, and printers that are not jammed."""

import time
from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.bell import channel
from mock_server.database import AnyRow
from mock_server.pipeline.printing import printer_name
from mock_server.refusals import MissingError, RefusedError
from mock_server.tables import IN_PRINTER, jams, offices, records
from model.stages import Stage


def within_stock(connection: Connection, room: Mapping[str, int]) -> dict[str, int]:
    """Cut the offices' room for cards down to what their blanks and ribbon suffice for beyond those in printers."""
    # The lesser of the two, or the one that is counted: PostgreSQL's LEAST leaves nulls out.
    stock = func.least(offices.c.blanks, offices.c.ribbon_left)
    query = select(offices.c.code, stock.label("cards")).where(offices.c.code.in_(room), stock.is_not(None))
    counted = {row.code: row.cards for row in connection.execute(query)}
    if not counted:
        return dict(room)
    held = (
        select(records.c.office, func.count().label("cards"))
        .where(IN_PRINTER, records.c.office.in_(counted))
        .group_by(records.c.office)
    )
    in_printers = {row.office: row.cards for row in connection.execute(held)}
    left = {office: cards - in_printers.get(office, 0) for office, cards in counted.items()}
    cut = {office: min(cards, left.get(office, cards)) for office, cards in room.items()}
    return {office: cards for office, cards in cut.items() if cards > 0}


def use(connection: Connection, printed: Mapping[str, int]) -> None:
    """Take the blanks and the ribbon of so many printed cards from the offices' stocks, where they are counted."""
    # Cards may have been in the printers before somebody began to count; the stock is not below nothing for that.
    used = update(offices).where(offices.c.code == bindparam("office"))
    left = {
        name: case((offices.c[name].is_not(None), func.greatest(offices.c[name] - bindparam("cards"), 0)))
        for name in ("blanks", "ribbon_left")
    }
    counted = func.coalesce(offices.c.blanks, offices.c.ribbon_left).is_not(None)
    if printed:
        connection.execute(
            used.where(counted).values(left),
            [{"office": office, "cards": cards} for office, cards in printed.items()],
        )


def switched_off(connection: Connection) -> frozenset[str]:
    """Return the offices whose printers begin no cards."""
    return frozenset(connection.scalars(select(offices.c.code).where(~offices.c.printers_on)))


def jammed_printers(connection: Connection) -> frozenset[str]:
    """Return the names of the printers that are jammed."""
    return frozenset(connection.scalars(select(jams.c.printer).where(jams.c.cleared_at.is_(None))))


async def find_office(connection: AsyncConnection, code: str, *, lock: bool = False) -> AnyRow:
    """Return an office's row.

    Raises:
        MissingError: there is none.
    """
    query = select(offices).where(offices.c.code == code)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise MissingError(f"no office {code!r}")
    return row


async def find_jams(connection: AsyncConnection, code: str) -> dict[str, str]:
    """Return why each of an office's jammed printers is."""
    query = select(jams.c.printer, jams.c.reason).where(jams.c.office == code, jams.c.cleared_at.is_(None))
    return {row.printer: row.reason for row in await connection.execute(query.order_by(jams.c.printer))}


async def deliver(connection: AsyncConnection, code: str, blanks: int | None, ribbon: int | None) -> None:
    """Add to an office's stock, None to none of it; an office that counted nothing begins to count what it gets.

    Raises:
        MissingError: there is no such office.
    """
    await find_office(connection, code)
    more = {"blanks": blanks, "ribbon_left": ribbon}
    values = {name: func.coalesce(offices.c[name], 0) + count for name, count in more.items() if count is not None}
    if values:
        await connection.execute(update(offices).where(offices.c.code == code).values(values))
        await _ring(connection)


async def switch_printers(connection: AsyncConnection, code: str, on: bool) -> None:
    """Switch an office's printers on or off; they may be so already.

    Raises:
        MissingError: there is no such office.
    """
    await find_office(connection, code)
    await connection.execute(update(offices).where(offices.c.code == code).values(printers_on=on))
    await _ring(connection)


async def report_jam(connection: AsyncConnection, code: str, position: int, reason: str) -> str:
    """Note that a printer is jammed; returns its name.

    Raises:
        MissingError: there is no such printer.
        RefusedError: it is jammed already.
    """
    printer = await _printer(connection, code, position)
    if printer in await find_jams(connection, code):
        raise RefusedError(f"{printer} is jammed already")
    await connection.execute(insert(jams).values(printer=printer, office=code, reason=reason, reported_at=time.time()))
    return printer


async def clear_jam(connection: AsyncConnection, code: str, position: int) -> str:
    """Note that a printer works again; returns its name.

    Raises:
        MissingError: there is no such printer.
        RefusedError: it is not jammed.
    """
    printer = await _printer(connection, code, position)
    cleared = update(jams).where(jams.c.printer == printer, jams.c.cleared_at.is_(None))
    if not (await connection.execute(cleared.values(cleared_at=time.time()))).rowcount:
        raise RefusedError(f"{printer} is not jammed")
    return printer


async def _ring(connection: AsyncConnection) -> None:
    """Let the printers hear of it with the commit; see `mock_server/bell.py`."""
    await connection.execute(select(func.pg_notify(channel(Stage.PRINTING), "")))


async def _printer(connection: AsyncConnection, code: str, position: int) -> str:
    """Lock the office, so that of two reports on its printers the second sees the first."""
    office = await find_office(connection, code, lock=True)
    if not 1 <= position <= office.printers:
        raise MissingError(f"office {code} has no printer {position}")
    return printer_name(code, position)
