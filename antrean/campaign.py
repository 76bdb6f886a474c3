"""A campaign, the main job from end to end: measure the lab's days, simulate the same days, then the nation's.

A normal day is compared with another: the upgrade day, which has the scenario's faults too, or a day with faults alone.
The simulation knows no faults, so without an upgrade there are simulated normal days only.

Read `run_campaign` first; what it calls stands below it in the order of the calls.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from antrean.gate.run_cost import COST, CostMeter
from antrean.lab import Lab, open_lab, worker_count
from antrean.play import Show, measure_capacity, play_day
from antrean.processes import Processes, python_module
from antrean.report import write_report
from antrean.runs import Run, machine, new_run
from antrean.steps import Steps
from antrean.summary import summarise
from antrean.twin import Calibration, calibrate, calibrate_upgrade, calibrated, lab_centre, lab_periods, standstill_s
from antrean.upgrade_day import UpgradeTimes
from model.compression import all_lab_offices, lab_scenario, quick
from model.nation import simulate
from model.periods import scheduled_periods
from model.scenario import Scenario
from model.scenario_file import dump
from model.staffing import plan_offices
from model.strategies import without_faults, without_upgrade
from model.upgrade_cost import NO_SIGNALS, Signals

NORMAL, UPGRADE, FAULTS = "normal", "upgrade", "faults"


@dataclass(frozen=True)
class Options:
    """What a campaign is asked for besides its scenario."""

    results: Path
    quick: bool = False
    database_url: str | None = None
    keep_seed: Path | None = None
    """A folder in which seeded databases stay for the next run."""


@dataclass
class Findings:
    """What a campaign knows so far; written to the run's folder whenever something is added."""

    capacity: dict[str, Any] = field(default_factory=dict)
    load: dict[str, dict[str, Any]] = field(default_factory=dict)
    upgrade: UpgradeTimes | None = None
    signals: Signals = NO_SIGNALS
    """Of the upgrade day."""
    calibration: Calibration | None = None
    nation_days: int = 0


def run_campaign(name: str, scenario: Scenario, options: Options, console: Console) -> Run:
    """Run a scenario that has an upgrade or faults through lab, twin and nation, and write its report.

    Ctrl-C at any moment keeps what was measured until then in the run's folder, and leaves nothing else behind.

    Raises:
        ProcessError: a process of the run failed.
        ValueError: the scenario has neither, and so no day to compare with.
    """
    if scenario.upgrade is None and not scenario.faults:
        raise ValueError(
            f"scenario {name} has no [upgrade] and no [[faults]]; there is no other day to compare a normal day with"
        )
    scenario = quick(scenario) if options.quick else scenario
    run = new_run(options.results, name)
    meta = {"scenario": name, "quick": options.quick, "seed": scenario.seed, "machine": machine()}
    run.save_json("meta.json", meta | {"ended": "not yet"})
    run.save_text("scenario.toml", dump(scenario))
    findings = Findings()
    try:
        with Steps(console) as steps:
            lab = _measure(run, scenario, options, findings, steps)
            _simulate_lab(run, lab, findings, steps)
            _simulate_nation(run, scenario, findings, 1 if options.quick else scenario.scenario.days, steps)
            with steps.step("Report") as show:
                _save(run, findings)
                show(0.5, "drawing charts")
                show(1.0, str(write_report(run)))
    except BaseException as error:
        run.save_json("meta.json", meta | {"ended": type(error).__name__})
        _save(run, findings)
        raise
    run.save_json("meta.json", meta | {"ended": "complete"})
    return run


def _measure(run: Run, scenario: Scenario, options: Options, findings: Findings, steps: Steps) -> Scenario:
    """Measure capacity, a normal day and the other day; returns the lab's scenario that the capacity led to."""
    with open_lab(run.logs, options.database_url, options.keep_seed) as lab:
        with steps.step("Seed the database") as show:
            everywhere = all_lab_offices(scenario)
            show(0.0, f"{scenario.centre.residents} residents")
            seeded = lab.seed(scenario, plan_offices(everywhere))
            show(1.0, f"{scenario.centre.residents} residents, {'seeded' if seeded else 'reused'}")
        with steps.step("Measure capacity") as show:
            findings.capacity = _capacity(run, lab, everywhere, show)
            show(1.0, f"{findings.capacity['capacity_per_s']:.1f} enrollments a second")
        played = lab_scenario(scenario, findings.capacity["capacity_per_s"])
        run.save_text("lab.toml", dump(played))
        with steps.step("Normal day") as show:
            _play(run, lab, NORMAL, without_faults(without_upgrade(played)), findings, show)
        other = UPGRADE if played.upgrade else FAULTS
        with steps.step(f"{other.capitalize()} day") as show:
            _play(run, lab, other, played, findings, show)
    return played


