"""Offering a rate: one step of a capacity search against a running mock server, played until it can be judged."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from antrean.lab import Server, now_s
from antrean.play import GRACE_S, LEAD_S, LOOK_EVERY_S, Show, read_json, start_load
from antrean.processes import Process
from antrean.verdict import Asked, Floats, Judged, Limits, Verdict, judge
from loadtests.plan import LoadPlan
from loadtests.record import read_events
from loadtests.residents import dealt
from model.clock import Clock
from model.events import to_frame
from model.scenario import Scenario
from model.stages import END_OF_CENTRE, Stage, Status

SETTLE_S = 1.0
"""Wall time after which the load side has written what it knew at a moment."""
LEFT = [*END_OF_CENTRE, Status.ADJUDICATE_RECORD]
"""Outcomes with which a record leaves the centre's computers."""


class Step(NamedTuple):
    """What offering a rate has shown; a row of steps.parquet. Times are wall time, from a citizen's arrival."""

    number: int
    rate_per_s: float
    """What was asked for."""
    offered_per_s: float
    """What arrived in the time measured."""
    throughput_per_s: float
    """What left the centre: records decided, cards sent to be printed."""
    measured_s: float
    verdict: str
    broken: str
    """The limits that were certainly broken."""
    growth_per_s: float
    """Of the backlog, with its bounds."""
    growth_low_per_s: float
    growth_high_per_s: float
    late_share: float
    late_low: float
    late_high: float
    failed_share: float
    failed_low: float
    failed_high: float
    inside: float
    """Citizens between arrival and the centre's decision, on average."""
    p50_s: float
    """Who was not decided by the end counts with the time until then."""
    p95_s: float
    p99_s: float
    receipt_p95_ms: float
    """Until the centre acknowledged a packet; 0 where none were sent."""
    lag_p99_ms: float
    """The load generator's own."""
    valid_for_latency: bool


class Offered(NamedTuple):
    """A step and its backlog, second by second."""

    step: Step
    backlog: pl.DataFrame
    """Columns second, arrived, left, backlog; seconds count from the first arrival, warm-up included."""


def limits_of(scenario: Scenario) -> Limits:
    """Return what a sustained rate has to keep."""
    capacity = scenario.capacity
    return Limits(capacity.p95_s, 0.05, capacity.errors, capacity.growth)


def offer(
    server: Server, scenario_file: Path, scenario: Scenario, number: int, rate_per_s: float, out: Path, show: Show
) -> Offered:
    """Offer a rate to a fresh server, until the step is decided or has lasted `[capacity] longest`.

    Raises:
        ProcessError: the load side or a process of the server failed.
        ValueError: the mix cannot be offered.
    """
    capacity = scenario.capacity
    looks_s = capacity.looks_s()
    clock = Clock(1.0, now_s() + LEAD_S, 0.0)
    plan = LoadPlan(
        scenario=scenario_file,
        mode="open",
        out=out,
        keys_file=server.keys_file,
        residents_file=server.residents_file(scenario),
        origin_wall_s=clock.origin_wall_s,
        origin_scenario_s=0.0,
        rate_per_s=rate_per_s,
        length_s=capacity.warm_up_s + looks_s[-1] + SETTLE_S,
    )
    # Too few residents for the mix are an error that is told before anything starts.
    dealt(plan, scenario)
    load = start_load(server, plan)
    # Several looks at one step are several chances to be wrong.
    error = (1 - capacity.confidence) / len(looks_s)
    for look_s in looks_s:
        ends_s = capacity.warm_up_s + look_s
        _wait(server, load, clock, ends_s + SETTLE_S, _words(out, show, clock, ends_s))
        seen = asked(out, server, clock, ends_s)
        judged = judge(seen, (capacity.warm_up_s, ends_s), limits_of(scenario), error)
        judged = held_against(judged, bool(read_json(out / "summary.json").get("valid_for_latency")))
        if judged.verdict is not Verdict.UNDECIDED:
            break
    load.ask_to_stop()
    if load.wait(GRACE_S) != 0:
        raise load.failure("failed")
    step = _step(number, rate_per_s, seen, (capacity.warm_up_s, ends_s), judged, read_json(out / "summary.json"))
    return Offered(step, backlog(seen, ends_s))


def held_against(judged: Judged, valid_for_latency: bool) -> Judged:
    """Return what of a judgement the server can be blamed for: a generator that lags is itself late."""
    late_alone = judged.broken == ("p95",)
    return judged._replace(verdict=Verdict.UNDECIDED) if late_alone and not valid_for_latency else judged


