"""Playing: a lab day, or the search for the server's capacity, played by Locust against a running mock server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import psycopg

from antrean.lab import Server, now_s
from antrean.processes import Process
from loadtests.plan import LoadPlan, command
from loadtests.record import read_events
from model.clock import Clock
from model.events import to_frame
from model.nation import horizon_s
from model.scenario import Scenario
from model.staffing import office_day, plan_offices

LEAD_S = 5.0
"""Wall time between starting the load side and the first moment played: its operators must be ready by then."""
UPGRADE_LEAD_S = 0.8
"""Wall time between starting the upgrade's program and its first work."""
GRACE_S = 30.0
"""Wall time that the load side may take to finish after a day's end."""
LOOK_EVERY_S = 0.25

Show = Callable[[float, str], None]
"""Is told how much of a step is done (0 to 1), and what is happening."""


class UpgradeTimes(NamedTuple):
    """When the upgrade really worked, in seconds since the scenario's start."""

    start_s: float
    end_s: float | None
    """None while it has not ended."""
    phases: tuple[tuple[str, float, float | None], ...]
    """Each phase's name, start and end."""


class Played(NamedTuple):
    """A day as it was measured."""

    events: pl.DataFrame
    """StageEvents of load side and server together."""
    upgrade: UpgradeTimes | None
    load_summary: dict[str, Any]
    upgrade_error: str | None
    """What the upgrade said when it failed."""
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


def play_day(server: Server, scenario_file: Path, scenario: Scenario, out: Path, show: Show) -> Played:
    """Play day 0 of a lab scenario, with its upgrade if it has one.

    Stopping it by KeyboardInterrupt still returns what was measured, marked incomplete.

    Raises:
        ProcessError: the load side or a process of the server failed.
    """
    clock = day_clock(scenario, now_s() + LEAD_S)
    plan = LoadPlan(
        scenario=scenario_file,
        mode="day",
        out=out,
        keys_file=server.keys_file,
        origin_wall_s=clock.origin_wall_s,
        origin_scenario_s=clock.origin_scenario_s,
    )
    load = start_load(server, plan)
    complete, upgrade_error = True, None
    try:
        upgrade_error = _follow(server, scenario, clock, load, out, show)
    except KeyboardInterrupt:
        complete = False
        load.ask_to_stop()
        load.wait(GRACE_S)
    return Played(
        events=pl.concat([to_frame(read_events(out)), server.events(clock)]),
        upgrade=_upgrade_times(server, clock) if scenario.upgrade else None,
        load_summary=read_json(out / "summary.json"),
        upgrade_error=upgrade_error,
        complete=complete,
    )


def day_clock(scenario: Scenario, wall_s: float) -> Clock:
    """Return the clock of a lab day that begins at `wall_s`: with the first door, or with the upgrade before it."""
    moments_s = [office_day(scenario, plan.office, 0).opens_s for plan in plan_offices(scenario).values()]
    if scenario.upgrade:
        moments_s.append(scenario.seconds_at(scenario.upgrade.start))
    first_s = min(moments_s)
    return Clock(scenario.load.speedup, origin_wall_s=wall_s, origin_scenario_s=first_s)


def _follow(server: Server, scenario: Scenario, clock: Clock, load: Process, out: Path, show: Show) -> str | None:
    """Start the upgrade at its hour and report progress until the load side has ended.

    Returns what went wrong with the upgrade: the day goes on without it, as it would.
    """
    begin_s, end_s = clock.origin_scenario_s, horizon_s(scenario, plan_offices(scenario), 1)
    upgrade_at_s = scenario.seconds_at(scenario.upgrade.start) if scenario.upgrade else None
    upgrade: Process | None = None
    said = ""
    while load.running:
        server.processes.check()
        time_s = clock.to_scenario_s(now_s())
        if upgrade is None and upgrade_at_s is not None and now_s() >= clock.to_wall_s(upgrade_at_s) - UPGRADE_LEAD_S:
            upgrade = server.start_upgrade(scenario)
        if upgrade is not None:
            said = _upgrade_words(upgrade) or said
        progress = read_json(out / "progress.json")
        show(min(1.0, max(0.0, (time_s - begin_s) / (end_s - begin_s))), _day_words(scenario, time_s, progress) + said)
        if now_s() > clock.to_wall_s(end_s) + GRACE_S:
            raise load.failure("did not finish after the day's end")
        load.wait(LOOK_EVERY_S)
    if load.wait(0) != 0:
        raise load.failure("failed")
    failed = upgrade is not None and not upgrade.running and upgrade.wait(0) != 0
    return str(upgrade.failure("failed")) if upgrade is not None and failed else None


def start_load(server: Server, plan: LoadPlan) -> Process:
    """Start the load side against a server; it writes into the plan's folder."""
    plan.out.mkdir(parents=True, exist_ok=True)
    plan_file = plan.out / "plan.json"
    plan.write(plan_file)
    return server.processes.start("load", command(plan_file, server.url, plan.out), may_end=True)


def _day_words(scenario: Scenario, time_s: float, progress: dict[str, Any]) -> str:
    clock = scenario.moment_at(time_s).strftime("%H:%M")
    return f"{clock}  waiting {progress.get('waiting', 0)}  cards {progress.get('issued', 0)}"


def _upgrade_words(upgrade: Process) -> str:
    messages = [message for message in upgrade.messages() if message.get("phase")]
    if not upgrade.running:
        return "  upgraded" if upgrade.wait(0) == 0 else "  upgrade failed"
    if not messages:
        return ""
    last = messages[-1]
    total = last.get("rows_total") or 0
    share = f" {100 * last.get('rows_done', 0) // total} %" if total else ""
    return f"  upgrade: {last['phase']}{share}"


def _upgrade_times(server: Server, clock: Clock) -> UpgradeTimes | None:
    query = "SELECT phase, started_at, finished_at FROM upgrades ORDER BY started_at"
    with psycopg.connect(server.database_url) as connection:
        rows = connection.execute(query).fetchall()
    if not rows:
        return None
    phases = tuple(
        (phase, clock.to_scenario_s(start), None if end is None else clock.to_scenario_s(end))
        for phase, start, end in rows
    )
    done = phases[-1][0] == "switch" and phases[-1][2] is not None
    return UpgradeTimes(start_s=phases[0][1], end_s=phases[-1][2] if done else None, phases=phases)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that another process may not have begun; then it is empty."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content
