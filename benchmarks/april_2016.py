"""Which of what is told of April 2016 the model reproduces, and what that depends on: `make april-2016`.

Simulates the nation's days with the upgrade and without it, the same citizens in both, tests each claim of
`benchmarks/april_2016_claims.py`, and varies the guesses of the scenario's `[sensitivity]` in a quick look at some
offices. It can be stopped at any time and goes on with what is missing. Writes results/benchmarks/april-2016.json and
two charts in docs/pictures/, and prints the tables of docs/april-2016.md.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from antrean import sensitivity
from antrean.play import Show
from antrean.replications import Rows, Task, run, workers
from antrean.runs import RESULTS, Run, machine
from antrean.sensitivity_report import plain
from antrean.steps import Steps
from antrean.studies import model_digest
from benchmarks.april_2016_chart import write_charts
from benchmarks.april_2016_claims import CONFIDENCE, NORMAL, UPGRADE, examine, figures_of
from benchmarks.april_2016_figures import MALANG, measure_case
from benchmarks.april_2016_tables import SLOWER_FIGURES, claims_table, figures_table, guesses_table, slower_table
from model.centre import national_centre
from model.choices import with_choices
from model.replicate import interval
from model.scenario import Scenario
from model.scenario_file import dump, load
from model.schedules import every_nth_office, quick_look, schedule

ROOT = Path(__file__).parent.parent
SCHEMA_VERSION = 1
GUESSES_SHARE = 0.05
"""Of the offices, in which the guesses are varied."""
SLOWER = (1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
"""By how much the upgrade may have slowed the centre."""
SLOWER_REPLICATIONS = 5


def simulate_case(
    scenario: Scenario, offices: list[str] | None, replications: int, file: Path, processes: int, show: Show
) -> Rows:
    """Simulate what the file does not hold yet of so many replications of both schedules, and return all rows."""
    base, centre = scenario, national_centre(scenario)
    if offices is not None:
        base, centre = quick_look(scenario, offices)
    rows, days = Rows(file), scenario.scenario.days
    tasks = [
        Task(schedule(base, centre, name), days, number)
        for number in range(replications)
        for name in (NORMAL, UPGRADE)
        if not rows.has(name, number)
    ]
    with workers(processes) as executor:
        for done, (task, figures) in enumerate(run(tasks, executor, measure_case), start=1):
            rows.add(task.schedule.name, task.replication, figures)
            show(done / len(tasks), f"{done} of {len(tasks)} runs of {days} days")
    return rows


def result_of(
    scenario: Scenario,
    rows: Rows,
    replications: int,
    slower: Mapping[str, Rows],
    conclusions: list[sensitivity.Conclusion],
) -> dict[str, Any]:
    """Return what results/benchmarks/april-2016.json holds."""
    figures = {name: figures_of(rows, name, replications) for name in (NORMAL, UPGRADE)}
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": scenario.seed,
        "days": scenario.scenario.days,
        "replications": replications,
        "confidence": CONFIDENCE,
        "claims": {each.claim.name: each.plain() for each in examine(rows, replications)},
        "figures": {
            name: {figure: interval([row[figure] for row in found])._asdict() for figure in found[0]}
            for name, found in figures.items()
        },
        "slower": {
            during: {each: interval(found.values(UPGRADE, each))._asdict() for each in SLOWER_FIGURES}
            for during, found in slower.items()
        },
        "sensitivity": plain(conclusions, sensitivity.asked_of(scenario)),
        "machine": machine(),
    }


def simulate_slower(scenario: Scenario, offices: list[str], folder: Run, processes: int, show: Show) -> dict[str, Rows]:
    """Simulate the case with each of `SLOWER` in place of the scenario's guess, in a quick look at some offices."""
    found = {}
    for number, during in enumerate(SLOWER):
        guessed = with_choices(scenario, {"upgrade.cost.during": during})
        file = folder.part("slower") / f"{during:g}.parquet"
        show(number / len(SLOWER), f"upgrade.cost.during = {during:g}")
        found[f"{during:g}"] = simulate_case(guessed, offices, SLOWER_REPLICATIONS, file, processes, lambda *_: None)
    show(1.0, f"{len(SLOWER)} values")
    return found


def _folder(results: Path, scenario: Scenario, replications_of: str) -> Run:
    """What was simulated by this very model of this very scenario; anything else is simulated anew."""
    digest = hashlib.sha256(f"{model_digest()}{dump(scenario)}{replications_of}".encode()).hexdigest()[:16]
    folder = results / "april-2016-case" / digest
    folder.mkdir(parents=True, exist_ok=True)
    return Run(folder)


def main(
    replications: Annotated[int, typer.Option(min=2, help="Of both schedules.")] = 10,
    offices: Annotated[
        float | None, typer.Option(help="A share of the offices, to see that it works; nothing of it is kept in docs/.")
    ] = None,
    processes: Annotated[int, typer.Option("--workers", min=1)] = os.cpu_count() or 1,
) -> None:
    """Simulate what is missing, then write the results and the charts, and print the tables."""
    scenario, console = load("april-2016"), Console()
    some = every_nth_office(scenario, offices or GUESSES_SHARE)
    with_malang = [MALANG, *(code for code in some if code != MALANG)]
    codes = None if offices is None else with_malang
    begun = _folder(ROOT / RESULTS, scenario, f"{codes}")
    guessed = sensitivity.Options(scenario.scenario.days, some)
    with Steps(console) as steps:
        with steps.step("Simulate the days") as show:
            rows = simulate_case(scenario, codes, replications, begun.folder / "rows.parquet", processes, show)
        with steps.step("Slow the centre more") as show:
            slower = simulate_slower(scenario, with_malang, begun, processes, show)
        with steps.step("Vary the guesses") as show:
            guesses = Run(begun.part("guesses"))
            conclusions = sensitivity.analyse(guesses, scenario, guessed, processes, show)
    result = result_of(scenario, rows, replications, slower, conclusions)
    # A quick look must not stand where the nation does.
    to, pictures = ROOT / RESULTS / "benchmarks", ROOT / "docs" / "pictures"
    if offices is not None:
        to = pictures = begun.folder
    (to / "april-2016.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    write_charts(result, conclusions, sensitivity.asked_of(scenario), pictures)
    print(claims_table(result), figures_table(result), slower_table(result), guesses_table(result), sep="\n\n")


if __name__ == "__main__":
    typer.run(main)
