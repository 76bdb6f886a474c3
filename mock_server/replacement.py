"""Replacements: a resident whose card is lost or damaged gets a new one, without a new capture.

The old card is revoked when the new one is handed over, in one transaction (`store.hand_over`): until then the
citizen may still need it, and at no moment are two of hers active.

Away from home, which came with 5.5, an office replaces a card as it was: a lost one for a police letter, and none of
a resident whose biodata were corrected since, for only the home office has seen what proves them.
"""

import time
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server import features, permits, replacement_record
from mock_server.database import AnyRow
from mock_server.pipeline.permits import Permit, is_foreign
from mock_server.pipeline.versions import Feature
from mock_server.refusals import MissingError, RefusedError
from mock_server.register import CardStatus
from mock_server.replacement_record import NewCard
from mock_server.tables import cards, corrections, offices, records, replacements, residents
from model.stages import Status


class Reason(StrEnum):
    """What became of the old card."""

    LOST = "lost"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class PoliceLetter:
    """What the police wrote down of a loss."""

    number: str
    written: date


@dataclass(frozen=True)
class Request:
    """What an office asks for."""

    reference: str
    nik: str
    office: str
    reason: Reason
    police_letter: PoliceLetter | None
    """Needed for a card lost away from home."""
    hold_print: bool = False
    """Whether the card is not printed until the office says so."""


async def ask(connection: AsyncConnection, request: Request) -> tuple[Status, bool]:
    """Send a resident's new card to personalisation; returns its record's status and whether the record is new.

    Raises:
        MissingError: there is no such resident.
        RefusedError: the office, the resident's cards, corrections or permit do not allow it.
        UnsupportedError: the version does not.
    """
    version = await features.version_for(connection, request.office)
    # Locked, so that of two requests for one person the second sees the first.
    person = select(residents.c.nik, residents.c.office, residents.c.nationality)
    person = person.where(residents.c.nik == request.nik).with_for_update()
    resident = (await connection.execute(person)).one_or_none()
    if resident is None:
        raise MissingError(f"no resident {request.nik!r}")
    if (status := await _known(connection, request)) is not None:
        return status, False
    if await connection.scalar(select(offices.c.code).where(offices.c.code == request.office)) is None:
        raise RefusedError(f"no office {request.office!r} may submit records")
    features.must_have(version, _features_of(request, resident))
    card = await _replaceable_card(connection, request.nik)
    if request.office != resident.office:
        await _check_away(connection, request, resident.office, card)
    permit = await _good_permit(connection, request, resident)
    new = NewCard(request.reference, request.office, request.nik, permit, request.hold_print)
    status = await replacement_record.add(connection, new, card.reference)
    await _note(connection, request, card.number)
    return status, True


def _features_of(request: Request, resident: AnyRow) -> set[Feature]:
    """Return what the version must be able to do, beyond what all can."""
    needed: set[Feature] = set()
    if request.office != resident.office:
        needed.add(Feature.REPLACEMENT_AWAY)
    if is_foreign(resident.nationality):
        needed.add(Feature.FOREIGN_RESIDENTS)
    return needed


async def _known(connection: AsyncConnection, request: Request) -> Status | None:
    """Return the status of a replacement that was asked for before.

    Raises:
        RefusedError: its reference means another record.
    """
    query = select(records.c.status, records.c.nik, records.c.kind, records.c.office)
    record = (await connection.execute(query.where(records.c.reference == request.reference))).one_or_none()
    if record is None:
        return None
    if (record.nik, record.kind, record.office) != (request.nik, replacement_record.KIND, request.office):
        raise RefusedError(f"the reference {request.reference!r} is another record's")
    return Status(record.status)


async def _replaceable_card(connection: AsyncConnection, nik: str) -> AnyRow:
    """Return a resident's active card: its number, its record, and when the biodata on it were those known."""
    query = (
        select(
            cards.c.number,
            cards.c.reference,
            func.coalesce(records.c.received_at, cards.c.made_at).label("known_at"),
            replacements.c.reference.label("replaced_by"),
        )
        .outerjoin_from(cards, replacements, replacements.c.card == cards.c.number)
        .outerjoin(records, records.c.reference == cards.c.reference)
        .where(cards.c.nik == nik, cards.c.status == CardStatus.ACTIVE)
    )
    card = (await connection.execute(query)).one_or_none()
    if card is None:
        raise RefusedError(f"resident {nik} has no active card that this centre made")
    if card.replaced_by is not None:
        raise RefusedError(f"card {card.number} is being replaced already, by record {card.replaced_by!r}")
    return card


async def _check_away(connection: AsyncConnection, request: Request, home: str, card: AnyRow) -> None:
    if request.reason == Reason.LOST and request.police_letter is None:
        raise RefusedError("a card lost away from home needs a police letter, its number and date")
    since = select(corrections.c.field).where(
        corrections.c.nik == request.nik, corrections.c.corrected_at >= card.known_at
    )
    if corrected := sorted(set(await connection.scalars(since))):
        raise RefusedError(
            f"{', '.join(corrected)} of resident {request.nik} changed since card {card.number} was made: "
            f"only the home office, {home}, replaces it"
        )


async def _good_permit(connection: AsyncConnection, request: Request, resident: AnyRow) -> Permit | None:
    if not is_foreign(resident.nationality):
        return None
    permit = await permits.find(connection, resident.nik)
    if permit is None:
        raise RefusedError(f"no permit is known of resident {resident.nik}, whose nationality is not a citizen's")
    permits.must_be_good(permit, request.office)
    return permit


async def _note(connection: AsyncConnection, request: Request, card: str) -> None:
    letter = request.police_letter
    await connection.execute(
        insert(replacements).values(
            reference=request.reference,
            card=card,
            reason=request.reason,
            police_letter=letter.number if letter else None,
            police_letter_date=letter.written if letter else None,
            asked_at=time.time(),
        )
    )
