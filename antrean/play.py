"""Playing: a lab day, or the search for the server's capacity, played by Locust against a running mock server."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from antrean.fault_day import DayFaults, inject, read_faults
from antrean.lab import Server, now_s
from antrean.processes import Process
from antrean.upgrade_day import Follower, LockWatch, UpgradeTimes, ask_for, read_upgrade
from loadtests.plan import LoadPlan, command
from loadtests.record import read_events, read_retries_s
from model.clock import Clock
from model.events import to_frame
from model.office_days import horizon_s
from model.scenario import Scenario
from model.staffing import office_day, plan_offices
from model.upgrade_cost import Signals

LEAD_S = 5.0
"""Wall time between starting the load side and the first moment played: its operators must be ready by then."""
GRACE_S = 30.0
"""Wall time that the load side may take to finish after a day's end."""
LOOK_EVERY_S = 0.25
PLAN = "plan.json"
"""The file among what the load side writes that says what it was asked to play."""

Show = Callable[[float, str], None]
"""Is told how much of a step is done (0 to 1), and what is happening."""


class Played(NamedTuple):
    """A day as it was measured."""

    events: pl.DataFrame
    """StageEvents of load side and server together."""
    upgrade: UpgradeTimes | None
    faults: DayFaults | None
    """None where the scenario has none."""
    load_summary: dict[str, Any]
    signals: Signals
    """What the offices had to ask again, and who waited for locks."""
    complete: bool
    """False when the day was stopped before its end."""


def measure_capacity(server: Server, scenario_file: Path, scenario: Scenario, out: Path, show: Show) -> dict[str, Any]:
    """Find how many enrollments a second the server sustains; returns the load side's summary.

    Raises:
        ProcessError: the load side failed.
    """
    window_s = scenario.load.capacity_window_s
    plan = LoadPlan(
        scenario=scenario_file,
        mode="capacity",
        out=out,
        keys_file=server.keys_file,
        origin_wall_s=now_s(),
        origin_scenario_s=0.0,
        window_s=window_s,
        max_s=3 * window_s + GRACE_S,
    )
    load = start_load(server, plan)
    started_s = now_s()
    expected_s = window_s * 4 / 3 + LEAD_S
    while load.running:
        server.processes.check()
        progress = read_json(out / "progress.json")
        show(min(1.0, (now_s() - started_s) / expected_s), f"{progress.get('submitted', 0)} records submitted")
        load.wait(LOOK_EVERY_S)
    summary = read_json(out / "summary.json")
    if not summary.get("capacity_per_s"):
        raise load.failure("measured no capacity")
    return summary


def play_day(
    server: Server,
    scenario_file: Path,
    scenario: Scenario,
    out: Path,
    show: Show,
    see_out_s: float = 0.0,
    replication: int = 0,
) -> Played:
    """Play day 0 of a lab scenario, with the upgrade and the faults that it has, for a replication's citizens.

    The upgrade may outlast the day by `see_out_s` of wall time.
    Stopping it by KeyboardInterrupt still returns what was measured, marked incomplete.

    Raises:
        ProcessError: the load side or a process of the server failed, or the server refused the upgrade or a fault.
    """
    clock = day_clock(scenario, now_s() + LEAD_S)
    plan = LoadPlan(
        scenario=scenario_file,
        mode="day",
        out=out,
        keys_file=server.keys_file,
        residents_file=server.residents_file(scenario),
        replication=replication,
        origin_wall_s=clock.origin_wall_s,
        origin_scenario_s=clock.origin_scenario_s,
    )
    follower = ask_for(server.admin, scenario, clock) if scenario.upgrade else None
    left_out = inject(server.admin, scenario, clock)
    load = start_load(server, plan)
    complete = True
    with LockWatch(server.database_url) as locks:
        try:
            _follow(server, scenario, clock, load, out, follower, show)
            _see_out(server, follower, see_out_s)
        except KeyboardInterrupt:
            complete = False
            load.ask_to_stop()
            load.wait(GRACE_S)
    return Played(
        events=pl.concat([to_frame(read_events(out)), server.events(clock)]),
        upgrade=read_upgrade(server.database_url, clock) if scenario.upgrade else None,
        faults=DayFaults(read_faults(server.admin, clock), left_out) if scenario.faults else None,
        load_summary=read_json(out / "summary.json"),
        signals=Signals(read_retries_s(out), locks.waits(clock)),
        complete=complete,
    )


def day_clock(scenario: Scenario, wall_s: float) -> Clock:
    """Return the clock of a lab day that begins at `wall_s`: with the first door, or with the upgrade before it."""
    moments_s = [office_day(scenario, plan.office, 0).opens_s for plan in plan_offices(scenario).values()]
    if scenario.upgrade:
        moments_s.append(scenario.seconds_at(scenario.upgrade.start))
    first_s = min(moments_s)
    return Clock(scenario.load.speedup, origin_wall_s=wall_s, origin_scenario_s=first_s)


def _follow(
    server: Server, scenario: Scenario, clock: Clock, load: Process, out: Path, follower: Follower | None, show: Show
) -> None:
    """Report progress until the load side has ended; an upgrade that fails does not end the day."""
    begin_s, end_s = clock.origin_scenario_s, horizon_s(scenario, plan_offices(scenario), 1)
    while load.running:
        server.processes.check()
        time_s = clock.to_scenario_s(now_s())
        upgrading = follower.words(now_s()) if follower else ""
        progress = read_json(out / "progress.json")
        share = (time_s - begin_s) / (end_s - begin_s)
        show(min(1.0, max(0.0, share)), _day_words(scenario, time_s, progress) + upgrading)
        if now_s() > clock.to_wall_s(end_s) + GRACE_S:
            raise load.failure("did not finish after the day's end")
        load.wait(LOOK_EVERY_S)
    if load.wait(0) != 0:
        raise load.failure("failed")


def _see_out(server: Server, follower: Follower | None, within_s: float) -> None:
    """Wait for the upgrade's end, for so long at most."""
    deadline_s = now_s() + within_s
    while follower and not follower.ended and now_s() < deadline_s:
        server.processes.check()
        follower.words(now_s())
        time.sleep(LOOK_EVERY_S)


def start_load(server: Server, plan: LoadPlan) -> Process:
    """Start the load side against a server; it writes into the plan's folder."""
    plan.out.mkdir(parents=True, exist_ok=True)
    plan_file = plan.out / PLAN
    plan.write(plan_file)
    return server.processes.start("load", command(plan_file, server.url, plan.out), may_end=True)


def _day_words(scenario: Scenario, time_s: float, progress: dict[str, Any]) -> str:
    clock = scenario.moment_at(time_s).strftime("%H:%M")
    return f"{clock}  waiting {progress.get('waiting', 0)}  cards {progress.get('issued', 0)}"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that another process may not have begun; then it is empty."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content
