"""The plain session: HTTP over one kept connection, for a load of a few threads that does without Locust."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from loadtests.line import Response

ANSWERS_WITHIN_S = 60.0


@dataclass
class Answer:
    """What a request brought back; status 0 when that was nothing."""

    status_code: int
    content: bytes
    error: Exception | None = None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")


class PlainSession:
    """One connection to one server, used by one thread at a time; it follows no redirects."""

    def __init__(self, url: str) -> None:
        """Speak to the server at `url`, http://HOST:PORT; connects with the first request."""
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=ANSWERS_WITHIN_S)

    def request(
        self,
        method: str,
        url: str,
        name: str,  # noqa: ARG002 - statistics are not kept here
        **options: Any,
    ) -> Response:
        """Send a request and return the answer, a second time if the server has closed the connection between two.

        Of the options those count that a Line passes on: `headers`, and `data` (bytes) or `json`.
        """
        sent, data = dict(options.get("headers") or {}), options.get("data")
        if options.get("json") is not None:
            data, sent["Content-Type"] = json.dumps(options["json"]).encode(), "application/json"
        for last in (False, True):
            try:
                self._connection.request(method, url, data, sent)
                answer = self._connection.getresponse()
                return Answer(answer.status, answer.read())
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                self._connection.close()
                if last:
                    return Answer(0, b"", error)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                return Answer(0, b"", error)
        raise AssertionError("the second attempt returns")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
