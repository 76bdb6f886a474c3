from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from antrean.load_metrics import served
from loadtests.latency import Durations, merge
from loadtests.merged import Merged, Step
from loadtests.news import OfficeFigures, Requests


def merged() -> Merged:
    took = Durations()
    for _ in range(10):
        took.add(0.25)
    seen = took.percentiles()
    return Merged(
        wall_s=10.0,
        citizens={"arrivals": 12, "issued": 7},
        unanswered=0,
        dropped=0,
        retries=0,
        requests=Requests(requests=40, failures=2, held_back=1),
        late=0,
        dispatch_lag=merge([seen["histogram"]]),
        valid_for_latency=True,
        steps={"submission": Step(count=10, failures=3, per_s=1.0, intended=seen, actual=seen)},
        offices=[
            OfficeFigures(
                office="35.07",
                name="x",
                waiting=4,
                at_centre=5,
                open_counters=6,
                in_store=7,
                left=8,
                to_come_back=9,
                overtime=True,
            )
        ],
    )


def test_prometheus_reads_the_figures_on_loopback_while_they_are_served() -> None:
    with served(0, merged) as port:
        url = f"http://127.0.0.1:{port}/metrics"
        with urlopen(url) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
    samples = {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}
    assert samples["antrean_load_waiting", "35.07"] == 4
    assert samples["antrean_load_open_counters", "35.07"] == 6
    assert samples["antrean_load_at_centre", "35.07"] == 5
    assert samples["antrean_load_in_store", "35.07"] == 7
    assert samples["antrean_load_left", "35.07"] == 8
    assert samples["antrean_load_to_come_back", "35.07"] == 9
    assert samples["antrean_load_overtime", "35.07"] == 1
    assert samples["antrean_load_citizens", "issued"] == 7
    assert samples["antrean_load_requests_sent_total",] == 40
    assert samples["antrean_load_requests_failed_total",] == 2
    assert samples["antrean_load_requests_held_back_total",] == 1
    assert samples["antrean_load_steps_total", "submission"] == 10
    assert samples["antrean_load_step_failures_total", "submission"] == 3
    assert samples["antrean_load_step_seconds", "0.99", "submission"] == pytest.approx(0.25, rel=2e-3)
    assert samples["antrean_load_dispatch_lag_p99_seconds",] == pytest.approx(0.25, rel=2e-3)
    with pytest.raises(OSError, match="refused"):
        urlopen(url)


def test_without_a_port_nothing_is_served() -> None:
    with served(None, merged) as port:
        assert port is None


def test_a_port_that_is_taken_is_an_error_that_names_the_option() -> None:
    with (
        served(0, merged) as port,
        pytest.raises(ValueError, match=f"--metrics-port {port}: "),
        served(port, merged),
    ):
        pass
