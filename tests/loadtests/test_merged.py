from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.fleet_state import WorkerState
from loadtests.latency import Durations, Latency, merge
from loadtests.merged import COUNTS, merge_workers
from loadtests.news import OfficeFigures, Requests
from model.clock import Clock
from model.stages import Stage

CLOCK = Clock(speedup=100.0, origin_wall_s=50.0, origin_scenario_s=1_000.0)
SECONDS = st.lists(st.floats(0, 100), max_size=60)


def durations(values_s: list[float]) -> Durations:
    filled = Durations()
    for value_s in values_s:
        filled.add(value_s)
    return filled


@given(parts=st.lists(SECONDS, min_size=1, max_size=4))
def test_merging_is_as_if_one_worker_had_seen_everything(parts: list[list[float]]) -> None:
    merged = merge([durations(part).percentiles()["histogram"] for part in parts])
    alone = durations([value_s for part in parts for value_s in part]).percentiles()
    assert merged["histogram"] == alone["histogram"]
    assert merged["count"] == alone["count"]
    # Alone, none is above the longest seen; a histogram knows that to three figures.
    for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms"):
        assert merged[key] == pytest.approx(alone[key], rel=2e-3, abs=2e-3)


def test_merging_nothing_is_nothing() -> None:
    assert merge([])["count"] == 0
    assert merge([])["max_ms"] == 0.0


def summary(submitted: int, failed: int, lag_s: float, took_s: float) -> dict[str, Any]:
    lag, took = Durations(), Latency()
    for _ in range(submitted):
        lag.add(lag_s)
        took.add(took_s, took_s / 2)
    for _ in range(failed):
        took.fail(took_s, took_s)
    counts = dict.fromkeys(COUNTS, 0) | {"submitted": submitted, "failed": failed}
    more = {"unanswered": 1, "dropped": 2, "retries": 3, "late": 0}
    return counts | more | {"dispatch_lag": lag.percentiles(), "steps": {"submission": took.percentiles()}}


def worker(told: dict[str, Any] | None, *, lost: bool = False) -> WorkerState:
    figures = OfficeFigures(
        office="35.07",
        name="x",
        waiting=2,
        at_centre=1,
        open_counters=3,
        in_store=0,
        left=0,
        to_come_back=0,
        overtime=False,
    )
    return WorkerState(
        worker="w",
        offices=["35.07"],
        over=not lost,
        lost=lost,
        figures=[figures],
        requests=Requests(requests=10, failures=1, held_back=4),
        progress={"scenario_s": 1_800.0} if told else {},
        summary=told,
    )


def test_counts_of_workers_add_up_and_a_lost_ones_too() -> None:
    merged = merge_workers(
        [worker(summary(30, 1, 0.001, 0.1)), worker(summary(10, 2, 0.001, 0.4), lost=True), worker(None)], CLOCK
    )
    assert merged["citizens"]["submitted"] == 40
    assert merged["requests"] == {"requests": 30, "failures": 3, "held_back": 12}
    assert (merged["unanswered"], merged["dropped"], merged["retries"]) == (2, 4, 6)
    step = merged["steps"][Stage.SUBMISSION]
    assert (step["count"], step["failures"], step["per_s"]) == (40, 3, 5.0)
    assert merged["wall_s"] == 8.0
    assert step["intended"]["p50_ms"] == pytest.approx(100, rel=2e-3)
    assert step["intended"]["p95_ms"] == pytest.approx(400, rel=2e-3)
    assert step["actual"]["p95_ms"] == pytest.approx(200, rel=2e-3)
    # How a lost worker's office stands now, nobody knows.
    assert len(merged["offices"]) == 2


@pytest.mark.parametrize(("lag_s", "valid"), [(0.001, True), (0.05, False)])
def test_a_late_generator_is_invalid_whoever_was_late(lag_s: float, valid: bool) -> None:
    merged = merge_workers([worker(summary(100, 0, 0.001, 0.1)), worker(summary(10, 0, lag_s, 0.1))], CLOCK)
    assert merged["valid_for_latency"] is valid


def test_without_anything_measured_nothing_is_valid() -> None:
    assert merge_workers([], None)["valid_for_latency"] is False
