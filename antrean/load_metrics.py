"""The figures of a load for Prometheus, on loopback and while the day goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from loadtests.merged import Merged

QUANTILES = {"0.5": "p50_ms", "0.95": "p95_ms", "0.99": "p99_ms"}


class LoadCollector(Collector):
    """Makes metrics of what the fleet told last."""

    def __init__(self, latest: Callable[[], Merged]) -> None:
        self._latest = latest

    def collect(self) -> Iterator[Metric]:
        """Yield the offices' figures, the counts of citizens and requests, the latencies."""
        merged = self._latest()
        yield from _offices(merged)
        citizens = GaugeMetricFamily(
            "antrean_load_citizens", "Citizens of the day, by what became of them", labels=["state"]
        )
        for state, count in merged["citizens"].items():
            citizens.add_metric([state], count)
        yield citizens
        requests = merged["requests"]
        counts = {"sent": requests["requests"], "failed": requests["failures"], "held_back": requests["held_back"]}
        for name, count in counts.items():
            yield CounterMetricFamily(f"antrean_load_requests_{name}", f"HTTP requests: {name}", value=count)
        lag_s = merged["dispatch_lag"]["p99_ms"] / 1e3
        yield GaugeMetricFamily("antrean_load_dispatch_lag_p99_seconds", "The generator's own lag", value=lag_s)
        yield from _latencies(merged)


def _offices(merged: Merged) -> Iterator[Metric]:
    told = {
        "waiting": "Citizens who wait for a counter",
        "open_counters": "Counters with an operator on duty",
        "at_centre": "Citizens whose packet was sent and who have no card yet",
        "in_store": "Packets kept until they are to be sent",
        "left": "Citizens whose patience ended",
        "to_come_back": "Citizens at home who are expected on another day",
        "overtime": "1 in overtime",
    }
    families = [
        (GaugeMetricFamily(f"antrean_load_{key}", words, labels=["office"]), key) for key, words in told.items()
    ]
    for family, key in families:
        for office in merged["offices"]:
            family.add_metric([office["office"]], float(office[key]))  # type: ignore[literal-required] # of the keys above
        yield family


def _latencies(merged: Merged) -> Iterator[Metric]:
    seconds = GaugeMetricFamily(
        "antrean_load_step_seconds", "Wall time of a step from its intended start", labels=["step", "quantile"]
    )
    counts = CounterMetricFamily("antrean_load_steps", "Steps that ended", labels=["step"])
    failures = CounterMetricFamily("antrean_load_step_failures", "Steps that were given up", labels=["step"])
    for name, step in merged["steps"].items():
        counts.add_metric([name], step["count"])
        failures.add_metric([name], step["failures"])
        for quantile, key in QUANTILES.items():
            seconds.add_metric([name, quantile], step["intended"][key] / 1e3)  # type: ignore[literal-required] # QUANTILES
    yield from (seconds, counts, failures)


@contextmanager
def served(port: int | None, latest: Callable[[], Merged]) -> Iterator[int | None]:
    """Serve the metrics at http://127.0.0.1:PORT/metrics while the block lasts; nowhere if `port` is None.

    Gives the port: a free one for 0.

    Raises:
        ValueError: the port is taken.
    """
    if port is None:
        yield None
        return
    registry = CollectorRegistry()
    registry.register(LoadCollector(latest))
    try:
        server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    except OSError as error:
        raise ValueError(f"--metrics-port {port}: {error.strerror}") from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
