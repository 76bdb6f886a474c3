"""The record of a replacement: put together from what the centre has of the person, without a new packet.

Photo and biometrics are those of the old card's record, biodata those of today. Somebody enrolled before the scenario
has no such record: a likeness stands in for it.
"""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, func, insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server import held_cards
from mock_server.pipeline.permits import CITIZEN, Permit
from mock_server.residents import CORRECTABLE
from mock_server.tables import likenesses, records, residents
from model.stages import Stage, Status, move

KIND = "replacement"
_UNKNOWN = "-"
"""What stands on a card where nobody knows."""
_PACKET = ("photo", "template", "biometrics", "biodata")


@dataclass(frozen=True)
class NewCard:
    """What is asked for."""

    reference: str
    """Names the new record."""
    office: str
    """Asks for the card and prints it."""
    nik: str
    """The resident's."""
    permit: Permit | None
    """A foreign resident's, as it is today."""
    hold_print: bool
    """Whether it is not printed until the office says so."""


async def add(connection: AsyncConnection, new: NewCard, old: str | None) -> Status:
    """Send a resident's new record to personalisation; returns its status. The caller commits.

    `old` is the record of the card that is replaced; None if it was made before the scenario.
    """
    now = time.time()
    status = move(Status.RECEIVED_AT_CENTRAL, Status.PRINT_READY_RECORD)
    columns: dict[str, Any] = {
        "reference": new.reference,
        "office": new.office,
        "kind": KIND,
        "nik": new.nik,
        "permit": new.permit.as_json() if new.permit else None,
        "print_from": held_cards.print_from(new.hold_print),
        "status": status,
        "status_since": now,
        "stage": Stage.PERSONALISATION,
        "stage_entered_at": now,
        "received_at": now,
    }
    given = [literal(value, records.c[name].type) for name, value in columns.items()]
    home = func.nullif(residents.c.office, literal(new.office, Text))
    packet = _from_likeness() if old is None else _from_record(old)
    row = packet.add_columns(home, *given).where(residents.c.nik == new.nik)
    await connection.execute(insert(records).from_select([*_PACKET, "home", *columns], row))
    return status


def _from_record(reference: str) -> Select[Any]:
    # What of it was corrected since is the residents' to say.
    corrected = _object({field: residents.c[field] for field in CORRECTABLE})
    return (
        select(
            records.c.photo,
            records.c.template,
            records.c.biometrics,
            records.c.biodata.op("||", return_type=JSONB())(corrected),
        )
        .join_from(records, residents, residents.c.nik == records.c.nik)
        .where(records.c.reference == reference)
    )


def _from_likeness() -> Select[Any]:
    known: dict[str, ColumnElement[Any]] = {field: residents.c[field] for field in ("nik", "sex", *CORRECTABLE)}
    known["birth_date"] = func.to_char(residents.c.birth_date, "YYYY-MM-DD")
    known["birth_place"] = func.coalesce(residents.c.birth_place, _UNKNOWN)
    # Before 5.5 only citizens were enrolled.
    known["nationality"] = func.coalesce(residents.c.nationality, CITIZEN)
    return select(likenesses.c.photo, residents.c.template, likenesses.c.biometrics, _object(known)).join_from(
        residents, likenesses, likenesses.c.id == residents.c.likeness
    )


def _object(members: dict[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """Make a JSON object in the database, without the members that are null."""
    parts = (part for name, value in members.items() for part in (literal(name, Text), value))
    return func.jsonb_strip_nulls(func.jsonb_build_object(*parts))
