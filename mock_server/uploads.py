"""Keeps requests that are too large from being read."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.problems import Problem


class UploadLimit:
    """ASGI middleware: refuses a body above `max_bytes`, by its declared length or, lacking that, while it comes."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body measured as the app reads it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        received = int(declared) if int(declared) > self._max_bytes else 0

        async def measured() -> Message:
            nonlocal received
            # Raised where the app reads, so that the app's own handler words the answer.
            self._check(received)
            message = await receive()
            received += len(message.get("body", b""))
            self._check(received)
            return message

        await self._app(scope, measured, send)

    def _check(self, received: int) -> None:
        if received > self._max_bytes:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the request is larger than {self._max_bytes} bytes")
