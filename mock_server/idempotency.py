"""Idempotency keys: a client that asks again because it heard no answer gets the first one, and changes nothing twice.

A route that changes something takes `once: TheOnce` and ends with `await once.commit(answer, entry, status)` instead of
committing itself: the answer is written in the transaction of the change. A refusal changes nothing and is not kept.
"""

import hashlib
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, delete, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import UploadFile

from mock_server import audit
from mock_server.access import Caller
from mock_server.audit import Entry
from mock_server.database import AnyRow
from mock_server.problems import Problem
from mock_server.routes.parts import Connection, TheSettings
from mock_server.tables import idempotency_keys as keys

REPLAYED = "Idempotency-Replayed"
"""The header of an answer that was given before."""
_SWEPT_AT_ONCE = 10
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Chosen by the client, new for each change; the same key and body give the first answer again.",
        examples=["7f9c24e8-3b2a-4f0e-9d51-6f2f5a1c0b7d"],
    ),
]


class ReplayError(Exception):
    """The request was carried out before; this was its answer."""

    def __init__(self, status: int, answer: str) -> None:
        super().__init__(f"answered before with {status}")
        self.status = status
        self.answer = answer


@dataclass(frozen=True)
class Asked:
    """A request with a key: who asks, for what, and the SHA-256 of its body."""

    caller: str
    key: str
    route: str
    body_sha256: str


class Once:
    """A request's change, carried out once; without a key it is an ordinary transaction."""

    def __init__(self, connection: AsyncConnection, asked: Asked | None) -> None:
        self._connection = connection
        self._asked = asked

    async def commit(self, answer: BaseModel, entry: Entry, status: int = HTTPStatus.OK) -> None:
        """Write down the answer, which the caller is about to give, and commit it with the change and its entry."""
        if self._asked is not None:
            kept = update(keys).where(_is(self._asked)).values(status=int(status), answer=answer.model_dump_json())
            await self._connection.execute(kept)
        await audit.commit(self._connection, entry)


async def claim(connection: AsyncConnection, asked: Asked, keep_s: float) -> None:
    """Take a key for this transaction; waits for another that has it in hand.

    Raises:
        ReplayError: the request was answered before.
        Problem: the key was used for another request.
    """
    now = time.time()
    await _sweep(connection, asked, now - keep_s)
    row = {"route": asked.route, "body_sha256": asked.body_sha256, "created_at": now, "status": None, "answer": None}
    free = or_(keys.c.created_at < now - keep_s, keys.c.status.is_(None))
    taken = (
        insert(keys)
        .values(caller=asked.caller, key=asked.key, **row)
        .on_conflict_do_update(index_elements=[keys.c.caller, keys.c.key], set_=row, where=free)
        .returning(keys.c.key)
    )
    if await connection.scalar(taken) is None:
        found = (await connection.execute(select(keys).where(_is(asked)))).one()
        _refuse_another(found, asked)
        raise ReplayError(found.status, found.answer)


def install(app: FastAPI) -> None:
    """Make the app give the first answer to a request that is repeated."""
    app.add_exception_handler(ReplayError, _replay)


def caller_of(request: Request) -> str:
    """Return whose keys a request's key is among: those of the access key that it showed, or nobody's."""
    caller: Caller = request.state.caller
    return caller.key or ""


async def _once(request: Request, connection: Connection, settings: TheSettings, key: Key = None) -> Once:
    if key is None:
        return Once(connection, None)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    asked = Asked(caller_of(request), key, f"{request.method} {target}", await _digest(request))
    await claim(connection, asked, settings.idempotency_keep_s)
    return Once(connection, asked)


TheOnce = Annotated[Once, Depends(_once)]
"""The change of one request, carried out once."""


async def _digest(request: Request) -> str:
    """Hash the body; a form by its parts, for a client that sends it again draws another boundary between them."""
    content = hashlib.sha256()
    if not request.headers.get("content-type", "").startswith(_FORMS):
        content.update(await request.body())
        return content.hexdigest()
    for name, part in (await request.form()).multi_items():
        value = await _read(part) if isinstance(part, UploadFile) else part.encode()
        content.update(f"{name}:{len(value)}:".encode())
        content.update(value)
    return content.hexdigest()


async def _read(part: UploadFile) -> bytes:
    """Read a part and leave it as it was, for the route to read."""
    value = await part.read()
    await part.seek(0)
    return value


async def _sweep(connection: AsyncConnection, asked: Asked, before: float) -> None:
    """Forget some expired keys: those who bring new ones carry out the old."""
    old = select(keys.c.caller, keys.c.key).where(keys.c.created_at < before, ~_is(asked)).order_by(keys.c.created_at)
    old = old.limit(_SWEPT_AT_ONCE).with_for_update(skip_locked=True)
    await connection.execute(delete(keys).where(tuple_(keys.c.caller, keys.c.key).in_(old)))


def _is(asked: Asked) -> ColumnElement[bool]:
    return and_(keys.c.caller == asked.caller, keys.c.key == asked.key)


def _refuse_another(found: AnyRow, asked: Asked) -> None:
    if (found.route, found.body_sha256) != (asked.route, asked.body_sha256):
        detail = f"Idempotency-Key {asked.key!r} was used for another request"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def _replay(_: Request, error: Exception) -> Response:
    assert isinstance(error, ReplayError)  # noqa: S101 - the handler's registration says so
    return Response(error.answer, error.status, {REPLAYED: "true"}, "application/json")
