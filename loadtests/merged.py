"""Merged: what the workers of a fleet have seen, as one; histograms are added bucket by bucket, so nothing is lost."""

from collections.abc import Iterable
from typing import Any, TypedDict

from loadtests.fleet_state import WorkerState
from loadtests.latency import Percentiles, merge
from loadtests.news import OfficeFigures, Requests
from loadtests.record import LATE_MS
from loadtests.steps import STEPS
from model.clock import Clock

COUNTS = (
    *("planned", "arrivals", "turned_away", "submitted", "issued", "refused", "failed"),
    *("left", "sent_home", "sent_home_for_good", "to_come_back", "in_store", "inside"),
)
"""Of citizens, as a worker's summary has them; see docs/load-summary.md."""


class Step(TypedDict):
    """A step of all workers together."""

    count: int
    failures: int
    """How many were given up; steps that are tried until the day ends have none."""
    per_s: float
    """Of wall time, on average over the day so far."""
    intended: Percentiles
    actual: Percentiles


class Merged(TypedDict):
    """All workers together."""

    wall_s: float
    """How long the day has been played, in seconds of wall time."""
    citizens: dict[str, int]
    unanswered: int
    dropped: int
    retries: int
    requests: Requests
    late: int
    dispatch_lag: Percentiles
    valid_for_latency: bool
    steps: dict[str, Step]
    offices: list[OfficeFigures]


def played_until_s(workers: Iterable[WorkerState], clock: Clock) -> float:
    """Return the moment that the workers of a run with this clock have told of last, in scenario seconds."""
    told_s = [float(worker["progress"]["scenario_s"]) for worker in workers if worker["progress"]]
    return max([clock.origin_scenario_s, *told_s])


def merge_workers(workers: Iterable[WorkerState], clock: Clock | None) -> Merged:
    """Add up what workers have told; a lost one's part is what it told last.

    Args:
        workers: as fleet.json has them.
        clock: the run's; None before the day begins.
    """
    workers = list(workers)
    wall_s = clock.compressed(played_until_s(workers, clock) - clock.origin_scenario_s) if clock else 0.0
    summaries = [worker["summary"] for worker in workers if worker["summary"]]
    lag = merge([summary["dispatch_lag"]["histogram"] for summary in summaries])
    return Merged(
        wall_s=wall_s,
        citizens={name: _sum(summaries, name) for name in COUNTS},
        unanswered=_sum(summaries, "unanswered"),
        dropped=_sum(summaries, "dropped"),
        retries=_sum(summaries, "retries"),
        requests=Requests(
            requests=sum(worker["requests"]["requests"] for worker in workers),
            failures=sum(worker["requests"]["failures"] for worker in workers),
            held_back=sum(worker["requests"]["held_back"] for worker in workers),
        ),
        late=_sum(summaries, "late"),
        dispatch_lag=lag,
        valid_for_latency=bool(summaries) and lag["p99_ms"] <= LATE_MS,
        steps=_steps(summaries, wall_s),
        offices=[figures for worker in workers if not worker["lost"] for figures in worker["figures"]],
    )


def _steps(summaries: list[dict[str, Any]], wall_s: float) -> dict[str, Step]:
    names = [step for step in STEPS if any(step in summary["steps"] for summary in summaries)]
    steps = {}
    for name in names:
        parts = [summary["steps"][name] for summary in summaries if name in summary["steps"]]
        intended, actual = (merge([part[start]["histogram"] for part in parts]) for start in ("intended", "actual"))
        steps[str(name)] = Step(
            count=intended["count"],
            failures=sum(part["failed"]["intended"]["count"] for part in parts),
            per_s=intended["count"] / wall_s if wall_s > 0 else 0.0,
            intended=intended,
            actual=actual,
        )
    return steps


def _sum(summaries: list[dict[str, Any]], name: str) -> int:
    return sum(int(summary[name]) for summary in summaries)
