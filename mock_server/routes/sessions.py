"""Sessions: operators log in."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from mock_server import audit
from mock_server.access import ForbiddenError
from mock_server.audit import Action, Entry
from mock_server.passwords import Checks
from mock_server.problems import documented
from mock_server.routes.parts import Caller, TheSettings
from mock_server.schemas import Line, example
from mock_server.sessions import find_operator, open_session

router = APIRouter(prefix="/v1/sessions")

Password = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Login(BaseModel):
    """Who logs in, and how we know."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"operator": "35.07/counter-1", "password": "correct horse battery staple"}]},
    )

    operator: Line
    password: Password


class Session(BaseModel):
    """A session; its token is shown in place of the key until it expires."""

    model_config = example({"operator": "35.07/counter-1", "token": "ans_4f1d0c9a77e2_...", "expires_at": 1460057600.0})

    operator: str
    token: str
    expires_at: float
    """Seconds since the epoch."""


@router.post("", status_code=HTTPStatus.CREATED, responses=documented(HTTPStatus.FORBIDDEN))
async def log_in(request: Request, caller: Caller, settings: TheSettings, login: Login) -> Session:
    """Open a session for an operator of the office whose key is shown: its token does what the key does."""
    engine, checks = request.app.state.engine, request.app.state.password_checks
    assert isinstance(checks, Checks)  # noqa: S101 - the app makes it
    # No connection is held while a password waits for its turn: in the morning there are more of them than connections.
    async with engine.connect() as connection:
        operator = await find_operator(connection, login.operator, caller)
    known = await checks.fits(login.password, operator.hash)
    async with engine.connect() as connection:
        if not known or operator.office is None:
            entry = Entry(caller, Action.REFUSE_LOGIN, detail={"operator": login.operator})
            await audit.commit(connection, entry)
            raise ForbiddenError("the operator is unknown here, or the password is wrong")
        caller.must_change(operator.office)
        opened = await open_session(connection, login.operator, caller, settings.session_s)
        entry = Entry(caller, Action.LOG_IN, detail={"operator": login.operator, "session": opened.id})
        await audit.commit(connection, entry)
    return Session(operator=login.operator, token=opened.token, expires_at=opened.expires_at)
