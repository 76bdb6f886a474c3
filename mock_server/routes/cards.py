"""Cards: their chips, their fronts, and the key that verifies them."""

from base64 import b64encode
from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from mock_server import store
from mock_server.audit import Action, Entry
from mock_server.problems import documented
from mock_server.routes.parts import Caller, Connection, TheJournal, TheSigner, VisibleRecord
from mock_server.schemas import Card

router = APIRouter(prefix="/v1")


@router.get("/records/{reference}/card", responses=documented(HTTPStatus.NOT_FOUND))
async def read_card(connection: Connection, caller: Caller, journal: TheJournal, record: VisibleRecord) -> Card:
    """Give a card's number and chip."""
    card = await store.find_card(connection, record.reference)
    await journal.note(Entry(caller, Action.READ_CARD, record.reference, record.nik))
    return Card(
        number=card.number,
        reference=card.reference,
        nik=card.nik,
        status=card.status,
        expires=card.expires,
        payload=b64encode(card.chip_payload).decode(),
        signature=b64encode(card.chip_signature).decode(),
    )


@router.get(
    "/records/{reference}/card/front.jpg",
    response_class=Response,
    responses={
        HTTPStatus.OK.value: {"content": {"image/jpeg": {"example": "the JPEG's bytes"}}},
        **documented(HTTPStatus.NOT_FOUND),
    },
)
async def read_front(connection: Connection, caller: Caller, journal: TheJournal, record: VisibleRecord) -> Response:
    """Give a card's front, 1011 by 638 pixels at 300 dots per inch."""
    front = await store.find_front(connection, record.reference)
    await journal.note(Entry(caller, Action.READ_CARD_FRONT, record.reference, record.nik))
    return Response(front, media_type="image/jpeg")


@router.get(
    "/signing-key",
    response_class=PlainTextResponse,
    responses={HTTPStatus.OK.value: {"content": {"text/plain": {"example": "-----BEGIN PUBLIC KEY-----\n..."}}}},
)
def read_signing_key(signer: TheSigner) -> str:
    """Give the public key, PEM."""
    return signer.public_pem()
