from types import SimpleNamespace
from typing import Any

from loadtests.spans import client_spans, span_listener


class Spans:
    """A tracer that keeps what it is told."""

    def __init__(self) -> None:
        self.name = ""
        self.times_ns: list[int | None] = []
        self.attributes: dict[str, Any] = {}

    def start_span(self, name: str, *, start_time: int | None = None) -> "Spans":
        self.name = name
        self.times_ns.append(start_time)
        return self

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    def end(self, end_time: int | None = None) -> None:
        self.times_ns.append(end_time)


REQUEST = {"request_type": "GET", "name": "/v1/records/{reference}", "start_time": 1_000.5, "response_time": 250.0}


def test_a_request_becomes_a_span_with_its_own_times() -> None:
    spans = Spans()
    span_listener(spans.start_span)(**REQUEST, response=SimpleNamespace(status_code=200), exception=None, context={})
    assert spans.name == "GET /v1/records/{reference}"
    assert spans.times_ns == [1_000_500_000_000, 1_000_750_000_000]
    assert spans.attributes == {
        "http.request.method": "GET",
        "url.template": "/v1/records/{reference}",
        "http.response.status_code": 200,
    }


def test_a_request_without_an_answer_tells_its_error() -> None:
    spans = Spans()
    span_listener(spans.start_span)(
        **REQUEST, response=SimpleNamespace(status_code=0), exception=ConnectionError("gone")
    )
    assert spans.attributes["error.type"] == "ConnectionError"
    assert "http.response.status_code" not in spans.attributes


def test_the_real_tracer_takes_what_the_listener_says() -> None:
    span_listener(client_spans())(**REQUEST, response=None, exception=None)
