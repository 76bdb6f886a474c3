"""Load: days of the lab's offices, played by a fleet of workers against the lab's own server or any other.

Read `run_load` first; what it calls stands below it in the order of the calls. docs/load.md is for those who use it.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.console import Console

from antrean.lab import Lab, Server, now_s, open_lab
from antrean.load_metrics import served
from antrean.load_options import LoadOptions, check, wants_spans
from antrean.load_summary import summarise_load
from antrean.load_table import Board
from antrean.play import measure_capacity
from antrean.processes import Process, Processes
from antrean.runs import Run, machine, new_run
from antrean.steps import Steps
from loadtests.fleet_plan import FleetPlan, master_command, worker_command
from loadtests.fleet_state import FLEET, INTERRUPTED, FleetState, events_file
from loadtests.plan import LoadPlan
from loadtests.record import read_visits
from loadtests.residents import dealt
from model.clock import Clock
from model.compression import all_lab_offices, lab_scenario
from model.events import to_frame
from model.scenario import Scenario
from model.scenario_file import dump
from model.staffing import office_day, plan_offices
from model.strategies import without_upgrade

READY_WITHIN_S = 60.0
GRACE_S = 30.0
"""Wall time that the fleet may take to finish after the day's end."""
STOP_WITHIN_S = 15.0
LOOK_EVERY_S = 0.25


@dataclass(frozen=True)
class Target:
    """The server that is loaded."""

    url: str
    keys_file: Path | None
    residents_file: Path | None
    """Who has a card that can be replaced; None where nobody asks."""
    server: Server | None = None
    """The lab's own, whose events are known; None for another."""


def run_load(name: str, scenario: Scenario, options: LoadOptions, console: Console) -> Run:
    """Play days of a scenario's lab offices and write what was measured; the upgrade is left to `antrean run`.

    Ctrl-C at any moment keeps what was measured until then in the run's folder, and leaves nothing else behind.

    Raises:
        ProcessError: a process of the run failed.
        ValueError: the target may not be loaded, or something asked for cannot be played.
    """
    scenario = without_upgrade(scenario)
    check(scenario, options)
    run = new_run(options.results, name, kind="load")
    meta = {"scenario": name, "seed": scenario.seed, "target": options.target, "machine": machine()}
    run.save_json("meta.json", meta | {"ended": "not yet"})
    run.save_text("scenario.toml", dump(scenario))
    try:
        with _target(run, scenario, options, console) as (target, played):
            run.save_text("lab.toml", dump(played))
            stopped = _play(run, played, target, options, console)
    except BaseException as error:
        run.save_json("meta.json", meta | {"ended": type(error).__name__})
        raise
    run.save_json("meta.json", meta | {"ended": stopped or "complete"})
    return run


@contextmanager
def _target(run: Run, scenario: Scenario, options: LoadOptions, console: Console) -> Iterator[tuple[Target, Scenario]]:
    """Give the server to load, and the scenario in as many offices as fill it."""
    if options.target is not None:
        # With load.peak "real" the capacity plays no part.
        played = lab_scenario(scenario, options.capacity_per_s or 1.0)
        yield Target(options.target.rstrip("/"), options.key_file, options.residents_file), played
        return
    with open_lab(run.logs, options.database_url) as lab:
        with Steps(console) as steps:
            played = _prepare(run, lab, scenario, options, steps)
        printer_s = played.service.printing_s / played.load.speedup
        logins = played.centre.login_s is not None
        with lab.server("load", plan_offices(played), printer_s, logins=logins) as server:
            yield Target(server.url, server.keys_file, server.residents_file(played), server), played


def _prepare(run: Run, lab: Lab, scenario: Scenario, options: LoadOptions, steps: Steps) -> Scenario:
    everywhere = all_lab_offices(scenario)
    with steps.step("Seed the database") as show:
        show(0.0, f"{scenario.centre.residents} residents")
        lab.seed(scenario, plan_offices(everywhere))
    capacity_per_s = options.capacity_per_s
    if capacity_per_s is None:
        with (
            steps.step("Measure capacity") as show,
            lab.server("capacity", plan_offices(everywhere), printer_s_per_card=0.0) as server,
        ):
            scenario_file = run.save_text("capacity.toml", dump(everywhere))
            measured = measure_capacity(server, scenario_file, everywhere, run.part("capacity"), show)
            capacity_per_s = float(measured["capacity_per_s"])
            show(1.0, f"{capacity_per_s:.1f} enrollments a second")
    return lab_scenario(scenario, capacity_per_s)


def _play(run: Run, scenario: Scenario, target: Target, options: LoadOptions, console: Console) -> str | None:
    """Play the day and save it, also when it is interrupted; returns why it ended early, None if it did not."""
    out = run.part("load")
    plan = _plan(run, scenario, target, options, out)
    # More workers than offices, or too few residents, are an error that is told before anything starts.
    plan.shares(scenario)
    dealt(plan.load, scenario)
    plan_file = out / "fleet-plan.json"
    plan.write(plan_file)
    interrupted = False
    with _cleared(out / "workers") as folder, Processes(run.logs) as processes:
        master = processes.start(
            "master",
            master_command(plan_file, options.bind_host, ui=options.ui, otel=wants_spans()),
            may_end=True,
        )
        try:
            _start_workers(processes, master, target, options, folder, console)
            _follow(master, scenario, plan, target, options, console)
        except KeyboardInterrupt:
            interrupted = True
            master.ask_to_stop()
            master.wait(STOP_WITHIN_S)
    return _save(run, scenario, plan, target, interrupted=interrupted)


