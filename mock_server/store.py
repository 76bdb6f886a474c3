"""Records and cards as the web reads and writes them."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server import held_cards, moves
from mock_server.database import AnyRow
from mock_server.moves import UnknownRecordError
from mock_server.permits import must_be_good
from mock_server.pipeline.permits import Permit
from mock_server.refusals import RefusedError
from mock_server.register import CardStatus
from mock_server.tables import (
    QUEUED_AT,
    UNSPOILED_CARD,
    WAITS_FOR_MATCHER,
    WAITS_FOR_PRINTER,
    WAITS_FOR_WORKER,
    cards,
    idempotency_keys,
    offices,
    records,
    system,
    upgrade_phases,
)
from model.stages import Stage, Status

RECAPTURE = (
    Status.BIO_CAPTURED,
    Status.PROCESSING,
    Status.SENT_FOR_ENROLLMENT,
    Status.RECEIVED_AT_CENTRAL,
)
"""How a refused record comes to the centre again; the office's steps are told with the packet."""

_ROOM_BYTES = 262_144


class UnknownOfficeError(ValueError):
    """No office with this code may submit records."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no office {code!r} may submit records")


class TakenReferenceError(ValueError):
    """Another office has used this reference."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"reference {reference!r} is another office's; references are unique in the nation")


@dataclass(frozen=True)
class Subject:
    """Whose record it is."""

    reference: str
    office: str
    nik: str


@dataclass(frozen=True)
class NewRecord:
    """A packet as received."""

    reference: str
    office: str
    biodata: dict[str, str]
    photo: bytes
    template: bytes
    biometrics: bytes
    home: str | None = None
    """The office where the person is at home; None where it is the one that submits."""
    permit: Permit | None = None
    """A foreign resident's."""
    hold_print: bool = False
    """Whether the card is not printed until the office says so."""


async def receive(connection: AsyncConnection, packet: NewRecord) -> tuple[Status, bool]:
    """Put a packet into the queue; returns its record's status and whether the record is new.

    A reference received before is left as it is. The caller commits before it acknowledges.

    Raises:
        UnknownOfficeError: the office may not submit.
        TakenReferenceError: the reference is that of another office's record.
    """
    columns = _columns(packet, time.time())
    row = select(*(literal(value, records.c[name].type) for name, value in columns.items())).where(
        select(offices.c.code).where(offices.c.code == packet.office).exists()
    )
    added = insert(records).from_select(list(columns), row).on_conflict_do_nothing().returning(records.c.status)
    if await connection.scalar(added) is not None:
        return Status.RECEIVED_AT_CENTRAL, True
    query = select(records.c.status, records.c.office).where(records.c.reference == packet.reference)
    before = (await connection.execute(query)).one_or_none()
    if before is None:
        raise UnknownOfficeError(packet.office)
    if before.office != packet.office:
        raise TakenReferenceError(packet.reference)
    return Status(before.status), False


async def find_subject(connection: AsyncConnection, reference: str) -> Subject:
    """Return whose record a reference means.

    Raises:
        UnknownRecordError: there is none.
    """
    query = select(records.c.reference, records.c.office, records.c.nik).where(records.c.reference == reference)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UnknownRecordError(reference)
    return Subject(row.reference, row.office, row.nik)


async def receive_again(connection: AsyncConnection, packet: NewRecord) -> Status:
    """Put the new packet of a refused record into the queue; the old one is gone. Returns the record's status.

    Raises:
        UnknownRecordError: there is no such record.
        IllegalTransitionError: the record was not refused for something that a new capture can mend.
        RefusedError: another office's citizen.
    """
    record = await moves.lock(connection, packet.reference)
    if record.office != packet.office:
        raise RefusedError(f"record {packet.reference!r} is captured at office {record.office}")
    afresh = {"reasons": None, "warnings": None, "duplicate_of": None, "similarity": None}
    return await moves.walk(connection, record, *RECAPTURE, **_columns(packet, time.time()) | afresh)


async def find_record(connection: AsyncConnection, reference: str) -> AnyRow:
    """Return a record's columns other than the packet's parts.

    Raises:
        UnknownRecordError: there is none.
    """
    names = ("reference", "office", "kind", "nik", "status", "stage", "received_at", "reasons", "warnings")
    more = (records.c.duplicate_of, records.c.status_since.label("since"))
    home = func.coalesce(records.c.home, records.c.office).label("home")
    query = select(*(records.c[name] for name in names), home, *more)
    row = (await connection.execute(query.where(records.c.reference == reference))).one_or_none()
    if row is None:
        raise UnknownRecordError(reference)
    return row


