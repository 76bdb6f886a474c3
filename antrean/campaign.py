"""A campaign, the main job from end to end: measure the lab's days, calibrate and validate the twin, then the nation's.

A normal day is compared with another: the upgrade day, which has the scenario's faults too, or a day with faults alone;
a scenario that has neither is played on its own. The simulation knows no faults, so without an upgrade there are
simulated normal days only. A second normal day, with other citizens, is what the twin has to predict without having
seen it.

Read `run_campaign` first; what it calls stands below it in the order of the calls.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from antrean.calibrated_server import estimates
from antrean.calibration.calibration_file import Calibration
from antrean.calibration.calibration_report import summary_of
from antrean.extrapolation import nation_of
from antrean.gate.run_cost import COST, CostMeter
from antrean.held_out import AFTERNOON, SECOND_DAY, HeldOut
from antrean.lab import Lab, open_lab
from antrean.national import Prediction, national_figures
from antrean.play import Show, measure_capacity, play_day
from antrean.prediction import CALIBRATION, QUICK, THOROUGH, Effort, calibrate_run, predict, validate_run
from antrean.processes import Processes, python_module
from antrean.report import write_report
from antrean.runs import Run, machine, new_run
from antrean.steps import Steps
from antrean.summary import first_days, summarise
from antrean.upgrade_day import UpgradeTimes
from antrean.validation.validate import DayValidated
from model.compression import all_lab_offices, lab_scenario, quick
from model.scenario import Scenario
from model.scenario_file import dump
from model.staffing import plan_offices
from model.strategies import without_faults, without_upgrade
from model.upgrade_cost import NO_SIGNALS, Signals

NORMAL, SECOND, UPGRADE, FAULTS = "normal", "second", "upgrade", "faults"


@dataclass(frozen=True)
class Options:
    """What a campaign is asked for besides its scenario."""

    results: Path
    quick: bool = False
    database_url: str | None = None
    keep_seed: Path | None = None
    """A folder in which seeded databases stay for the next run."""

    @property
    def held_out(self) -> HeldOut:
        """What the calibration does not see."""
        return AFTERNOON if self.quick else SECOND_DAY

    @property
    def effort(self) -> Effort:
        """How much is simulated."""
        return QUICK if self.quick else THOROUGH


@dataclass
class Findings:
    """What a campaign knows so far; written to the run's folder whenever something is added."""

    capacity: dict[str, Any] = field(default_factory=dict)
    load: dict[str, dict[str, Any]] = field(default_factory=dict)
    upgrade: UpgradeTimes | None = None
    signals: Signals = NO_SIGNALS
    """Of the upgrade day."""
    calibration: Calibration | None = None
    prediction: Prediction | None = None
    nation_days: int = 0


def run_campaign(name: str, scenario: Scenario, options: Options, console: Console) -> Run:
    """Run a scenario through lab, twin and nation, and write its report.

    Ctrl-C at any moment keeps what was measured until then in the run's folder, and leaves nothing else behind.

    Raises:
        ProcessError: a process of the run failed.
    """
    scenario = quick(scenario) if options.quick else scenario
    run = new_run(options.results, name)
    meta = {"scenario": name, "quick": options.quick, "seed": scenario.seed, "machine": machine()}
    run.save_json("meta.json", meta | {"ended": "not yet"})
    run.save_text("scenario.toml", dump(scenario))
    findings = Findings()
    try:
        with Steps(console) as steps:
            lab = _measure(run, scenario, options, findings, steps)
            validated = _predict_lab(run, lab, options, findings, steps)
            _simulate_nation(run, scenario, findings, 1 if options.quick else scenario.scenario.days, steps)
            _weigh_nation(scenario, validated, options, findings, steps)
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
    """Measure capacity, a normal day, the other day, and a second normal day if there is time for one.

    Returns the lab's scenario that the capacity led to.
    """
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
        usual = without_faults(without_upgrade(played))
        with steps.step("Normal day") as show:
            _play(run, lab, NORMAL, usual, findings, show)
        if played.upgrade or played.faults:
            other = UPGRADE if played.upgrade else FAULTS
            with steps.step(f"{other.capitalize()} day") as show:
                _play(run, lab, other, played, findings, show)
        if options.held_out == SECOND_DAY:
            with steps.step("Second normal day") as show:
                _play(run, lab, SECOND, usual, findings, show, replication=1)
    return played


