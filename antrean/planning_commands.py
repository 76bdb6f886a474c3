"""What planners ask on the command line: which schedule is the best, which could be better, and is that sure.

What a command needs is imported where it runs: SciPy, optuna and SALib would make every other command start later.
"""

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

from antrean.experiment import DEFAULTS, lineup
from antrean.options import EXIT_INTERRUPTED, Days, ScenarioName
from antrean.runs import RESULTS, Run
from antrean.steps import Steps
from model import scenario_file
from model.scenario import Scenario
from model.schedules import every_nth_office

Workers = Annotated[int, typer.Option(min=1, help="Processes that simulate at the same time.")]
Offices = Annotated[
    str | None, typer.Option(help="For a quick look: a share of them such as 0.1, or codes with commas between.")
]
Results = Annotated[Path, typer.Option(help="Folder of the results.")]
CORES = os.cpu_count() or 1


def compare_command(
    scenario: ScenarioName = "april-2016",
    strategies: Annotated[
        str | None,
        typer.Option(help="Names with commas between; a+b applies both. Else every one that changes something."),
    ] = None,
    days: Days = None,
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
    from antrean import advice, compare, compare_report

    console = Console()
    played = scenario_file.load(scenario)
    asked: dict[str, Any] = {
        "schedules": strategies.split(",") if strategies else None,
        "days": days,
        "offices": _offices(played, offices),
        "measure": measure,
        "confidence": confidence,
        "precision": precision,
        "indifference": indifference,
        **_range(replications),
    }
    if resume_folder:
        begun, played, experiment = compare.resume(resume_folder, _given(asked))
    else:
        experiment = DEFAULTS._replace(**{"days": played.scenario.days, **_given(asked)})
        begun = compare.begin(results, Path(scenario).stem, played, experiment)
    with _stoppable(console, "compare", begun), Steps(console) as steps, steps.step("Simulate the schedules") as show:
        ranking = compare.compare(begun, played, experiment, workers, show)
    page = compare_report.save_comparison(begun, played, experiment, ranking)
    columns, lines = compare_report.ranking_table(ranking, list(dict.fromkeys((experiment.measure, *IN_TERMINAL))))
    _print_table(console, ["", *columns], [[label, *cells] for label, cells in lines])
    console.print(advice.advice(ranking))
    chosen = lineup(played, experiment)
    left_out = [f"Left out: {name}: {reason}" for name, reason in chosen.left_out.items()]
    for warning in (*compare_report.notes(experiment, chosen, ranking), *left_out):
        console.print(f"[yellow]![/yellow] {warning}")
    console.print(f"\nReport: [bold]{page}[/bold]", soft_wrap=True)


def optimise_command(
    scenario: ScenarioName = "april-2016",
    trials: Annotated[int | None, typer.Option(min=1, help="Combinations to try; else optimise.trials.")] = None,
    days: Days = None,
    offices: Offices = None,
    resume_folder: Annotated[
        Path | None, typer.Option("--resume", help="Continue the search in this folder, or give it more --trials.")
    ] = None,
    workers: Workers = CORES,
    results: Results = RESULTS,
) -> None:
    """Search the choices of the scenario's \\[optimise] for schedules that none beats in all its objectives."""
    from antrean import optimise

    console = Console()
    played = scenario_file.load(scenario)
    options = optimise.Options(days or played.scenario.days, _offices(played, offices), trials)
    if resume_folder:
        given = {"days": days, "offices": options.offices, "trials": trials}
        begun, played, options = optimise.resume(resume_folder, _given(given))
    else:
        begun = optimise.begin(results, Path(scenario).stem, played, options)
    with _stoppable(console, "optimise", begun), Steps(console) as steps, steps.step("Search") as show:
        optimum = optimise.optimise(begun, played, options, workers, show)
    goal = optimise.goal_of(played, options)
    chart = optimise.save_optimum(begun, optimum, goal)
    columns, lines = optimise.front_table(optimum, goal)
    _print_table(console, columns, lines)
    if not optimum.front:
        console.print("No combination that was tried keeps the limits; loosen optimise.limits or widen the choices.")
    console.print(f"\nChart: [bold]{chart}[/bold]", soft_wrap=True)


def sensitivity_command(
    scenario: ScenarioName = "april-2016",
    days: Days = None,
    offices: Offices = None,
    resume_folder: Annotated[
        Path | None, typer.Option("--resume", help="Continue the interrupted analysis in this folder.")
    ] = None,
    workers: Workers = CORES,
    results: Results = RESULTS,
) -> None:
    """Vary the guesses of the scenario's \\[sensitivity]: how far does the conclusion depend on them?"""
    from antrean import sensitivity, sensitivity_report

    console = Console()
    played = scenario_file.load(scenario)
    options = sensitivity.Options(days or played.scenario.days, _offices(played, offices))
    if resume_folder:
        begun, played, options = sensitivity.resume(resume_folder, _given({"days": days, "offices": options.offices}))
    else:
        begun = sensitivity.begin(results, Path(scenario).stem, played, options)
    with _stoppable(console, "sensitivity", begun), Steps(console) as steps, steps.step("Vary the guesses") as show:
        conclusions = sensitivity.analyse(begun, played, options, workers, show)
    asked = sensitivity.asked_of(played)
    chart = sensitivity_report.save_sensitivity(begun, conclusions, asked)
    for conclusion in conclusions:
        _print_table(console, *sensitivity_report.effects_table(conclusion))
        console.print(sensitivity_report.sentence(conclusion, asked))
    console.print(f"\nChart: [bold]{chart}[/bold]", soft_wrap=True)


IN_TERMINAL = ("same_day", "overtime_h", "backlog_at_end", "upgrade_h")
"""What a terminal has room for beside the measure of the ranking; the page shows all."""


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not said on the command line."""
    return {name: value for name, value in options.items() if value is not None}


def _offices(scenario: Scenario, wanted: str | None) -> list[str] | None:
    """Read a share of the offices, such as 0.1, or codes, such as 35.07,91.71."""
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
    """Print a table whose first column may be folded, with headings broken at blanks, dots and underscores."""
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    for number, column in enumerate(columns):
        heading = re.sub(r"([._])|\s", r"\1\n", column)
        if number == 0:
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    console.print(table)
