"""Replacements: a resident whose card is lost or damaged gets a new one, without a new capture.

The old card is revoked when the new one is handed over, in one transaction (`store.hand_over`): until then the
citizen may still need it, and at no moment are two of hers active.
"""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, Text, func, insert, literal, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server import claims
from mock_server.database import AnyRow
from mock_server.pipeline.versions import Version
from mock_server.refusals import MissingError, RefusedError
from mock_server.register import CardStatus
from mock_server.residents import CORRECTABLE
from mock_server.tables import cards, offices, records, replacements, residents
from model.stages import Stage, Status, move

KIND = "replacement"


class Reason(StrEnum):
    """What became of the old card."""

    LOST = "lost"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class Request:
    """What an office asks for."""

    reference: str
    nik: str
    office: str
    reason: Reason
    police_letter: str | None
    """The letter's number; needed for a card lost away from home."""


async def ask(connection: AsyncConnection, request: Request) -> tuple[Status, bool]:
    """Send a resident's new card to personalisation; returns its record's status and whether the record is new.

    Raises:
        MissingError: there is no such resident.
        RefusedError: the version, the office or the resident's cards do not allow it.
    """
    version = (await connection.run_sync(claims.read_system)).version
    # Locked, so that of two requests for one person the second sees the first.
    person = select(residents.c.nik, residents.c.office).where(residents.c.nik == request.nik).with_for_update()
    resident = (await connection.execute(person)).one_or_none()
    if resident is None:
        raise MissingError(f"no resident {request.nik!r}")
    known = select(records.c.status, records.c.nik, records.c.kind, records.c.office)
    known = known.where(records.c.reference == request.reference)
    if (record := (await connection.execute(known)).one_or_none()) is not None:
        if (record.nik, record.kind, record.office) != (request.nik, KIND, request.office):
            raise RefusedError(f"the reference {request.reference!r} is another record's")
        return Status(record.status), False
    await _check_office(connection, request, resident.office, version)
    card = await _replaceable_card(connection, request.nik)
    return await _add(connection, request, card), True


async def _check_office(connection: AsyncConnection, request: Request, home: str, version: Version) -> None:
    if await connection.scalar(select(offices.c.code).where(offices.c.code == request.office)) is None:
        raise RefusedError(f"no office {request.office!r} may submit records")
    if request.office == home:
        return
    if version == Version.V5_4:
        raise RefusedError(f"version {version} replaces cards at the home office, {home}, only")
    if request.reason == Reason.LOST and not request.police_letter:
        raise RefusedError("a card lost away from home needs a police letter")


async def _replaceable_card(connection: AsyncConnection, nik: str) -> AnyRow:
    query = (
        select(cards.c.number, cards.c.reference, replacements.c.reference.label("replaced_by"))
        .outerjoin_from(cards, replacements, replacements.c.card == cards.c.number)
        .where(cards.c.nik == nik, cards.c.status == CardStatus.ACTIVE)
    )
    card = (await connection.execute(query)).one_or_none()
    if card is None:
        raise RefusedError(f"resident {nik} has no active card that this centre made")
    if card.replaced_by is not None:
        raise RefusedError(f"card {card.number} is being replaced already, by record {card.replaced_by!r}")
    return card


async def _add(connection: AsyncConnection, request: Request, card: AnyRow) -> Status:
    now = time.time()
    # The packet is that of the old card; what of it was corrected since is the residents' to say.
    status = move(Status.RECEIVED_AT_CENTRAL, Status.PRINT_READY_RECORD)
    columns: dict[str, Any] = {
        "reference": request.reference,
        "office": request.office,
        "kind": KIND,
        "nik": request.nik,
        "status": status,
        "status_since": now,
        "stage": Stage.PERSONALISATION,
        "stage_entered_at": now,
        "received_at": now,
    }
    await connection.execute(insert(records).from_select([*columns, *_PACKET], _copied(columns, card.reference)))
    await connection.execute(
        insert(replacements).values(
            reference=request.reference,
            card=card.number,
            reason=request.reason,
            police_letter=request.police_letter,
            asked_at=now,
        )
    )
    return status


_PACKET = ("photo", "template", "biometrics", "biodata")


def _copied(columns: dict[str, Any], reference: str) -> Select[Any]:
    corrected = func.jsonb_strip_nulls(
        func.jsonb_build_object(*(part for field in CORRECTABLE for part in (literal(field, Text), residents.c[field])))
    )
    return (
        select(
            *(literal(value, records.c[name].type) for name, value in columns.items()),
            *(records.c[name] for name in _PACKET[:-1]),
            records.c.biodata.op("||", return_type=postgresql.JSONB())(corrected),
        )
        .join_from(records, residents, residents.c.nik == records.c.nik)
        .where(records.c.reference == reference)
    )
