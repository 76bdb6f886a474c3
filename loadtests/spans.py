"""Spans: a request as OpenTelemetry tells it. Locust's `--otel` sets everything up, but makes none for this client.

Locust 2.47 instruments the libraries requests and urllib3; its own quick client, which the terminals use, it leaves
out (docs.locust.io, OpenTelemetry integration). Without `--otel` nothing here is called.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

NS_PER_S = 1_000_000_000


class Span(Protocol):
    """A span of the OpenTelemetry API, as far as it is used."""

    def set_attribute(self, key: str, value: Any) -> object:
        """Note something of the request."""

    def end(self, end_time: int | None = None) -> object:
        """End it, at a moment in nanoseconds since the epoch."""


class StartSpan(Protocol):
    """Begins a span, as a tracer's method does."""

    def __call__(self, name: str, *, start_time: int | None = None) -> Any:
        """Begin a span, at a moment in nanoseconds since the epoch."""


def client_spans() -> StartSpan:
    """Return what begins a client's span at the tracer that `--otel` has set up."""
    # Comes with locust[otel], which is not everybody's.
    from opentelemetry import trace

    return partial(trace.get_tracer("antrean").start_span, kind=trace.SpanKind.CLIENT)


def span_listener(start_span: StartSpan) -> Callable[..., None]:
    """Return a listener to Locust's `request` event that makes a span of each request."""

    def on_request(
        request_type: str,
        name: str,
        start_time: float,
        response_time: float,
        response: Any = None,
        exception: BaseException | None = None,
        **_: Any,
    ) -> None:
        begun_ns = round(start_time * NS_PER_S)
        span: Span = start_span(f"{request_type} {name}", start_time=begun_ns)
        span.set_attribute("http.request.method", request_type)
        span.set_attribute("url.template", name)
        if status_code := getattr(response, "status_code", 0):
            span.set_attribute("http.response.status_code", status_code)
        if exception is not None:
            span.set_attribute("error.type", type(exception).__name__)
        span.end(end_time=begun_ns + round(response_time / 1e3 * NS_PER_S))

    return on_request