@contextmanager
def _cleared(folder: Path) -> Iterator[Path]:
    """Give a folder for the workers' own files, which are doubles of what the master has, and clear it away."""
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _plan(run: Run, scenario: Scenario, target: Target, options: LoadOptions, out: Path) -> FleetPlan:
    offices = plan_offices(scenario).values()
    return FleetPlan(
        load=LoadPlan(
            scenario=run.folder / "lab.toml",
            mode="day",
            day=options.day,
            days=options.days,
            replication=options.replication,
            origin_wall_s=0.0,
            origin_scenario_s=min(office_day(scenario, plan.office, options.day).opens_s for plan in offices),
            out=out,
            adapter=options.adapter,
            permitted_host=options.permitted_host,
            residents_file=target.residents_file,
        ),
        target=target.url,
        workers=options.workers + options.expect_workers,
    )


def _start_workers(
    processes: Processes, master: Process, target: Target, options: LoadOptions, folder: Path, console: Console
) -> None:
    port = int(master.expect("port", READY_WITHIN_S))
    for number in range(options.workers):
        own = folder / str(number)
        own.mkdir()
        command = worker_command(
            options.bind_host,
            port,
            keys_file=target.keys_file,
            permitted_host=options.permitted_host,
            folder=own,
            parent=os.getpid(),
            otel=wants_spans(),
        )
        processes.start(f"load worker {number + 1}", command, may_end=True)
    if options.expect_workers:
        permission = f" --i-may-load-this-host {options.permitted_host}" if options.permitted_host else ""
        keys = " --key-file KEYS.json" if target.keys_file else ""
        console.print(
            f"Waiting for {options.expect_workers} workers; on each other machine run:\n"
            f"  antrean load-worker {options.bind_host}:{port}{keys}{permission}",
            soft_wrap=True,
        )
    if options.ui:
        console.print(f"Locust: http://127.0.0.1:{master.expect('ui_port', READY_WITHIN_S)}/?tab=offices")


def _follow(
    master: Process, scenario: Scenario, plan: FleetPlan, target: Target, options: LoadOptions, console: Console
) -> None:
    """Show how the day goes until the master has ended; its page stays until Ctrl-C.

    Raises:
        ProcessError: the master failed, or did not finish after the day's end.
    """
    end_s = plan.load.ends_s(scenario)
    with Board(console, scenario) as board, served(options.metrics_port, board.latest):
        while master.running:
            if target.server:
                target.server.processes.check()
            state = read_state(plan)
            clock = _clock(scenario, plan, state)
            board.show(state, clock)
            if clock and not options.ui and now_s() > clock.to_wall_s(end_s) + GRACE_S:
                raise master.failure("did not finish after the day's end")
            master.wait(LOOK_EVERY_S)
        board.show(state := read_state(plan), _clock(scenario, plan, state))
    if master.wait(0) != 0:
        raise master.failure("failed")


def read_state(plan: FleetPlan) -> FleetState:
    """Return how the fleet stands; before its master has said so, that everybody is missing."""
    try:
        state: FleetState = json.loads((plan.load.out / FLEET).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return FleetState(expected=plan.workers, connected=0, opens_wall_s=None, over=False, workers=[])
    return state


def _clock(scenario: Scenario, plan: FleetPlan, state: FleetState) -> Clock | None:
    if state["opens_wall_s"] is None:
        return None
    return Clock(scenario.load.speedup, state["opens_wall_s"], plan.load.origin_scenario_s)


def _save(run: Run, scenario: Scenario, plan: FleetPlan, target: Target, *, interrupted: bool) -> str | None:
    """Write events.parquet and summary.json; returns why the day ended early, None if it did not."""
    state = read_state(plan)
    stopped = state.get("stopped") or (INTERRUPTED if interrupted and not state["over"] else None)
    frames = [
        to_frame(read_visits(path))
        for index in range(len(state["workers"]))
        if (path := events_file(plan.load.out, index)).exists()
    ]
    clock = _clock(scenario, plan, state)
    if target.server and clock:
        frames.append(target.server.events(clock))
    run.save_json("summary.json", summarise_load(scenario, plan, state, clock, stopped))
    events: pl.DataFrame = pl.concat(frames) if frames else to_frame([])
    run.save_frame("events.parquet", events)
    return stopped


def join(master: str, key_file: Path | None, permitted_host: str | None) -> list[str]:
    """Return the command line with which this machine becomes a worker of the master at HOST:PORT.

    Raises:
        ValueError: the master's address is none.
    """
    host, _, port = master.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"{master!r} is no master's address; antrean load prints it as HOST:PORT")
    return worker_command(host, int(port), keys_file=key_file, permitted_host=permitted_host, otel=wants_spans())
