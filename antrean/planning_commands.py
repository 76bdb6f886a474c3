"""What planners ask on the command line: which schedule is the best, and which could be better."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from antrean import optimise as search
from antrean import sensitivity as guesses
from antrean.advice import advice
from antrean.compare import begin, resume
from antrean.compare import compare as compare_schedules
from antrean.compare_report import ranking_table, save_comparison
from antrean.experiment import Experiment
from antrean.runs import RESULTS, Run
from antrean.sensitivity_report import effects_table, save_sensitivity, sentence
from antrean.steps import Steps
from model import scenario_file
from model.performance import performance
from model.scenario import Scenario
from model.schedules import every_nth_office

EXIT_INTERRUPTED = 130
ScenarioName = Annotated[str, typer.Argument(help="A shipped scenario's name, or the path of a .toml file.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that simulate at the same time.")]
Offices = Annotated[
    str | None, typer.Option(help="For a quick look: a share of them such as 0.1, or codes with commas between.")
]
Results = Annotated[Path, typer.Option(help="Folder of the results.")]
CORES = os.cpu_count() or 1


def compare(
    scenario: ScenarioName = "april-2016",
    strategies: Annotated[
        str | None,
        typer.Option(help="Names with commas between; a+b applies both. Else every one that changes something."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=14, help="Days; else the scenario's own number.")] = None,
    replications: Annotated[
        str | None, typer.Option(help="MIN..MAX of each schedule; as many as the precision needs. Else 5..30.")
    ] = None,
    measure: Annotated[str | None, typer.Option(help="What the ranking goes by; else wait_p95.")] = None,
    confidence: Annotated[float | None, typer.Option(help="Of intervals and selection; else 0.95.")] = None,
    precision: Annotated[
        float | None, typer.Option(help="Half-width of every mean, as a share of it, to be reached; else 0.05.")
    ] = None,
    indifference: Annotated[
        str | None, typer.Option(help='The smallest difference that matters: "5 min", 20, 0.01; else 5 % of as-is.')
    ] = None,
    offices: Offices = None,
    resume_folder: Annotated[
        Path | None, typer.Option("--resume", help="Continue the interrupted comparison in this folder.")
    ] = None,
    workers: Workers = CORES,
    results: Results = RESULTS,
) -> None:
    """Rank schedules: simulate each with the same citizens until it is clear which is the best."""
    console = Console()
    played = scenario_file.load(scenario)
    asked: dict[str, Any] = {
        "schedules": strategies.split(",") if strategies else None,
        "days": days,
        "offices": _offices(played, offices),
        "measure": measure,
        "confidence": confidence,
        "precision": precision,
        **_range(replications),
    }
    given = _given(asked)
    if indifference is not None:
        given["indifference"] = performance(measure or DEFAULTS.measure).unit.parse(indifference)
    if resume_folder:
        begun, played, experiment = resume(resume_folder, given)
    else:
        experiment = DEFAULTS._replace(**{"days": played.scenario.days, **given})
        begun = begin(results, Path(scenario).stem, played, experiment)
    with _stoppable(console, "compare", begun), Steps(console) as steps, steps.step("Simulate the schedules") as show:
        ranking = compare_schedules(begun, played, experiment, workers, show)
    page = save_comparison(begun, played, experiment, ranking)
    columns, lines = ranking_table(ranking, list(dict.fromkeys((experiment.measure, *IN_TERMINAL))))
    _print_table(console, ["", *columns], [[label, *cells] for label, cells in lines])
    console.print(advice(ranking))
    console.print(f"\nReport: [bold]{page}[/bold]", soft_wrap=True)


def optimise(
    scenario: ScenarioName = "april-2016",
    trials: Annotated[int | None, typer.Option(min=1, help="Combinations to try; else optimise.trials.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=14, help="Days; else the scenario's own number.")] = None,
    offices: Offices = None,
    resume_folder: Annotated[
        Path | None, typer.Option("--resume", help="Continue the search in this folder, or give it more --trials.")
    ] = None,
    workers: Workers = CORES,
    results: Results = RESULTS,
) -> None:
    """Search the choices of the scenario's \\[optimise] for schedules that none beats in all its objectives."""
    console = Console()
    played = scenario_file.load(scenario)
    options = search.Options(days or played.scenario.days, _offices(played, offices), trials)
    if resume_folder:
        given = {"days": days, "offices": options.offices, "trials": trials}
        begun, played, options = search.resume(resume_folder, _given(given))
    else:
        begun = search.begin(results, Path(scenario).stem, played, options)
    with _stoppable(console, "optimise", begun), Steps(console) as steps, steps.step("Search") as show:
        optimum = search.optimise(begun, played, options, workers, show)
    goal = search.goal_of(played, options)
    chart = search.save_optimum(begun, optimum, goal)
    columns, lines = search.front_table(optimum, goal)
    _print_table(console, columns, lines)
    if not optimum.front:
        console.print("No combination that was tried keeps the limits; loosen optimise.limits or widen the choices.")
    console.print(f"\nChart: [bold]{chart}[/bold]", soft_wrap=True)


