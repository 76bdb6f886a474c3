"""A record moved by people and not by a process: its row is locked, its moves are checked, and then written."""

import time
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.database import AnyRow
from mock_server.refusals import MissingError
from mock_server.tables import records
from model.stages import Status, move


class UnknownRecordError(MissingError):
    """There is no record with this reference."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"no record {reference!r}")


async def lock(connection: AsyncConnection, reference: str) -> AnyRow:
    """Keep a record as it is for others until the transaction ends; returns what a decision on it needs.

    Raises:
        UnknownRecordError: there is none.
    """
    names = ("reference", "office", "nik", "status", "stage", "duplicate_of", "similarity", "permit")
    query = select(*(records.c[name] for name in names)).where(records.c.reference == reference).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UnknownRecordError(reference)
    return row


async def walk(connection: AsyncConnection, record: AnyRow, *path: Status, **columns: Any) -> Status:
    """Move a locked record along a path of statuses, and write the columns with the last; returns where it ends.

    Raises:
        IllegalTransitionError: a step of the path is none that a record may take; nothing was written.
    """
    status = Status(record.status)
    for new in path:
        status = move(status, new)
    # A step at a time, since the database checks each.
    for new in path:
        values = columns if new == path[-1] else {}
        moved = update(records).where(records.c.reference == record.reference)
        await connection.execute(moved.values({"status": new, "status_since": time.time()} | values))
    return status
