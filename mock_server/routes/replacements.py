"""Replacements of lost and damaged cards."""

import datetime
from http import HTTPStatus

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, model_validator

from mock_server import replacement
from mock_server.audit import Action, Entry
from mock_server.idempotency import TheOnce
from mock_server.office_dates import today_at
from mock_server.problems import documented
from mock_server.replacement import PoliceLetter, Reason, Request
from mock_server.routes.parts import Caller, Connection
from mock_server.schemas import HoldPrint, Line, Receipt, Reference, Text

router = APIRouter()


class Letter(BaseModel):
    """The police's letter about a lost card."""

    model_config = ConfigDict(extra="forbid")

    number: Line
    date: datetime.date
    """When it was written."""


class Replacement(BaseModel):
    """What an office asks for; its reference names a new record."""

    model_config = ConfigDict(extra="forbid")

    reference: Reference
    nik: Text
    office: Text
    reason: Reason
    police_letter: Letter | None = None
    """May be missing at home, and for a damaged card."""
    hold_print: HoldPrint = False

    @model_validator(mode="after")
    def _letter_is_written(self) -> "Replacement":
        if self.police_letter and self.police_letter.date > today_at(self.office):
            raise ValueError(f"police_letter: its date, {self.police_letter.date}, is still to come")
        return self


@router.post(
    "/v1/replacements",
    status_code=HTTPStatus.ACCEPTED,
    responses={
        HTTPStatus.OK.value: {"model": Receipt, "description": "Asked for before"},
        **documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    },
)
async def ask(connection: Connection, caller: Caller, once: TheOnce, response: Response, asked: Replacement) -> Receipt:
    """Have a card made anew: 202 once it is safe; 200 with the record's present status if it was asked for before.

    An office other than the person's, or a foreign resident's card, needs version 5.5.
    """
    caller.must_change(asked.office)
    letter = PoliceLetter(asked.police_letter.number, asked.police_letter.date) if asked.police_letter else None
    request = Request(asked.reference, asked.nik, asked.office, asked.reason, letter, asked.hold_print)
    status, is_new = await replacement.ask(connection, request)
    receipt = Receipt(reference=asked.reference, status=status)
    response.status_code = HTTPStatus.ACCEPTED if is_new else HTTPStatus.OK
    detail = {"asked_at": asked.office, "reason": asked.reason, "new": is_new}
    entry = Entry(caller, Action.REPLACE_CARD, asked.reference, asked.nik, detail)
    await once.commit(receipt, entry, response.status_code)
    return receipt
