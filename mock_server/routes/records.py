"""Records: where they stand, and the hand-over of their cards."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from mock_server import store
from mock_server.idempotency import TheOnce
from mock_server.problems import documented
from mock_server.routes.parts import Connection
from mock_server.schemas import Receipt, Record, RecordStatus, Reference, Text
from model.stages import Status

router = APIRouter(prefix="/v1/records")


@router.get("")
async def list_records(
    connection: Connection,
    office: Annotated[Text, Query(examples=["35.07"])],
    status: Annotated[list[Status], Query(min_length=1, examples=[["CARD_PRINTED"]])],
    since: float = 0.0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> list[RecordStatus]:
    """List an office's records in these statuses, the longest in them first, for its hand-over window to poll."""
    rows = await store.list_records(connection, office, status, since, limit)
    return [RecordStatus(reference=row.reference, status=row.status, since=row.since) for row in rows]


@router.get("/{reference}", responses=documented(HTTPStatus.NOT_FOUND))
async def read_record(connection: Connection, reference: Reference) -> Record:
    """Tell where a record stands."""
    return Record(**(await store.find_record(connection, reference))._mapping)


@router.post("/{reference}/handover", responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def hand_over(connection: Connection, once: TheOnce, reference: Reference) -> Receipt:
    """Note that the citizen has the card; 409 if there is none to hand over."""
    receipt = Receipt(reference=reference, status=await store.hand_over(connection, reference))
    await once.commit(receipt)
    return receipt
