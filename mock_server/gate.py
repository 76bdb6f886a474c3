"""The gate: everything under /v1/ needs a key, and a key may not send more than its allowance."""

import math
from collections.abc import Callable
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy import exc
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server import link, problems
from mock_server.access import Caller, ForbiddenError, NotAuthenticatedError
from mock_server.allowance import Allowances
from mock_server.faults import Watch
from mock_server.keyring import Keyring

GUARDED = "/v1/"
OPEN = frozenset({"/v1/signing-key"})
"""Under /v1/ and open all the same: whoever holds a card may verify it."""
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """ASGI middleware: asks for the key before a body is read; routes find the caller in `request.state.caller`.

    What an office may see and change is the routes' to say, who know whose record is meant.
    """

    def __init__(
        self, app: ASGIApp, allowances: Allowances, database_error: Callable[[Request, Exception], JSONResponse]
    ) -> None:
        self._app = app
        self._allowances = allowances
        # The app's own handlers of errors stand behind the middleware, so this one is handed over.
        self._database_error = database_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, answer it with a problem, or not at all when its office's link is cut."""
        if scope["type"] != "http" or not scope["path"].startswith(GUARDED) or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = await self._refusal(request)
        if await _is_cut(request):
            await link.cut(scope, receive)
        else:
            await (refusal or self._app)(scope, receive, send)

    async def _refusal(self, request: Request) -> JSONResponse | None:
        keyring: Keyring = request.app.state.keyring
        try:
            caller = await keyring.caller(shown_key(request))
        except NotAuthenticatedError as error:
            return not_authenticated(request, error)
        except (exc.DBAPIError, exc.TimeoutError) as error:
            return self._database_error(request, error)
        request.state.caller = caller
        # Where no key is needed there is nobody to tell apart, and only this machine to come from.
        if caller.key is not None and request.method not in _READS:
            return _over_allowance(self._allowances.wait_s(caller.key))
        return None


def shown_key(request: Request) -> str | None:
    """Return the key in the request's `Authorization: Bearer ...`, None if there is none."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def not_authenticated(request: Request, error: Exception) -> JSONResponse:
    """Answer a request without a valid key."""
    response = problems.answer(HTTPStatus.UNAUTHORIZED, str(error))
    invalid = ', error="invalid_token"' if shown_key(request) is not None else ""
    response.headers["WWW-Authenticate"] = f'Bearer realm="antrean"{invalid}'
    return response


def forbidden(_: Request, error: Exception) -> JSONResponse:
    """Answer a request for what the key is not for."""
    assert isinstance(error, ForbiddenError)  # noqa: S101 - the handler's registration says so
    response = problems.answer(HTTPStatus.FORBIDDEN, str(error))
    response.headers["WWW-Authenticate"] = 'Bearer realm="antrean", error="insufficient_scope"'
    return response


async def _is_cut(request: Request) -> bool:
    """Tell whether a fault cuts the office whose key the request shows; other callers come from no office."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None or caller.office is None:
        return False
    watch: Watch = request.app.state.faults
    return await watch.is_cut(request.app.state.engine, caller.office)


def _over_allowance(wait_s: float) -> JSONResponse | None:
    if not wait_s:
        return None
    response = problems.answer(HTTPStatus.TOO_MANY_REQUESTS, "this key has sent too much; send again later")
    response.headers["Retry-After"] = str(math.ceil(wait_s))
    return response