def asked(out: Path, server: Server, clock: Clock, ends_s: float) -> Asked:
    """Bring together what load side and server know of what was asked by who arrived before `ends_s`."""
    load = to_frame(read_events(out))
    arrived = load.filter((pl.col("stage") == Stage.ARRIVAL) & (pl.col("entered_s") < ends_s))
    given_up = load.filter(pl.col("outcome") == Status.SENT_FOR_ENROLLMENT)
    decided = server.events(clock).filter(pl.col("outcome").cast(pl.String).is_in(LEFT))
    found = (
        arrived.select("citizen", due_s="entered_s")
        .join(_ends(given_up, "failed_s"), on="citizen", how="left")
        .join(_ends(decided, "decided_s"), on="citizen", how="left")
    )
    left_s = found.select(pl.min_horizontal("failed_s", "decided_s").fill_null(math.inf)).to_series().to_numpy()
    failed = found["failed_s"].is_not_null().to_numpy()
    return Asked(found["due_s"].to_numpy(), np.where(left_s <= ends_s, left_s, math.inf), failed)


def backlog(seen: Asked, ends_s: float) -> pl.DataFrame:
    """Count what arrived and left in each second, and who was inside at its end."""
    seconds = np.arange(1, math.floor(ends_s) + 1)
    arrived, left = (np.searchsorted(np.sort(moments_s), seconds) for moments_s in (seen.due_s, seen.left_s))
    return pl.DataFrame(
        {
            "second": seconds,
            "arrived": np.diff(arrived, prepend=0),
            "left": np.diff(left, prepend=0),
            "backlog": arrived - left,
        }
    )


def _wait(server: Server, load: Process, clock: Clock, until_s: float, say: Callable[[], None]) -> None:
    while now_s() < clock.to_wall_s(until_s):
        server.processes.check()
        if not load.running:
            raise load.failure("ended before the step did")
        say()
        load.wait(LOOK_EVERY_S)


def _words(out: Path, show: Show, clock: Clock, ends_s: float) -> Callable[[], None]:
    def say() -> None:
        progress = read_json(out / "progress.json")
        done = clock.to_scenario_s(now_s()) / ends_s
        show(
            min(1.0, max(0.0, done)), f"{progress.get('arrivals', 0)} arrived, {progress.get('submitted', 0)} received"
        )

    return say


def _ends(events: pl.DataFrame, name: str) -> pl.DataFrame:
    return events.group_by("citizen").agg(pl.col("finished_s").min().alias(name))


def _step(
    number: int,
    rate_per_s: float,
    seen: Asked,
    window_s: tuple[float, float],
    judged: Judged,
    load: dict[str, object],
) -> Step:
    begins_s, ends_s = window_s
    length_s = ends_s - begins_s
    within = (seen.due_s >= begins_s) & (seen.due_s < ends_s)
    ages_s = np.minimum(seen.left_s, ends_s) - seen.due_s
    stays_s = np.minimum(seen.left_s, ends_s) - np.maximum(seen.due_s, begins_s)
    done = (seen.left_s >= begins_s) & (seen.left_s < ends_s) & ~seen.failed
    p50_s, p95_s, p99_s = _quantiles(ages_s[within])
    lag, steps = load["dispatch_lag"], load["steps"]
    assert isinstance(lag, dict)  # noqa: S101 - the summary's own form
    assert isinstance(steps, dict)  # noqa: S101 - the summary's own form
    receipt = steps.get("submission", {}).get("intended", {})
    valid = bool(load["valid_for_latency"])
    return Step(
        number,
        rate_per_s,
        offered_per_s=float(within.sum()) / length_s,
        throughput_per_s=float(done.sum()) / length_s,
        measured_s=length_s,
        verdict=str(held_against(judged, valid).verdict),
        broken=", ".join(judged.broken),
        growth_per_s=judged.growth_per_s.estimate,
        growth_low_per_s=judged.growth_per_s.low,
        growth_high_per_s=judged.growth_per_s.high,
        late_share=judged.late.estimate,
        late_low=judged.late.low,
        late_high=judged.late.high,
        failed_share=judged.failed.estimate,
        failed_low=judged.failed.low,
        failed_high=judged.failed.high,
        inside=float(np.maximum(stays_s, 0.0).sum()) / length_s,
        p50_s=p50_s,
        p95_s=p95_s,
        p99_s=p99_s,
        receipt_p95_ms=float(receipt.get("p95_ms", 0.0)),
        lag_p99_ms=float(lag["p99_ms"]),
        valid_for_latency=valid,
    )


def _quantiles(ages_s: Floats) -> tuple[float, float, float]:
    if not len(ages_s):
        return math.nan, math.nan, math.nan
    p50_s, p95_s, p99_s = (float(value) for value in np.quantile(ages_s, (0.5, 0.95, 0.99)))
    return p50_s, p95_s, p99_s
