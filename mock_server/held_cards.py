"""Held cards: those that nobody waits for, which are not printed until their office says so, for a night's batch.

A held record goes through the centre as all do, and then stays SENT_FOR_CARD_PRINTING without a place in the printers'
queue; its release gives it one, behind the cards that wait already.
"""

import math
import time
from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.database import AnyRow
from mock_server.moves import UnknownRecordError
from mock_server.tables import HELD, records


def print_from(hold: bool) -> float:
    """Return what a new record's `print_from` is: infinity while its card is held, else any moment will do."""
    return math.inf if hold else 0.0


async def list_held(connection: AsyncConnection, office: str, limit: int) -> Sequence[AnyRow]:
    """Return (reference, status, since) of an office's held cards that are ready to be printed, the oldest first."""
    query = (
        select(records.c.reference, records.c.status, records.c.stage_entered_at.label("since"))
        .where(HELD, records.c.office == office)
        .order_by(records.c.stage_entered_at)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def release(connection: AsyncConnection, office: str, references: Collection[str]) -> list[str]:
    """Let an office's cards be printed; returns those that were held until now, in the order of their names.

    A card that is not made yet will not wait when it is.

    Raises:
        UnknownRecordError: one is no record of this office; nothing was released.
    """
    asked = sorted(set(references))
    of_office = select(records.c.reference).where(records.c.office == office, records.c.reference.in_(asked))
    # Locked in one order, so that two requests for the same cards wait for each other and do not block each other.
    known = set(await connection.scalars(of_office.order_by(records.c.reference).with_for_update()))
    if unknown := [reference for reference in asked if reference not in known]:
        raise UnknownRecordError(unknown[0])
    held = update(records).where(records.c.reference.in_(asked), records.c.print_from == math.inf)
    released = held.values(print_from=time.time()).returning(records.c.reference)
    return sorted(await connection.scalars(released))
