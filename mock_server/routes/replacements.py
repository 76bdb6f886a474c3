"""Replacements of lost and damaged cards."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from mock_server import replacement
from mock_server.audit import Action, Entry
from mock_server.idempotency import TheOnce
from mock_server.problems import documented
from mock_server.replacement import Reason, Request
from mock_server.routes.parts import Caller, Connection
from mock_server.schemas import Receipt, Reference, Text

router = APIRouter()


class Replacement(BaseModel):
    """What an office asks for; its reference names a new record."""

    model_config = ConfigDict(extra="forbid")

    reference: Reference
    nik: Text
    office: Text
    reason: Reason
    police_letter: Text | None = None
    """The letter's number; may be missing at home."""


@router.post(
    "/v1/replacements",
    status_code=HTTPStatus.ACCEPTED,
    responses={
        HTTPStatus.OK.value: {"model": Receipt, "description": "Asked for before"},
        **documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    },
)
async def ask(connection: Connection, caller: Caller, once: TheOnce, response: Response, asked: Replacement) -> Receipt:
    """Have a card made anew: 202 once it is safe; 200 with the record's present status if it was asked for before."""
    caller.must_change(asked.office)
    status, is_new = await replacement.ask(connection, Request(**asked.model_dump()))
    receipt = Receipt(reference=asked.reference, status=status)
    response.status_code = HTTPStatus.ACCEPTED if is_new else HTTPStatus.OK
    detail = {"asked_at": asked.office, "reason": asked.reason, "new": is_new}
    entry = Entry(caller, Action.REPLACE_CARD, asked.reference, asked.nik, detail)
    await once.commit(receipt, entry, response.status_code)
    return receipt
