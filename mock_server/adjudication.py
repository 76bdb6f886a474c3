"""The supervisor's queue: records that resemble a resident, and what a person decides of each.

A unique person is not enrolled here: the record goes back to the matcher, which alone enrolls. It leaves out the
resident with whom the person was compared and searches once more, for a copy may have been accepted meanwhile.
"""

import time
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server import moves
from mock_server.database import AnyRow
from mock_server.refusals import RefusedError
from mock_server.tables import TO_ADJUDICATE, adjudications, records, residents
from model.stages import IllegalTransitionError, Stage, Status


class Decision(StrEnum):
    """What a supervisor finds."""

    UNIQUE = "unique"
    """Another person, however similar."""
    DUPLICATE = "duplicate"
    """The same person, enrolled already."""


async def waiting(connection: AsyncConnection, office: str | None, limit: int) -> Sequence[AnyRow]:
    """Return the records of an office, or of all, that wait for a decision, the longest waiting first."""
    query = (
        select(
            records.c.reference,
            records.c.office,
            records.c.nik,
            records.c.status_since.label("since"),
            records.c.reasons,
            records.c.duplicate_of.label("resembles"),
            residents.c.reference.label("resembles_reference"),
            records.c.similarity,
        )
        .outerjoin_from(records, residents, residents.c.nik == records.c.duplicate_of)
        .where(TO_ADJUDICATE, true() if office is None else records.c.office == office)
        .order_by(records.c.status_since)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def decide(connection: AsyncConnection, reference: str, decision: Decision, reason: str) -> Status:
    """Write down a decision and send the record on; returns its status.

    Of a unique person it is ADJUDICATE_RECORD still, until the matcher has enrolled her.

    Raises:
        UnknownRecordError: there is no such record.
        IllegalTransitionError: the record does not wait for a decision.
        RefusedError: it is decided already, or its NIK is another resident's.
    """
    record = await moves.lock(connection, reference)
    status = await _decided(connection, record, decision)
    await connection.execute(
        insert(adjudications).values(
            reference=reference,
            resembles=record.duplicate_of,
            similarity=record.similarity,
            decision=decision,
            reason=reason,
            decided_at=time.time(),
        )
    )
    return status


async def _decided(connection: AsyncConnection, record: AnyRow, decision: Decision) -> Status:
    if record.status != Status.ADJUDICATE_RECORD:
        unwanted = Status.DUPLICATE_RECORD if decision == Decision.DUPLICATE else Status.PRINT_READY_RECORD
        raise IllegalTransitionError(Status(record.status), unwanted)
    if record.stage is not None:
        raise RefusedError(f"{record.reference} is decided: it waits to be enrolled")
    if decision == Decision.DUPLICATE:
        return await moves.walk(connection, record, Status.DUPLICATE_RECORD)
    if await connection.scalar(select(residents.c.nik).where(residents.c.nik == record.nik)) is not None:
        raise RefusedError(f"NIK {record.nik} is a resident's: its holder cannot be enrolled once more")
    await connection.execute(
        update(records)
        .where(records.c.reference == record.reference)
        .values(stage=Stage.MATCHING, stage_entered_at=time.time())
    )
    return Status.ADJUDICATE_RECORD
