"""Latency: the histograms agree with what numpy says of the same durations."""

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.latency import Durations, Latency, merge


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


def recorded(durations_s: list[float]) -> Durations:
    durations = Durations()
    for duration_s in durations_s:
        durations.add(duration_s)
    return durations


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(0, 3_500), max_size=40), max_size=5))
def test_merged_histograms_are_the_one_of_all_values(parts_s: list[list[float]]) -> None:
    merged = merge([recorded(part_s).percentiles()["histogram"] for part_s in parts_s])
    alone = recorded([duration_s for part_s in parts_s for duration_s in part_s]).percentiles()

    assert (merged["histogram"], merged["count"]) == (alone["histogram"], alone["count"])
    for told, known in (
        (merged["p50_ms"], alone["p50_ms"]),
        (merged["p99_ms"], alone["p99_ms"]),
        (merged["max_ms"], alone["max_ms"]),
    ):
        assert told == pytest.approx(known, rel=2e-3, abs=2e-3)


def test_failures_are_kept_apart() -> None:
    latency = Latency()
    latency.add(0.2, 0.1)
    latency.fail(3.0, 2.0)
    told = latency.percentiles()
    assert told["intended"]["max_ms"] == pytest.approx(200)
    assert told["actual"]["count"] == 1
    assert told["failed"]["intended"]["max_ms"] == pytest.approx(3_000)
    assert told["failed"]["actual"]["max_ms"] == pytest.approx(2_000)
