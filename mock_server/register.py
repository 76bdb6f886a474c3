"""The population register: who is enrolled, and the cards made for them, as the processes read and write it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, LargeBinary, bindparam, column, func, insert, null, select, table, update

from mock_server.pipeline.names import search_key
from mock_server.pipeline.permits import Permit
from mock_server.pipeline.personalisation import Card
from mock_server.pipeline.versions import Version
from mock_server.tables import card_numbers, cards, permits, residents

_ROWS_AT_ONCE = 2_000


class CardStatus(StrEnum):
    """What a card is worth."""

    MADE = "MADE"
    """Its holder does not have it yet."""
    ACTIVE = "ACTIVE"
    """Its holder's valid one; nobody has two."""
    REVOKED = "REVOKED"
    """Another took its place."""
    SPOILED = "SPOILED"
    """Never handed out: the printer spoiled it."""


@dataclass(frozen=True)
class Resident:
    """A person found unique."""

    nik: str
    reference: str
    """The record that enrolls the person."""
    office: str
    """Where the person is at home."""
    biodata: dict[str, str]
    template: bytes
    """In the encoding of the system's version."""
    permit: Permit | None = None
    """A foreign resident's."""
    next_template: bytes | None = None
    """In the encoding of 5.5, for an office that has it before the system."""


def count_by_office(connection: Connection) -> dict[str, int]:
    """Return how many residents each office has enrolled."""
    rows = connection.execute(select(residents.c.office, func.count().label("residents")).group_by(residents.c.office))
    return {row.office: row.residents for row in rows}


def read_templates(connection: Connection, offices: Collection[str], mixed: bool) -> Iterator[Sequence[Any]]:
    """Read (nik, office, template, next_template) of these offices' residents, some thousands at a time.

    `next_template` is null unless the versions are `mixed` and the resident was brought over.
    """
    following = column("next_template", LargeBinary) if mixed else null()
    query = select(residents.c.nik, residents.c.office, residents.c.template, following.label("next_template"))
    query = query.where(residents.c.office.in_(offices))
    yield from connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}).partitions()


def enrolled_among(connection: Connection, niks: Collection[str]) -> set[str]:
    """Return those of the NIKs that residents have."""
    return set(connection.scalars(select(residents.c.nik).where(residents.c.nik.in_(niks))))


def enroll(connection: Connection, newcomers: Sequence[Resident], version: Version, enrolled_at: float) -> None:
    """Add residents; their chips follow with their first cards."""
    for ahead in (False, True):
        rows = [_row(newcomer, version, enrolled_at) for newcomer in newcomers if bool(newcomer.next_template) == ahead]
        if rows:
            connection.execute(insert(_EXPANDED if ahead else residents), rows)
    # Somebody with a permit has come through 5.5, which has the table.
    if foreign := [_permit_row(newcomer.nik, newcomer.permit) for newcomer in newcomers if newcomer.permit]:
        connection.execute(insert(permits), foreign)


def next_card_numbers(connection: Connection, count: int) -> list[str]:
    """Draw so many new card numbers, 12 digits each."""
    if not count:
        return []
    numbers = connection.scalars(select(card_numbers.next_value()).select_from(func.generate_series(1, count)))
    return [card_number(number) for number in numbers]


def reserve_card_numbers(connection: Connection, count: int) -> int:
    """Take so many card numbers in a row; returns the first. Only for who is alone in the database."""
    first: int = connection.scalars(select(card_numbers.next_value())).one()
    if count > 1:
        connection.execute(select(func.setval(card_numbers.name, first + count - 1)))
    return first


def card_number(number: int) -> str:
    """Write a card's number, 12 digits."""
    return f"{number:012d}"


def add_cards(connection: Connection, made: Sequence[tuple[str, str, Card]], made_at: float) -> None:
    """Add cards, given as (reference, nik, card), and write the chips' content to their holders' entries too."""
    if not made:
        return
    connection.execute(
        insert(cards),
        [
            {
                "number": card.number,
                "reference": reference,
                "nik": nik,
                "front": card.front,
                "chip_payload": card.chip_payload,
                "chip_signature": card.chip_signature,
                "expires": card.expires,
                "status": CardStatus.MADE,
                "status_since": made_at,
                "made_at": made_at,
            }
            for reference, nik, card in made
        ],
    )
    connection.execute(
        update(residents)
        .where(residents.c.nik == bindparam("holder"))
        .values(chip_payload=bindparam("payload"), chip_signature=bindparam("signature")),
        [{"holder": nik, "payload": card.chip_payload, "signature": card.chip_signature} for _, nik, card in made],
    )


_EXPANDED = table("residents", *(column(it.name, it.type) for it in residents.c), column("next_template", LargeBinary))
"""The residents while the versions are mixed."""


def _permit_row(nik: str, permit: Permit) -> dict[str, Any]:
    return {"nik": nik, "kind": permit.kind, "number": permit.number, "expires": permit.expires}


def _row(newcomer: Resident, version: Version, enrolled_at: float) -> dict[str, Any]:
    row = {
        "nik": newcomer.nik,
        "office": newcomer.office,
        "name": newcomer.biodata["name"],
        "birth_date": date.fromisoformat(newcomer.biodata["birth_date"]),
        "sex": newcomer.biodata["sex"],
        "address": newcomer.biodata["address"],
        "birth_place": newcomer.biodata["birth_place"],
        "occupation": newcomer.biodata.get("occupation"),
        "nationality": newcomer.biodata["nationality"],
        "reference": newcomer.reference,
        "template": newcomer.template,
        "enrolled_at": enrolled_at,
    }
    # The columns came with 5.5.
    if newcomer.next_template:
        row["next_template"] = newcomer.next_template
    if newcomer.next_template or version == Version.V5_5:
        row["search_key"] = search_key(newcomer.biodata["name"])
    return row
