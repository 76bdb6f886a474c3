"""Replacements of lost and damaged cards."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from mock_server import replacement
from mock_server.replacement import Reason, Request
from mock_server.routes.parts import Connection
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


@router.post("/v1/replacements", status_code=HTTPStatus.ACCEPTED)
async def ask(connection: Connection, response: Response, asked: Replacement) -> Receipt:
    """Have a card made anew: 202 once it is safe; 200 with the record's present status if it was asked for before."""
    status, is_new = await replacement.ask(connection, Request(**asked.model_dump()))
    await connection.commit()
    if not is_new:
        response.status_code = HTTPStatus.OK
    return Receipt(reference=asked.reference, status=status)