def _capacity(run: Run, lab: Lab, scenario: Scenario, show: Show) -> dict[str, Any]:
    show(0.0, "starting the server")
    with lab.server("capacity", plan_offices(scenario), printer_s_per_card=0.0) as server:
        scenario_file = run.save_text("capacity.toml", dump(scenario))
        return measure_capacity(server, scenario_file, scenario, run.part("capacity") / "load", show)


def _play(
    run: Run, lab: Lab, day: str, scenario: Scenario, findings: Findings, show: Show, replication: int = 0
) -> None:
    """Play one day on a fresh server and keep what it showed, also when it is interrupted."""
    show(0.0, "starting the server")
    plans = plan_offices(scenario)
    printer_s = scenario.service.printing_s / scenario.load.speedup
    scenario_file = run.save_text(f"lab-{day}.toml", dump(scenario))
    with lab.server(day, plans, printer_s, logins=scenario.centre.login_s is not None) as server:
        meter, out = CostMeter(server.database_url, server.processes.pids()), run.part(f"lab-{day}") / "load"
        played = play_day(server, scenario_file, scenario, out, show, replication=replication)
        run.save_json(f"lab-{day}/{COST}", meter.cost(played.events, out)._asdict())
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


def _predict_lab(run: Run, lab: Scenario, options: Options, findings: Findings, steps: Steps) -> DayValidated:
    """Calibrate the twin from the measured days, and hold it against the hours that it has not seen; returns these."""
    held_out, upgraded = options.held_out, lab.upgrade is not None
    with steps.step("Calibrate the twin") as show:
        show(0.0, "fitting")
        findings.calibration = calibrate_run(run, held_out, upgraded=upgraded, seed=lab.seed)
        show(1.0, f"{CALIBRATION}, {findings.calibration.number_of_draws} draws")
    with steps.step("Simulate the same days") as show:
        replications = options.effort.replications
        days = validate_run(
            run, findings.calibration, held_out, upgraded=upgraded, replications=replications, show=show
        )
        show(1.0, f"{replications} replications of each")
        _save(run, findings)
    return days[0]


def _simulate_nation(run: Run, scenario: Scenario, findings: Findings, days: int, steps: Steps) -> None:
    """Simulate all 514 offices at full scale with the calibrated centre; with and without the upgrade at a time."""
    if findings.calibration is None:
        raise ValueError("the nation is simulated with a calibrated centre; calibrate first")
    nation = nation_of(scenario, findings.calibration, estimates(findings.calibration))
    run.save_text("nation.toml", dump(nation))
    with steps.step("Simulate the nation") as show, Processes(run.logs) as processes:
        jobs, cases = {}, {NORMAL: ["--without-upgrade"]} | ({UPGRADE: []} if nation.upgrade else {})
        for day, without in cases.items():
            out = run.part(f"nation-{day}") / "events.parquet"
            arguments = ["simulate", str(run.folder / "nation.toml"), "--with", str(run.folder / CALIBRATION)]
            arguments += ["--days", str(days), "--events", str(out)]
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


def _weigh_nation(
    scenario: Scenario, validated: DayValidated, options: Options, findings: Findings, steps: Steps
) -> None:
    """Say of the nation's figures what the validation and the calibration's own uncertainty leave of them."""
    if findings.calibration is None:
        raise ValueError("what a calibration leaves open can only be said of one; calibrate first")
    draws = options.effort.draws
    with steps.step("Vary the calibration") as show:
        findings.prediction = predict(scenario, findings.calibration, validated, options.held_out, draws, show)
        show(1.0, f"{draws} draws in {findings.prediction.offices} offices")


def _save(run: Run, findings: Findings) -> None:
    """Write what is known so far: the measures of every part that has events."""
    summary = summarise(
        run,
        capacity=findings.capacity,
        load=findings.load,
        upgrade=findings.upgrade._asdict() if findings.upgrade else None,
        calibration=summary_of(findings.calibration) if findings.calibration else None,
        nation_days=findings.nation_days,
        signals=findings.signals,
    )
    if findings.prediction:
        summary["national"] = national_figures(first_days(summary), summary["focus"], findings.prediction)
    run.save_json("summary.json", summary)
