"""Who calls, for the tests: keys of every role, and the header that shows them."""

from typing import Protocol

import httpx
from sqlalchemy import Engine

from mock_server import keys
from mock_server.access import Role, Token

HOUR_S = 3_600.0


def issue(engine: Engine, role: Role, office: str | None = None, valid_s: float = HOUR_S) -> Token:
    with engine.begin() as connection:
        return keys.issue(connection, role, office, valid_s)


class Showing(Protocol):
    """Makes a client of the same server that shows a key."""

    def __call__(self, client: httpx.Client, token: Token | str, /) -> httpx.Client: ...
