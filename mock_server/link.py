"""An office's link to the centre: each request knows the connection on which it came, so that it can be cut.

ASGI has no message for that: an application that does not answer makes uvicorn answer 500.
"""

from asyncio import BaseTransport, Transport
from typing import Any

from starlette.types import Receive, Scope
from uvicorn.protocols.http.auto import AutoHTTPProtocol

_LINK = "link"


# A variable to mypy: h11's or httptools' protocol, whichever is installed.
class LinkProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's HTTP protocol, which also puts the connection into each request's state."""

    app_state: dict[str, Any]

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin a connection."""
        # Every request gets a copy of this state, which uvicorn hands to the protocol of each new connection.
        self.app_state = {**self.app_state, _LINK: transport}
        super().connection_made(transport)


async def cut(scope: Scope, receive: Receive) -> None:
    """Break off the connection on which a request came, what it still sends unread; returns when that is done."""
    transport: Transport = scope["state"][_LINK]
    transport.abort()
    # uvicorn takes a request for unanswered until it knows that the connection is gone.
    while (await receive())["type"] != "http.disconnect":
        pass
