"""The administrator's side of the API: answers, refusals, silence."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from antrean.admin import Admin, AdminError


class Server(BaseHTTPRequestHandler):
    """Answers with what it was sent, refuses /refused, and speaks no JSON at /broken."""

    def do_POST(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told: dict[str, Any] = {"sent": json.loads(sent) if sent else None, "key": self.headers["Authorization"]}
        if self.path == "/refused":
            told = {"title": "Conflict", "detail": "another upgrade is running"}
        self.send_response(409 if self.path == "/refused" else 200)
        self.end_headers()
        self.wfile.write(b"<html>" if self.path == "/broken" else json.dumps(told).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        pass


@pytest.fixture
def admin() -> Iterator[Admin]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Admin(f"http://127.0.0.1:{server.server_port}", "ank_x")
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_sends_json_with_its_key(admin: Admin) -> None:
    assert admin.post("/v1/upgrades", {"to": "5.5"}) == {"sent": {"to": "5.5"}, "key": "Bearer ank_x"}
    assert admin.get("/v1/upgrades/1") == {"sent": None, "key": "Bearer ank_x"}


def test_a_refusal_is_told_in_the_servers_words(admin: Admin) -> None:
    with pytest.raises(
        AdminError, match="POST /refused: the server refused, 409: another upgrade is running"
    ) as refused:
        admin.post("/refused", {})
    assert refused.value.status == 409


def test_no_answer_is_told_with_what_was_asked(admin: Admin) -> None:
    with pytest.raises(AdminError, match="GET /broken: the server did not answer") as broken:
        admin.get("/broken")
    assert broken.value.status is None
    with pytest.raises(AdminError, match="GET /v1/upgrades/1: the server did not answer"):
        Admin("http://127.0.0.1:1", "ank_x").get("/v1/upgrades/1")
