from pathlib import Path
from typing import Any

import pytest

from antrean.load_summary import summarise_load
from loadtests.fleet_plan import FleetPlan
from loadtests.fleet_state import FleetState, WorkerState
from loadtests.latency import Durations, Latency
from loadtests.merged import COUNTS
from loadtests.news import Requests
from loadtests.plan import LoadPlan
from model.arrivals import citizens
from model.clock import Clock
from model.scenario import Scenario
from model.staffing import plan_offices
from tests.loadtests.lab import small_lab

CLOCK = Clock(speedup=100.0, origin_wall_s=0.0, origin_scenario_s=0.0)
PLAN = FleetPlan(
    load=LoadPlan(scenario=Path("x"), mode="day", origin_wall_s=0.0, origin_scenario_s=0.0, out=Path("x")),
    target="http://127.0.0.1:1",
    workers=2,
)


@pytest.fixture(scope="module")
def lab() -> Scenario:
    return small_lab()


def worker(
    office: str, *, lag_s: float = 0.001, over: bool = True, lost: bool = False, held_back: int = 0
) -> WorkerState:
    lag, took = Durations(), Latency()
    for _ in range(50):
        lag.add(lag_s)
        took.add(0.2, 0.1)
    summary: dict[str, Any] = dict.fromkeys([*COUNTS, "unanswered", "dropped", "retries", "late"], 0)
    summary |= {"over": over, "dispatch_lag": lag.percentiles(), "steps": {"submission": took.percentiles()}}
    return WorkerState(
        worker=f"vm_{office}",
        offices=[office],
        over=not lost,
        lost=lost,
        figures=[],
        requests=Requests(requests=100, failures=0, held_back=held_back),
        progress={"scenario_s": 600.0},
        summary=summary,
    )


def summarised(lab: Scenario, *workers: WorkerState, stopped: str | None = None) -> dict[str, Any]:
    state = FleetState(expected=2, connected=2, opens_wall_s=0.0, over=True, workers=list(workers))
    return summarise_load(lab, PLAN, state, CLOCK, stopped)


def test_a_whole_day_has_no_warnings(lab: Scenario) -> None:
    summary = summarised(lab, worker("35.07"), worker("35.73"))
    assert summary["complete"] is True
    assert summary["warnings"] == []
    assert summary["wall_s"] == 6.0
    assert summary["steps"]["submission"]["count"] == 100
    # Of the seed, for a lost worker may never have told.
    assert summary["citizens"]["planned"] == len(citizens(lab, plan_offices(lab), day=0)) > 0


def test_the_planned_are_those_of_all_days(lab: Scenario) -> None:
    two = PLAN.model_copy(update={"load": PLAN.load.model_copy(update={"days": 2})})
    state = FleetState(expected=2, connected=2, opens_wall_s=0.0, over=True, workers=[worker("35.07")])
    summary = summarise_load(lab, two, state, CLOCK, None)
    assert summary["days"] == 2
    assert summary["citizens"]["planned"] == sum(len(citizens(lab, plan_offices(lab), day)) for day in (0, 1))


def test_a_lost_worker_takes_its_offices_along(lab: Scenario) -> None:
    summary = summarised(lab, worker("35.07"), worker("35.73", lost=True, over=False))
    assert summary["complete"] is False
    assert summary["lost_offices"] == ["35.73"]
    assert summary["warnings"] == ["workers were lost, and with them the offices 35.73"]


def test_requests_that_were_held_back_are_warned_of(lab: Scenario) -> None:
    [warning] = summarised(lab, worker("35.07", held_back=3), worker("35.73", held_back=4))["warnings"]
    assert warning.startswith("7 requests had to wait")


def test_a_late_generator_is_warned_of(lab: Scenario) -> None:
    summary = summarised(lab, worker("35.07", lag_s=0.08), worker("35.73"))
    assert summary["generator"]["valid_for_latency"] is False
    assert "the generator was late (p99 80 ms)" in summary["warnings"][0]


@pytest.mark.parametrize(
    ("stopped", "words"),
    [("the error budget is spent: x", "the error budget is spent: x"), (None, "workers were stopped")],
)
def test_a_day_that_was_cut_short_says_why(lab: Scenario, stopped: str | None, words: str) -> None:
    summary = summarised(lab, worker("35.07", over=False), worker("35.73"), stopped=stopped)
    assert summary["complete"] is False
    assert summary["warnings"] == [f"the day was not played to its end: {words}"]


def test_a_run_that_never_began_has_a_summary(lab: Scenario) -> None:
    state = FleetState(expected=2, connected=0, opens_wall_s=None, over=False, workers=[])
    summary = summarise_load(lab, PLAN, state, None, "interrupted")
    assert summary["wall_s"] == 0.0
    assert summary["steps"] == {}
    assert summary["warnings"] == ["the day was not played to its end: interrupted"]
