import time
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from loadtests.line import Line, Meter


class Session:
    """Notes what is asked and answers with the next status code."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.moments_s: list[float] = []

    def request(self, method: str, url: str, name: str, **options: Any) -> Any:
        self.asked.append((method, url, {"name": name, **options}))
        self.moments_s.append(time.monotonic())
        return SimpleNamespace(status_code=self.codes.pop(0) if self.codes else 200)


def test_a_request_is_counted_and_only_answers_below_400_are_successes() -> None:
    meter = Meter()
    line = Line(Session(200, 302, 404, 503, 0), meter)
    for _ in range(5):
        line.request("GET", "/a", name="/a")
    assert (meter.requests, meter.failures, meter.held_back) == (5, 3, 0)


def test_redirects_are_never_followed() -> None:
    session = Session()
    Line(session, Meter()).request("GET", "/a/1", name="/a/{id}", headers={"A": "b"}, data=b"x")
    assert session.asked == [
        ("GET", "/a/1", {"name": "/a/{id}", "headers": {"A": "b"}, "allow_redirects": False, "data": b"x"})
    ]


@pytest.mark.parametrize("path", ["http://cards.example/a", "cards.example", "@cards.example/a", ""])
def test_no_request_leaves_the_target(path: str) -> None:
    session = Session()
    with pytest.raises(ValueError, match="no path of the target"):
        Line(session, Meter()).request("GET", path, name="a")
    assert not session.asked


def test_requests_beyond_the_rate_wait_and_are_counted() -> None:
    meter, session = Meter(max_rate_per_s=5.0), Session()
    line = Line(session, meter)
    # All at the same time, as the terminals of many counters.
    gevent.joinall([gevent.spawn(line.request, "GET", "/a", name="/a") for _ in range(7)], raise_error=True)
    assert meter.held_back == 2
    assert len(session.moments_s) == 7
    # A request is on its way a moment after its turn.
    assert session.moments_s[5] - session.moments_s[0] > 0.95