def sensitivity(
    scenario: ScenarioName = "april-2016",
    days: Annotated[int | None, typer.Option(min=1, max=14, help="Days; else the scenario's own number.")] = None,
    offices: Offices = None,
    resume_folder: Annotated[
        Path | None, typer.Option("--resume", help="Continue the interrupted analysis in this folder.")
    ] = None,
    workers: Workers = CORES,
    results: Results = RESULTS,
) -> None:
    """Vary the guesses of the scenario's \\[sensitivity]: how far does the conclusion depend on them?"""
    console = Console()
    played = scenario_file.load(scenario)
    options = guesses.Options(days or played.scenario.days, _offices(played, offices))
    if resume_folder:
        begun, played, options = guesses.resume(resume_folder, _given({"days": days, "offices": options.offices}))
    else:
        begun = guesses.begin(results, Path(scenario).stem, played, options)
    with _stoppable(console, "sensitivity", begun), Steps(console) as steps, steps.step("Vary the guesses") as show:
        conclusions = guesses.analyse(begun, played, options, workers, show)
    asked = guesses.asked_of(played)
    chart = save_sensitivity(begun, conclusions, asked)
    for conclusion in conclusions:
        _print_table(console, *effects_table(conclusion))
        console.print(sentence(conclusion, asked))
    console.print(f"\nChart: [bold]{chart}[/bold]", soft_wrap=True)


DEFAULTS = Experiment(
    schedules=[],
    days=1,
    offices=None,
    measure="wait_p95",
    confidence=0.95,
    minimum=5,
    maximum=30,
    precision=0.05,
    indifference=None,
)
"""What `antrean compare` does unless it is told otherwise; the days are the scenario's."""

IN_TERMINAL = ("same_day", "overtime_h", "backlog_at_end", "upgrade_h")
"""What a terminal has room for beside the measure of the ranking; the page shows all."""


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not said on the command line."""
    return {name: value for name, value in options.items() if value is not None}


def _offices(scenario: Scenario, wanted: str | None) -> list[str] | None:
    """Read a share of the offices or a list of codes (which have a dot between two digits and two)."""
    if wanted is None:
        return None
    codes = wanted.split(",")
    if all(re.fullmatch(r"\d\d\.\d\d", code) for code in codes):
        return codes
    try:
        share = float(wanted)
    except ValueError:
        raise ValueError(f"--offices {wanted}: write a share such as 0.1, or codes such as 35.07,91.71") from None
    return every_nth_office(scenario, share)


def _range(replications: str | None) -> dict[str, int]:
    if replications is None:
        return {}
    match = re.fullmatch(r"(\d+)\.\.(\d+)", replications)
    if not match:
        raise ValueError(f"--replications {replications}: write MIN..MAX, such as 5..30")
    return {"minimum": int(match[1]), "maximum": int(match[2])}


@contextmanager
def _stoppable(console: Console, command: str, begun: Run) -> Iterator[None]:
    """Turn Ctrl-C into a word on how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        console.print(f"\nStopped. Continue with: antrean {command} --resume {begun.folder}", soft_wrap=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _print_table(console: Console, columns: list[str], lines: list[list[str]]) -> None:
    """Print a table whose first column may be folded."""
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    first, *others = columns
    table.add_column(first, overflow="fold")
    for column in others:
        table.add_column(column.replace(" ", "\n").replace(".", ".\n"), justify="right", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    console.print(table)
