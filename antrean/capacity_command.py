"""`antrean capacity`: the highest rate of a scenario's mix of errands that the mock server sustains."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from antrean.capacity import SearchOptions, search_capacity
from antrean.capacity_report import COLUMNS, answer, step_lines
from antrean.offer import Step
from antrean.options import EXIT_INTERRUPTED, ScenarioName
from antrean.runs import RESULTS, Run
from model import scenario_file


def capacity(
    scenario: ScenarioName = "april-2016",
    quick: Annotated[bool, typer.Option("--quick", help="A few minutes; coarser.")] = False,
    mix: Annotated[
        bool, typer.Option("--mix/--enrollments", help="Offer the scenario's mix of errands, or enrollments only.")
    ] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last search that was interrupted.")] = False,
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
    database_url: Annotated[
        str | None, typer.Option(help="A PostgreSQL server to use in place of the embedded one (libpq URI).")
    ] = None,
) -> None:
    """Find the highest rate of the scenario's mix that keeps its limits; write the curve and a report."""
    console = Console()
    played = scenario_file.load(scenario)
    console.print(f"[bold]{played.scenario.title}[/bold]")
    options = SearchOptions(results, quick, database_url, resume, enrollments_only=not mix)
    try:
        finished = search_capacity(Path(scenario).stem, played, options, console)
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running. --resume goes on after the finished steps.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _print_answer(console, finished)
    console.print(f"\nReport: [bold]{finished.folder / 'report.html'}[/bold]", soft_wrap=True)


def _print_answer(console: Console, finished: Run) -> None:
    summary = finished.load_json("summary.json")
    steps = [Step(**row) for row in pl.read_parquet(finished.folder / "steps.parquet").to_dicts()]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "verdict" else "right", no_wrap=True)
    for line in step_lines(steps):
        table.add_row(*line)
    console.print(table)
    for sentence in answer(summary):
        console.print(sentence)
    for warning in summary["warnings"]:
        console.print(f"[yellow]![/yellow] {warning}")
