"""The plain session against a real server of a few lines."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from loadtests.line import Line, Meter
from loadtests.plain_session import PlainSession


class Echo(BaseHTTPRequestHandler):
    """Answers with what it got; closes the connection after each answer to /close without saying so."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        told = json.dumps({"path": self.path, "type": self.headers["Content-Type"], "body": body.decode()}).encode()
        self.send_response(302 if self.path == "/elsewhere" else 200)
        self.send_header("Location", "http://192.0.2.1/")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
        self.close_connection = self.path == "/close"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def session(url: str) -> Iterator[PlainSession]:
    session = PlainSession(url)
    yield session
    session.close()


def test_bytes_and_json_are_sent_over_a_line(session: PlainSession) -> None:
    meter = Meter()
    line = Line(session, meter)
    sent = line.request("POST", "/a", name="a", headers={"Content-Type": "x/y"}, data=b"hello")
    assert json.loads(sent.content or b"") == {"path": "/a", "type": "x/y", "body": "hello"}
    sent = line.request("POST", "/b", name="b", json={"key": 1})
    assert json.loads(sent.text or "")["type"] == "application/json"
    assert (meter.requests, meter.failures) == (2, 0)


def test_a_redirect_is_an_answer_like_others(session: PlainSession) -> None:
    assert Line(session, Meter()).request("POST", "/elsewhere", name="e", data=b"").status_code == 302


def test_a_connection_that_the_server_has_closed_is_made_anew(session: PlainSession) -> None:
    line = Line(session, Meter())
    for path in ("/close", "/a"):
        assert line.request("POST", path, name=path, data=b"").status_code == 200


def test_no_answer_is_status_0() -> None:
    # Nobody listens on port 1 of this machine.
    nobody = PlainSession("http://127.0.0.1:1")
    assert Line(nobody, Meter()).request("POST", "/a", name="a", data=b"").status_code == 0
