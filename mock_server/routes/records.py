"""Records: where they stand, and the hand-over of their cards."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from mock_server import store
from mock_server.audit import Action, Entry
from mock_server.idempotency import TheOnce
from mock_server.problems import documented
from mock_server.routes.parts import Caller, Connection, TheJournal, VisibleRecord, check_visible
from mock_server.schemas import Receipt, Record, RecordStatus, Reference, Spoiled, Text
from model.stages import Status

router = APIRouter(prefix="/v1/records")


@router.get("")
async def list_records(
    connection: Connection,
    caller: Caller,
    journal: TheJournal,
    office: Annotated[Text, Query(examples=["35.07"])],
    status: Annotated[list[Status], Query(min_length=1, examples=[["CARD_PRINTED"]])],
    since: float = 0.0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> list[RecordStatus]:
    """List an office's records in these statuses, the longest in them first, for its hand-over window to poll."""
    caller.must_see(office)
    rows = await store.list_records(connection, office, status, since, limit)
    asked = {"office": office, "status": status, "since": since, "limit": limit, "found": len(rows)}
    await journal.note(Entry(caller, Action.LIST_RECORDS, detail=asked))
    return [RecordStatus(reference=row.reference, status=row.status, since=row.since) for row in rows]


@router.get("/{reference}", responses=documented(HTTPStatus.NOT_FOUND))
async def read_record(connection: Connection, caller: Caller, journal: TheJournal, reference: Reference) -> Record:
    """Tell where a record stands."""
    found = await store.find_record(connection, reference)
    check_visible(caller, reference, found.office)
    await journal.note(Entry(caller, Action.READ_RECORD, reference, found.nik))
    return Record(**found._mapping)


@router.post("/{reference}/handover", responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def hand_over(connection: Connection, caller: Caller, once: TheOnce, record: VisibleRecord) -> Receipt:
    """Note that the citizen has the card; 409 if there is none to hand over."""
    caller.must_change(record.office)
    receipt = Receipt(reference=record.reference, status=await store.hand_over(connection, record.reference))
    await once.commit(receipt, Entry(caller, Action.HAND_OVER, record.reference, record.nik))
    return receipt


@router.post("/{reference}/spoiled", responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def spoil_card(
    connection: Connection, caller: Caller, once: TheOnce, record: VisibleRecord, spoiled: Spoiled
) -> Receipt:
    """Have a card printed again that the printer spoiled; 409 if there is none, or if the citizen has it."""
    caller.must_change(record.office)
    status = await store.spoil_card(connection, record.reference, spoiled.reason)
    receipt = Receipt(reference=record.reference, status=status)
    await once.commit(
        receipt, Entry(caller, Action.SPOIL_CARD, record.reference, record.nik, {"reason": spoiled.reason})
    )
    return receipt