def _capacity(run: Run, lab: Lab, scenario: Scenario, show: Show) -> dict[str, Any]:
    show(0.0, "starting the server")
    with lab.server("capacity", plan_offices(scenario), printer_s_per_card=0.0) as server:
        scenario_file = run.save_text("capacity.toml", dump(scenario))
        return measure_capacity(server, scenario_file, scenario, run.part("capacity") / "load", show)


def _play(run: Run, lab: Lab, day: str, scenario: Scenario, findings: Findings, show: Show) -> None:
    """Play one day on a fresh server and keep what it showed, also when it is interrupted."""
    show(0.0, "starting the server")
    plans = plan_offices(scenario)
    printer_s = scenario.service.printing_s / scenario.load.speedup
    scenario_file = run.save_text(f"lab-{day}.toml", dump(scenario))
    with lab.server(day, plans, printer_s) as server:
        meter, load = CostMeter(server.database_url, server.processes.pids()), run.part(f"lab-{day}") / "load"
        played = play_day(server, scenario_file, scenario, load, show)
        run.save_json(f"lab-{day}/{COST}", meter.cost(played.events, load)._asdict())
    run.save_events(f"lab-{day}", played.events)
    if played.faults:
        run.save_json(f"lab-{day}/faults.json", played.faults.as_json())
    findings.load[f"lab-{day}"] = played.load_summary
    findings.upgrade = played.upgrade or findings.upgrade
    if day == UPGRADE:
        findings.signals = played.signals
    _save(run, findings)
    if not played.complete:
        raise KeyboardInterrupt


def _simulate_lab(run: Run, lab: Scenario, findings: Findings, steps: Steps) -> None:
    """Calibrate the twin from the measured days and simulate the same citizens on the same days."""
    speedup = lab.load.speedup
    with steps.step("Simulate the same days") as show:
        normal = run.load_events(f"lab-{NORMAL}")
        calibration = calibrate(normal, findings.capacity["capacity_per_s"], worker_count(), speedup)
        days = {NORMAL: (without_upgrade(lab), scheduled_periods(without_upgrade(lab)))}
        if lab.upgrade:
            upgraded = run.load_events(f"lab-{UPGRADE}")
            began_s = findings.upgrade.start_s if findings.upgrade else math.inf
            still_s = standstill_s(upgraded, lab)
            calibration = calibrate_upgrade(
                calibration, normal, upgraded, began_s, still_s or (math.inf, math.inf), speedup
            )
            days[UPGRADE] = (lab, lab_periods(lab, calibration, began_s, still_s))
        findings.calibration = calibration
        for number, (day, (scenario, periods)) in enumerate(days.items()):
            show(number / len(days), f"twin of the {day} day")
            run.save_events(f"twin-{day}", simulate(scenario, lab_centre(calibration, speedup, periods), days=1))
        show(1.0, f"{normal['citizen'].n_unique()} citizens a day")
        _save(run, findings)


def _simulate_nation(run: Run, scenario: Scenario, findings: Findings, days: int, steps: Steps) -> None:
    """Simulate all 514 offices at full scale with the calibrated centre; with and without the upgrade at a time."""
    if findings.calibration is None:
        raise ValueError("the nation is simulated with a calibrated centre; calibrate first")
    nation = calibrated(scenario, findings.calibration)
    run.save_text("nation.toml", dump(nation))
    with steps.step("Simulate the nation") as show, Processes(run.logs) as processes:
        jobs, cases = {}, {NORMAL: ["--without-upgrade"]} | ({UPGRADE: []} if nation.upgrade else {})
        for day, without in cases.items():
            out = run.part(f"nation-{day}") / "events.parquet"
            arguments = ["simulate", str(run.folder / "nation.toml"), "--days", str(days), "--events", str(out)]
            jobs[day] = processes.start(
                f"nation {day}", python_module("antrean", *arguments, "--json", *without), may_end=True
            )
        done = dict.fromkeys(jobs, 0.0)
        while any(job.running for job in jobs.values()):
            for day, job in jobs.items():
                done[day] = max([done[day], *(message.get("done", 0.0) for message in job.messages())])
                job.wait(0.1)
            show(
                sum(done.values()) / len(done),
                f"{days} day{'s' if days > 1 else ''}, 514 offices{', twice' if len(jobs) > 1 else ''}",
            )
        for job in jobs.values():
            if job.wait(0) != 0:
                raise job.failure("failed")
        findings.nation_days = days


def _save(run: Run, findings: Findings) -> None:
    """Write what is known so far: the measures of every part that has events."""
    run.save_json(
        "summary.json",
        summarise(
            run,
            capacity=findings.capacity,
            load=findings.load,
            upgrade=findings.upgrade._asdict() if findings.upgrade else None,
            calibration=findings.calibration._asdict() if findings.calibration else None,
            nation_days=findings.nation_days,
            signals=findings.signals,
        ),
    )