async def list_records(
    connection: AsyncConnection, office: str, statuses: Sequence[Status], since: float, limit: int
) -> Sequence[AnyRow]:
    """Return (reference, status, since) of an office's records in these statuses, the longest in them first.

    Only those whose status began at `since`, in seconds since the epoch, or later.
    """
    query = (
        select(records.c.reference, records.c.status, records.c.status_since.label("since"))
        .where(
            records.c.office == office,
            records.c.status.in_([str(status) for status in statuses]),
            records.c.status_since >= since,
        )
        .order_by(records.c.status_since)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def hand_over(connection: AsyncConnection, reference: str) -> Status:
    """Note that the citizen has the card: it becomes her one active card, and the one before it is revoked.

    Raises:
        UnknownRecordError: there is no such record.
        IllegalTransitionError: there is no card to hand over, or it was handed over before.
        RefusedError: the permit of a foreign resident has expired, and the card with it.
    """
    record = await moves.lock(connection, reference)
    status = await moves.walk(connection, record, Status.CARD_ISSUED)
    if permit := Permit.from_json(record.permit):
        must_be_good(permit, record.office)
    now = time.time()
    # In this order: the database suffers no two active cards, not even within a transaction.
    await connection.execute(
        update(cards)
        .where(cards.c.nik == record.nik, cards.c.status == CardStatus.ACTIVE)
        .values(status=CardStatus.REVOKED, status_since=now, reason=f"replaced by the card of {reference}")
    )
    await connection.execute(
        update(cards)
        .where(cards.c.reference == reference, UNSPOILED_CARD)
        .values(status=CardStatus.ACTIVE, status_since=now)
    )
    return status


async def spoil_card(connection: AsyncConnection, reference: str, reason: str) -> Status:
    """Note that the printer spoiled a card, and send the record to have another made, with a number of its own.

    The number is on the card's face and signed in its chip, so the card is personalised anew.

    Raises:
        UnknownRecordError: there is no such record.
        IllegalTransitionError: the record has no printed card that was not handed over.
    """
    record = await moves.lock(connection, reference)
    now = time.time()
    status = await moves.walk(
        connection, record, Status.SENT_FOR_CARD_PRINTING, stage=Stage.PERSONALISATION, stage_entered_at=now
    )
    await connection.execute(
        update(cards)
        .where(cards.c.reference == reference, UNSPOILED_CARD)
        .values(status=CardStatus.SPOILED, status_since=now, reason=reason)
    )
    return status


async def find_card(connection: AsyncConnection, reference: str) -> AnyRow:
    """Return a record's card without its front.

    Raises:
        UnknownRecordError: there is no such record, or no card for it yet.
    """
    columns = [column for column in cards.c if column.name != "front"]
    query = select(*columns).where(cards.c.reference == reference, UNSPOILED_CARD)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UnknownRecordError(reference)
    return row


async def find_front(connection: AsyncConnection, reference: str) -> bytes:
    """Return the front of a record's card, a JPEG.

    Raises:
        UnknownRecordError: there is no such record, or no card for it yet.
    """
    query = select(cards.c.front).where(cards.c.reference == reference, UNSPOILED_CARD)
    front: bytes | None = await connection.scalar(query)
    if front is None:
        raise UnknownRecordError(reference)
    return front


async def count_queues(connection: AsyncConnection) -> dict[Stage, tuple[int, float]]:
    """Return, for each stage with a queue, how many records wait and since when the first does.

    Cards in a printer wait no more, held ones not yet; records in other hands do, until their stage commits.
    """
    since = case((records.c.stage == Stage.PRINTING, QUEUED_AT), else_=records.c.stage_entered_at)
    query = (
        select(records.c.stage, func.count(), func.min(since))
        # The queues' own indexes, each of which holds only what waits: the records that do not are many more.
        .where(or_(WAITS_FOR_WORKER, WAITS_FOR_MATCHER, WAITS_FOR_PRINTER))
        .group_by(records.c.stage)
    )
    return {Stage(stage): (count, first) for stage, count, first in await connection.execute(query)}


async def find_software(connection: AsyncConnection) -> tuple[AnyRow, Sequence[AnyRow]]:
    """Return the system's row and the phases of the last upgrade, in order."""
    software = (await connection.execute(select(system.c.version, system.c.phase, system.c.upgraded_zones))).one()
    last = select(func.max(upgrade_phases.c.upgrade)).scalar_subquery()
    phases = select(upgrade_phases).where(upgrade_phases.c.upgrade == last).order_by(upgrade_phases.c.position)
    return software, (await connection.execute(phases)).all()


async def try_room(connection: AsyncConnection) -> None:
    """Write as much as a packet or two, and take it back: an error when the disk is full."""
    # Random, for the database compresses what it can.
    filler = secrets.token_hex(_ROOM_BYTES)
    row = {"caller": "", "key": secrets.token_hex(), "route": "", "body_sha256": "", "created_at": 0.0}
    await connection.execute(insert(idempotency_keys).values(row | {"answer": filler}))
    await connection.rollback()


def _columns(packet: NewRecord, now: float) -> dict[str, Any]:
    return {
        "reference": packet.reference,
        "office": packet.office,
        "nik": packet.biodata["nik"],
        "biodata": packet.biodata,
        "photo": packet.photo,
        "template": packet.template,
        "biometrics": packet.biometrics,
        "home": packet.home,
        "permit": packet.permit.as_json() if packet.permit else None,
        "print_from": held_cards.print_from(packet.hold_print),
        "status": Status.RECEIVED_AT_CENTRAL,
        "status_since": now,
        "stage": Stage.VALIDATION,
        "stage_entered_at": now,
        "received_at": now,
    }
