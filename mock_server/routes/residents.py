"""Residents: look-ups and corrections of their biodata."""

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, model_validator

from mock_server import audit, residents
from mock_server.audit import Action, Entry
from mock_server.problems import documented
from mock_server.register import CardStatus
from mock_server.routes.parts import Caller, Connection, TheJournal
from mock_server.schemas import Line, Text, Why, example

router = APIRouter(prefix="/v1/residents")

Nik = Annotated[Text, Path(examples=["3507124801900001"])]


class HeldCard(BaseModel):
    """A card made for a resident."""

    number: str
    reference: str | None
    """Its record; null for those made before the scenario."""
    status: CardStatus
    status_since: float
    """Seconds since the epoch."""
    expires: date | None
    """The last day on which it is good; null for life."""
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

    model_config = example(
        {
            "nik": "3507124801900001",
            "office": "35.07",
            "name": "SITI AMINAH",
            "birth_place": "MALANG",
            "birth_date": "1990-01-08",
            "sex": "P",
            "address": "Jl. Panji No. 158, Kepanjen",
            "occupation": "GURU",
            "nationality": "WNI",
            "enrolled_at": 1460000012.5,
            "reference": "35.07-000123",
            "cards": [],
            "corrections": [],
        }
    )

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


@router.get("/{nik}", responses=documented(HTTPStatus.NOT_FOUND))
async def read_resident(connection: Connection, caller: Caller, journal: TheJournal, nik: Nik) -> Resident:
    """Give a resident's biodata, cards and corrections."""
    found = await _resident(connection, nik)
    if not caller.sees(found.office):
        raise residents.UnknownResidentError(nik)
    await journal.note(Entry(caller, Action.READ_RESIDENT, found.reference, nik))
    return found


@router.patch("/{nik}", responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def correct_resident(connection: Connection, caller: Caller, nik: Nik, changes: Changes) -> Resident:
    """Correct a resident's biodata; a new card is a replacement of its own."""
    home = (await residents.find(connection, nik)).office
    if not caller.sees(home):
        raise residents.UnknownResidentError(nik)
    caller.must_change(home, deciding=True)
    await residents.correct(connection, nik, changes.fields(), changes.reason)
    corrected = await _resident(connection, nik)
    detail = {"fields": sorted(changes.fields()), "reason": changes.reason}
    await audit.commit(connection, Entry(caller, Action.CORRECT_RESIDENT, corrected.reference, nik, detail))
    return corrected


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
