"""Residents' biodata as the web reads and corrects them."""

import time
from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server import claims
from mock_server.database import AnyRow
from mock_server.pipeline.names import search_key
from mock_server.pipeline.permits import is_foreign
from mock_server.pipeline.versions import Version
from mock_server.refusals import MissingError, RefusedError
from mock_server.tables import cards, corrections, residents

CORRECTABLE = ("name", "birth_place", "address", "occupation", "nationality")
"""The date of birth and the sex are in the NIK, which stays a person's for life."""
_FIELDS = ("nik", "office", "birth_date", "sex", "enrolled_at", "reference", *CORRECTABLE)


class UnknownResidentError(MissingError):
    """Nobody with this NIK is enrolled."""

    def __init__(self, nik: str) -> None:
        super().__init__(f"no resident {nik!r}")


async def find(connection: AsyncConnection, nik: str) -> AnyRow:
    """Return a resident's biodata.

    Raises:
        UnknownResidentError: there is none.
    """
    query = select(*(residents.c[name] for name in _FIELDS)).where(residents.c.nik == nik)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UnknownResidentError(nik)
    return row


async def cards_of(connection: AsyncConnection, nik: str) -> Sequence[AnyRow]:
    """Return the cards made for a resident, the oldest first."""
    columns = (cards.c[name] for name in ("number", "reference", "status", "status_since", "expires", "reason"))
    records_of = select(residents.c.nik).where(residents.c.nik == nik).scalar_subquery()
    query = select(*columns).where(cards.c.nik == records_of).order_by(cards.c.number)
    return (await connection.execute(query)).all()


async def history(connection: AsyncConnection, nik: str) -> Sequence[AnyRow]:
    """Return a resident's corrections, the oldest first."""
    query = select(corrections).where(corrections.c.nik == nik).order_by(corrections.c.id)
    return (await connection.execute(query)).all()


async def correct(connection: AsyncConnection, nik: str, changes: Mapping[str, str], reason: str) -> int:
    """Correct fields of a resident's biodata and keep what they were; returns how many really changed.

    The next card bears what is corrected; the present one stays as it is.

    Raises:
        UnknownResidentError: there is none.
        RefusedError: it would make a citizen a foreign resident, or the other way round.
    """
    # The version first: the upgrade's switch takes its lock before the residents', too.
    version = (await connection.run_sync(claims.read_system)).version
    query = select(*(residents.c[name] for name in CORRECTABLE)).where(residents.c.nik == nik).with_for_update()
    old = (await connection.execute(query)).one_or_none()
    if old is None:
        raise UnknownResidentError(nik)
    changed = {field: value for field, value in changes.items() if old._mapping[field] != value}
    if not changed:
        return 0
    _check_nationality(old.nationality, changed)
    values = dict(changed)
    # The column came with 5.5; during the upgrade to it a trigger has the backfill make the key anew.
    if "name" in changed and version == Version.V5_5:
        values["search_key"] = search_key(changed["name"])
    await connection.execute(update(residents).where(residents.c.nik == nik).values(values))
    now = time.time()
    await connection.execute(
        insert(corrections),
        [
            {
                "nik": nik,
                "field": field,
                "old": old._mapping[field],
                "new": value,
                "reason": reason,
                "corrected_at": now,
            }
            for field, value in changed.items()
        ],
    )
    return len(changed)


def _check_nationality(old: str | None, changed: Mapping[str, str]) -> None:
    """Leave a permit with those who need one: becoming a citizen is more than a mistake in writing put right."""
    if "nationality" in changed and is_foreign(old) != is_foreign(changed["nationality"]):
        raise RefusedError("nationality: a correction does not make a citizen of a foreign resident, or the reverse")
