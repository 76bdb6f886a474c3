"""Records: where they stand, and the hand-over of their cards."""

from typing import Annotated

from fastapi import APIRouter, Query

from mock_server import store
from mock_server.routes.parts import Connection
from mock_server.schemas import Receipt, Record, RecordStatus, Reference, Spoiled, Text
from model.stages import Status

router = APIRouter(prefix="/v1/records")


@router.get("")
async def list_records(
    connection: Connection,
    office: Text,
    status: Annotated[list[Status], Query(min_length=1)],
    since: float = 0.0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> list[RecordStatus]:
    """List an office's records in these statuses, the longest in them first, for its hand-over window to poll."""
    rows = await store.list_records(connection, office, status, since, limit)
    return [RecordStatus(reference=row.reference, status=row.status, since=row.since) for row in rows]


@router.get("/{reference}")
async def read_record(connection: Connection, reference: Reference) -> Record:
    """Tell where a record stands."""
    return Record(**(await store.find_record(connection, reference))._mapping)


@router.post("/{reference}/handover")
async def hand_over(connection: Connection, reference: Reference) -> Receipt:
    """Note that the citizen has the card; 409 if there is none to hand over."""
    status = await store.hand_over(connection, reference)
    await connection.commit()
    return Receipt(reference=reference, status=status)


@router.post("/{reference}/spoiled")
async def spoil_card(connection: Connection, reference: Reference, spoiled: Spoiled) -> Receipt:
    """Have a card printed again that the printer spoiled; 409 if there is none, or if the citizen has it."""
    status = await store.spoil_card(connection, reference, spoiled.reason)
    await connection.commit()
    return Receipt(reference=reference, status=status)
