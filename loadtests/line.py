"""The line: how a terminal's requests reach the target, counted, and held back where they would be too many."""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol

import gevent

from loadtests.limits import Tokens


class Response(Protocol):
    """What a request brought back."""

    status_code: int
    """0 when no answer came."""

    @property
    def content(self) -> bytes | None:
        """The body."""

    @property
    def text(self) -> str | None:
        """The body as text."""


class Session(Protocol):
    """One of Locust's HTTP sessions: a connection, and statistics by the requests' names."""

    def request(self, method: str, url: str, name: str, **options: Any) -> Any:
        """Send a request and return the response."""


class Meter:
    """What all lines of a process have in common: the limit, and the counts."""

    def __init__(self, max_rate_per_s: float | None = None) -> None:
        """Let at most `max_rate_per_s` requests through in any second; all of them when it is None."""
        self._tokens = Tokens(max_rate_per_s) if max_rate_per_s else None
        self.requests = self.failures = self.held_back = 0

    def wait(self) -> None:
        """Wait until another request may be sent."""
        if self._tokens is None:
            return
        sent_s = self._tokens.take(time.monotonic())
        self.held_back += sent_s > time.monotonic()
        # gevent's timers count from when its loop last looked at the time, and so may fire early.
        while (wait_s := sent_s - time.monotonic()) > 0:
            gevent.sleep(wait_s)

    def count(self, status_code: int) -> None:
        """Count a request that has ended; without an answer, or with an error for one, it failed."""
        self.requests += 1
        self.failures += not 0 < status_code < HTTPStatus.BAD_REQUEST


class Line:
    """One terminal's line to one server; it leads nowhere else, whatever an adapter asks or the server answers."""

    def __init__(self, session: Session, meter: Meter) -> None:
        self._session = session
        self._meter = meter

    def request(
        self, method: str, path: str, *, name: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Response:
        """Send a request to the server and return its answer, also when that is an error.

        Args:
            method: GET, POST, ...
            path: from the server's root, beginning with "/".
            name: under which the statistics count it: the path without what differs from citizen to citizen.
            headers: what HTTP headers it bears.
            options: `data` (bytes) or `json`, as Locust's FastHttpSession takes them.

        Raises:
            ValueError: the path could lead to another server.
        """
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is no path of the target; a path begins with '/'")
        self._meter.wait()
        # A redirect could lead to a server that nobody permitted to load; it is an answer like others.
        response: Response = self._session.request(
            method, path, name=name, headers=dict(headers or {}), allow_redirects=False, **options
        )
        self._meter.count(response.status_code)
        return response
