"""The administrator's side of the mock server's API, for what a campaign asks of it."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

ANSWERS_WITHIN_S = 5.0


class AdminError(RuntimeError):
    """The server refused, or did not answer; says what was asked and why not."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """What the server answered; None if it did not."""


class Admin:
    """Asks a server with an admin's key."""

    def __init__(self, url: str, key: str) -> None:
        """Ask the server at `url`, http://127.0.0.1:PORT."""
        self._address = urlsplit(url).netloc
        self._key = key

    def post(self, path: str, content: dict[str, Any]) -> Any:
        """Send JSON and return the answer's.

        Raises:
            AdminError: the server refused, or did not answer within `ANSWERS_WITHIN_S`.
        """
        return self._ask("POST", path, json.dumps(content))

    def get(self, path: str) -> Any:
        """Return the JSON at a path.

        Raises:
            AdminError: the server refused, or did not answer within `ANSWERS_WITHIN_S`.
        """
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, body: str | None) -> Any:
        connection = http.client.HTTPConnection(self._address, timeout=ANSWERS_WITHIN_S)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise AdminError(f"{method} {path}: the server did not answer: {error or type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            said = content.get("detail") or content.get("title")
            raise AdminError(f"{method} {path}: the server refused, {answer.status}: {said}", answer.status)
        return content
