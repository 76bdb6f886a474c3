"""Latency: the histograms agree with what numpy says of the same durations."""

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from loadtests.latency import Durations, Latency


def test_percentiles_are_numpys_within_the_histograms_precision() -> None:
    durations_s = np.random.default_rng(7).lognormal(-4, 1, 5_000)
    recorded = Durations()
    for duration_s in durations_s:
        recorded.add(float(duration_s))

    told = recorded.percentiles()

    assert told["count"] == 5_000
    for value, percentile in ((told["p50_ms"], 50), (told["p90_ms"], 90), (told["p95_ms"], 95), (told["p99_ms"], 99)):
        assert value == pytest.approx(np.percentile(durations_s, percentile, method="inverted_cdf") * 1e3, rel=2e-3)
    assert told["max_ms"] == pytest.approx(durations_s.max() * 1e3)


def test_no_percentile_exceeds_the_longest() -> None:
    recorded = Durations()
    recorded.add(1.2345678)
    told = recorded.percentiles()
    assert told["p50_ms"] == told["p99_ms"] == told["max_ms"] == pytest.approx(1234.5678)


def test_the_encoded_histogram_can_be_read_and_added_to_another() -> None:
    recorded = Durations()
    for duration_s in (0.010, 0.020, 0.030):
        recorded.add(duration_s)

    decoded = HdrHistogram.decode(recorded.percentiles()["histogram"])
    decoded.decode_and_add(recorded.percentiles()["histogram"])

    assert decoded.get_total_count() == 6
    assert decoded.get_value_at_percentile(50) == pytest.approx(20_000, rel=1e-3)


def test_out_of_range_durations_are_counted_at_the_ends() -> None:
    recorded = Durations()
    recorded.add(-0.5)
    recorded.add(50_000.0)
    assert recorded.percentiles()["count"] == 2


def test_nothing_recorded_is_zeros() -> None:
    told = Durations().percentiles()
    assert (told["count"], told["p50_ms"], told["max_ms"]) == (0, 0.0, 0.0)


def test_a_stall_shows_from_the_intended_start() -> None:
    latency = Latency()
    for waited_s in np.linspace(1.0, 0.0, 100):
        latency.add(intended_s=float(waited_s) + 0.001, actual_s=0.001)
    told = latency.percentiles()
    assert told["actual"]["p99_ms"] == pytest.approx(1.0, rel=0.01)
    assert told["intended"]["p50_ms"] == pytest.approx(500, rel=0.02)
