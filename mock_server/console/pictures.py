"""The cards' pictures, small."""

import io
from functools import lru_cache
from http import HTTPStatus

from fastapi import APIRouter, Response
from PIL import Image
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from mock_server.problems import Problem
from mock_server.routes.parts import Connection
from mock_server.tables import cards

WIDTH_PX, HEIGHT_PX = 337, 213
QUALITY = 80

router = APIRouter(include_in_schema=False)


@router.get("/_console/cards/{number}.jpg", response_class=Response)
async def read_picture(connection: Connection, number: str) -> Response:
    """Give a card's front at a third of its size; a card of this number never changes."""
    front = await connection.scalar(select(cards.c.front).where(cards.c.number == number))
    if front is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"no card {number!r}")
    picture = await run_in_threadpool(_shrink, front)
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600, immutable"})


@lru_cache(maxsize=32)
def _shrink(front: bytes) -> bytes:
    """Shrink once for all who watch."""
    with Image.open(io.BytesIO(front)) as image:
        # Decodes at half the size, which is all that is needed and less work.
        image.draft("RGB", (WIDTH_PX, HEIGHT_PX))
        small = image.resize((WIDTH_PX, HEIGHT_PX), reducing_gap=2.0)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
