"""The capacity search from end to end: a rough guess by closed load, then rates offered one after the other.

results/<scenario>/capacity-<run>/ holds
steps.parquet      a row a step: `antrean.offer.Step`       backlog.parquet   each step's backlog, second by second
step-<n>/          what the load side wrote itself          guess/            the same of the closed load
meta.json, scenario.toml, logs/                             as in every run's folder
summary.json       the knee, the fitted law, warnings       report.html       for people
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from antrean.capacity_report import write_capacity_report
from antrean.knee import knee, next_rate
from antrean.lab import Lab, open_lab
from antrean.offer import Step, offer
from antrean.play import Show, measure_capacity
from antrean.runs import Run, machine, new_run
from antrean.scalability import fit
from antrean.steps import Steps
from antrean.verdict import Verdict
from loadtests.walk_ins import offered_shares
from model.compression import all_lab_offices, quick
from model.scenario import Scenario
from model.scenario_file import dump
from model.scenario_file import load as load_scenario
from model.staffing import plan_offices
from model.strategies import changed

SCHEMA_VERSION = 1
KIND = "capacity"
SUMMARY, META, SCENARIO, STEPS, BACKLOG = (
    "summary.json", "meta.json", "scenario.toml", "steps.parquet", "backlog.parquet",
)  # fmt: skip
SECONDS_HEADROOM = 5.0
"""Standard deviations of a Poisson count: the busiest second of a rate, which must keep to `[load] max_rate`."""


@dataclass(frozen=True)
class SearchOptions:
    """What a search is asked for besides its scenario."""

    results: Path
    quick: bool = False
    database_url: str | None = None
    resume: bool = False
    enrollments_only: bool = False
    """Offer enrollments, whatever the scenario's mix."""


@dataclass
class Search:
    """What a search knows so far; written to the run's folder after every step."""

    scenario: Scenario
    guess_per_s: float | None = None
    """What closed load got through; the first rates are shares of it."""
    steps: list[Step] = field(default_factory=list)
    backlogs: list[pl.DataFrame] = field(default_factory=list)

    @property
    def next_per_s(self) -> float | None:
        """The rate to offer next; None when there is no more to find."""
        if self.guess_per_s is None:
            return None
        capacity, highest_per_s = self.scenario.capacity, highest_rate(self.scenario.load.max_rate_per_s)
        return next_rate(judgements(self.steps), self.guess_per_s, capacity.resolution, highest_per_s)


def judgements(steps: list[Step]) -> dict[float, Verdict]:
    """Return each rate's verdict."""
    return {step.rate_per_s: Verdict(step.verdict) for step in steps}


def highest_rate(max_rate_per_s: float) -> float:
    """Return the highest rate of a Poisson process none of whose seconds is likely to exceed `max_rate_per_s`.

    The root of r + 5 sqrt(r) = max_rate.
    """
    root = (math.sqrt(SECONDS_HEADROOM**2 + 4 * max_rate_per_s) - SECONDS_HEADROOM) / 2
    return root * root


def search_capacity(name: str, scenario: Scenario, options: SearchOptions, console: Console) -> Run:
    """Search the highest sustained rate of the scenario's mix, or of enrollments only, and write the report.

    Ctrl-C at any moment keeps the finished steps; with `options.resume` the search goes on after them.

    Raises:
        ProcessError: a process of the search failed.
        ValueError: there is nothing to resume, or not on this machine; or the mix cannot be offered.
    """
    run, search = _resumed(name, options) if options.resume else _new(name, scenario, options)
    meta = run.load_json(META)
    run.save_json(META, meta | {"ended": "not yet"})
    try:
        with Steps(console) as steps, open_lab(run.logs, options.database_url) as lab:
            _search(run, lab, search, steps)
    except BaseException as error:
        run.save_json(META, meta | {"ended": type(error).__name__})
        _save(run, search)
        raise
    run.save_json(META, meta | {"ended": "complete"})
    _save(run, search)
    return run


def _new(name: str, scenario: Scenario, options: SearchOptions) -> tuple[Run, Search]:
    played = all_lab_offices(quick(scenario) if options.quick else scenario)
    if options.quick:
        played = played.model_copy(update={"capacity": played.capacity.coarser()})
    if options.enrollments_only:
        played = changed(played, {"demand": {"mix": None}})
    # A mix of which the version offers nothing is an error that is told before anything starts.
    offered_shares(played)
    run = new_run(options.results, name, KIND)
    meta = {"scenario": name, "quick": options.quick, "seed": scenario.seed, "machine": machine()}
    run.save_json(META, meta | {"ended": "not yet"})
    run.save_text(SCENARIO, dump(played))
    return run, Search(played)


