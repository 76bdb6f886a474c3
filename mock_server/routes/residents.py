"""Residents: look-ups and corrections of their biodata."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from mock_server import residents
from mock_server.register import CardStatus
from mock_server.routes.parts import Connection
from mock_server.schemas import Text, Why

router = APIRouter(prefix="/v1/residents")

Line = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text that says something."""


class HeldCard(BaseModel):
    """A card made for a resident."""

    number: str
    reference: str
    status: CardStatus
    status_since: float
    """Seconds since the epoch."""
    reason: str | None
    """Why it is spoiled or revoked."""


class Correction(BaseModel):
    """A field that was corrected."""

    field: str
    old: str | None
    new: str
    reason: str
    corrected_at: float
    """Seconds since the epoch."""


class Resident(BaseModel):
    """A resident; what is null is not known of those enrolled before the scenario."""

    nik: str
    office: str
    """Where the person is at home."""
    name: str
    birth_place: str | None
    birth_date: date
    sex: str
    address: str
    occupation: str | None
    nationality: str | None
    enrolled_at: float
    """Seconds since the epoch."""
    reference: str | None
    """The record that enrolled the person."""
    cards: list[HeldCard]
    corrections: list[Correction]


class Changes(BaseModel):
    """What is to be corrected, and why; the NIK, and with it date of birth and sex, is for life."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    birth_place: Line | None = None
    address: Line | None = None
    occupation: Line | None = None
    nationality: Line | None = None
    reason: Why

    @model_validator(mode="after")
    def _changes_something(self) -> "Changes":
        if not self.fields():
            raise ValueError(f"names nothing to correct; one of {', '.join(residents.CORRECTABLE)}")
        return self

    def fields(self) -> dict[str, str]:
        """Return the new values by their fields."""
        return self.model_dump(exclude_none=True, exclude={"reason"})


@router.get("/{nik}")
async def read_resident(connection: Connection, nik: Text) -> Resident:
    """Give a resident's biodata, cards and corrections."""
    return await _resident(connection, nik)


@router.patch("/{nik}")
async def correct_resident(connection: Connection, nik: Text, changes: Changes) -> Resident:
    """Correct a resident's biodata; a new card is a replacement of its own."""
    await residents.correct(connection, nik, changes.fields(), changes.reason)
    await connection.commit()
    return await _resident(connection, nik)


async def _resident(connection: Connection, nik: str) -> Resident:
    found = await residents.find(connection, nik)
    cards = await residents.cards_of(connection, nik)
    history = await residents.history(connection, nik)
    return Resident.model_validate(
        {
            **found._mapping,
            "cards": [HeldCard(**card._mapping) for card in cards],
            "corrections": [Correction.model_validate(change, from_attributes=True) for change in history],
        }
    )