def _resumed(name: str, options: SearchOptions) -> tuple[Run, Search]:
    """Open the latest search of the scenario that did not come to its end."""
    folders = sorted((options.results / name).glob(f"{KIND}-*"), reverse=True)
    runs = [Run(folder) for folder in folders if (folder / META).exists()]
    run = next((run for run in runs if run.load_json(META)["ended"] != "complete"), None)
    if run is None:
        raise ValueError(f"{options.results / name} has no interrupted capacity search; start one without --resume")
    before, here = run.load_json(META)["machine"], machine()
    if [before[key] for key in ("cores", "processor")] != [here[key] for key in ("cores", "processor")]:
        raise ValueError(f"{run.folder} was begun on another machine ({before['processor']}); start anew here")
    search = Search(load_scenario(str(run.folder / SCENARIO)))
    if (run.folder / SUMMARY).exists():
        search.guess_per_s = run.load_json(SUMMARY)["guess_per_s"]
    if (run.folder / STEPS).exists():
        search.steps = [Step(**row) for row in pl.read_parquet(run.folder / STEPS).to_dicts()]
        search.backlogs = [pl.read_parquet(run.folder / BACKLOG)]
    return run, search


def _search(run: Run, lab: Lab, search: Search, steps: Steps) -> None:
    """Guess, then offer rates until the knee is found."""
    scenario = search.scenario
    with steps.step("Seed the database") as show:
        show(0.0, f"{scenario.centre.residents} residents")
        lab.seed(scenario, plan_offices(scenario))
    if search.guess_per_s is None:
        with steps.step("Guess by closed load") as show:
            search.guess_per_s = _guess(run, lab, scenario, show)
            show(1.0, f"{search.guess_per_s:.1f} enrollments a second")
        _save(run, search)
    while (rate_per_s := search.next_per_s) is not None:
        with steps.step(f"Offer {rate_per_s:.1f} a second") as show:
            step = _offer(run, lab, search, rate_per_s, show)
            show(1.0, step_words(step))
        _save(run, search)


def _guess(run: Run, lab: Lab, scenario: Scenario, show: Show) -> float:
    show(0.0, "starting the server")
    with lab.server("guess", plan_offices(scenario), printer_s_per_card=0.0) as server:
        found = measure_capacity(server, run.folder / SCENARIO, scenario, run.part("guess"), show)
    return float(found["capacity_per_s"])


def _offer(run: Run, lab: Lab, search: Search, rate_per_s: float, show: Show) -> Step:
    show(0.0, "starting the server")
    number = len(search.steps) + 1
    out = run.part(f"step-{number}")
    plans = plan_offices(search.scenario)
    with lab.server(f"step-{number}", plans, printer_s_per_card=0.0) as server:
        offered = offer(server, run.folder / SCENARIO, search.scenario, number, rate_per_s, out, show)
    search.steps.append(offered.step)
    search.backlogs.append(offered.backlog.select(pl.lit(number, dtype=pl.Int64).alias("step"), pl.all()))
    return offered.step


def step_words(step: Step) -> str:
    """Say in a line what a step has shown."""
    why = f" ({step.broken})" if step.broken else ""
    return f"{step.verdict}{why}: {step.throughput_per_s:.1f}/s, p95 {step.p95_s:.2f} s, {step.measured_s:.0f} s"


def _save(run: Run, search: Search) -> None:
    """Write what is known so far."""
    if search.steps:
        pl.DataFrame(search.steps, schema=list(Step._fields), orient="row").write_parquet(run.folder / STEPS)
        pl.concat(search.backlogs).write_parquet(run.folder / BACKLOG)
    run.save_json(SUMMARY, summarise(search))
    if search.steps:
        write_capacity_report(run)


def summarise(search: Search) -> dict[str, Any]:
    """Bring the steps together: the knee, the law, and what a reader must know before believing them."""
    found = knee(judgements(search.steps))
    law, why_not = _law(search.steps)
    return {
        "schema_version": SCHEMA_VERSION,
        "offered": {str(errand): share for errand, share in offered_shares(search.scenario).items()},
        "guess_per_s": search.guess_per_s,
        "knee_per_s": found.low_per_s,
        "interval_per_s": [found.low_per_s, found.high_per_s],
        "confidence": search.scenario.capacity.confidence,
        "complete": search.guess_per_s is not None and search.next_per_s is None,
        "scalability": law,
        "no_scalability": why_not,
        "warnings": warnings(search),
    }


def _law(steps: list[Step]) -> tuple[dict[str, Any] | None, str | None]:
    try:
        fitted = fit([step.inside for step in steps], [step.throughput_per_s for step in steps])
    except (ValueError, RuntimeError) as error:
        return None, str(error)
    return fitted._asdict() | {"peak": fitted.peak}, None


def warnings(search: Search) -> list[str]:
    """Say what stands in the way of believing the result."""
    found = knee(judgements(search.steps))
    told = []
    if search.steps and found.low_per_s is None:
        told.append("No rate that was offered is sustained; look at which limit they break.")
    if search.steps and found.high_per_s is None:
        told.append(
            "No rate that was offered is exceeded, so the knee is only known to lie higher. Raise load.max_rate."
        )
    if found.contradicted:
        rates = ", ".join(f"{rate:.1f}" for rate in found.contradicted)
        told.append(f"{rates}/s was sustained although a lower rate was exceeded: the machine was not always alike.")
    lagging = [f"{step.rate_per_s:.1f}" for step in search.steps if not step.valid_for_latency]
    if lagging:
        told.append(f"The load generator lagged at {', '.join(lagging)}/s: no latency of these steps is valid.")
    return told
