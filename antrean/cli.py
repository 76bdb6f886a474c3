"""The command line: `antrean run april-2016` and what belongs to it."""

import json
import signal
import sys
import traceback
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from antrean import calibration_commands, capacity_command, gate_commands, load_command, planning_commands
from antrean.calibrated_server import estimates
from antrean.calibration import calibration_file
from antrean.campaign import Options, run_campaign
from antrean.extrapolation import nation_of, national_server
from antrean.kept_seed import SeedInUseError
from antrean.national import legend, national_table
from antrean.options import EXIT_INTERRUPTED, Days, ScenarioName
from antrean.processes import ProcessError
from antrean.report import write_report
from antrean.runs import RESULTS, Run
from antrean.scenario_table import TABLE_WIDTH, scenario_table
from antrean.serve import Service
from antrean.serve import serve as serve_until_stopped
from antrean.summary import answer_table, column_words, first_days, lab_days
from mock_server import audit_commands
from model import events, scenario_file
from model.centre import national_centre
from model.measures import measure_days
from model.nation import simulate as simulate_nation
from model.staffing import plan_offices
from model.strategies import without_upgrade

DAYS_A_TABLE = 5
"""More columns would not fit a terminal of 80 characters."""

app = typer.Typer(
    help="See how slow the nation's ID offices will get before the upgrade: load test, simulation, report.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(audit_commands.cli, name="audit")
app.command("capacity")(capacity_command.capacity)
app.command("load")(load_command.load)
app.command("load-worker")(load_command.load_worker)
calibration_commands.add_to(app)
gate_commands.add_to(app)
app.command("compare")(planning_commands.compare_command)
app.command("optimise")(planning_commands.optimise_command)
app.command("sensitivity")(planning_commands.sensitivity_command)


@app.command()
def run(
    scenario: ScenarioName = "april-2016",
    quick: Annotated[bool, typer.Option("--quick", help="About 90 seconds; coarser.")] = False,
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
    database_url: Annotated[
        str | None, typer.Option(help="A PostgreSQL server to use in place of the embedded one (libpq URI).")
    ] = None,
    keep_seed: Annotated[
        Path | None,
        typer.Option(help="Keep the seeded database in this folder, and reuse it when it fits. Delete it as you like."),
    ] = None,
) -> None:
    """Measure a normal day and the one with the upgrade or faults, simulate them, then the nation; write a report."""
    console = Console()
    played = scenario_file.load(scenario)
    console.print(f"[bold]{played.scenario.title}[/bold]")
    try:
        options = Options(results, quick, database_url, keep_seed)
        finished = run_campaign(Path(scenario).stem, played, options, console)
    except KeyboardInterrupt:
        console.print(f"\nStopped; nothing is left running. What was measured until now is in {results}/.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _print_answer(console, finished)
    console.print(f"\nReport: [bold]{finished.folder / 'report.html'}[/bold]", soft_wrap=True)
    console.print(f"Next:   antrean report {finished.folder}   (draws it again from the data)", soft_wrap=True)


@app.command()
def serve(
    scenario: ScenarioName = "april-2016",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where it answers on 127.0.0.1; 0 takes a free one.")] = 0,
    residents: Annotated[int, typer.Option(min=0, help="How many people are enrolled already.")] = 5_000,
    demo: Annotated[
        bool, typer.Option("--demo", help="Enroll synthetic people, so that there is something to see.")
    ] = False,
    rate: Annotated[float, typer.Option(min=0.1, max=10, help="With --demo: people a second.")] = 3.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: no console, printers that take no time, its address as JSON.")
    ] = False,
) -> None:
    """Run the mock server on a database of its own and show its console, until Ctrl-C."""
    console = Console()
    played = scenario_file.load(scenario)
    say = partial(print, flush=True) if as_json else partial(console.print, soft_wrap=True)
    try:
        serve_until_stopped(Service(played, residents, port, rate if demo else 0.0, as_json), say)
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running.")


@app.command()
def simulate(
    scenario: ScenarioName = "april-2016",
    days: Days = None,
    without: Annotated[bool, typer.Option("--without-upgrade", help="The same days without the upgrade.")] = False,
    calibration: Annotated[
        Path | None,
        typer.Option("--with", help="What `antrean calibrate` wrote: the centre is as it was measured."),
    ] = None,
    replication: Annotated[int, typer.Option(min=0, help="Which independent repetition.")] = 0,
    events_file: Annotated[Path | None, typer.Option("--events", help="Write the StageEvents to this parquet.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Progress and measures as JSON lines.")] = False,
) -> None:
    """Simulate a scenario's offices with the centre as the scenario, or a calibration, describes it; no load test."""
    played = scenario_file.load(scenario)
    if without:
        played = without_upgrade(played)
    centre = national_centre(played)
    if calibration:
        found = calibration_file.load(calibration)
        played = nation_of(played, found, estimates(found))
        centre = national_server(played, found, estimates(found))
    days = days or played.scenario.days
    say = _print_json if as_json else None
    frame = simulate_nation(played, centre, days, replication, (lambda done: say({"done": done})) if say else None)
    if events_file:
        events.write(frame, events_file)
    measures = [day._asdict() for day in measure_days(frame, played, plan_offices(played), range(days))]
    if say:
        say({"measures": measures})
        return
    console = Console()
    for first in range(0, days, DAYS_A_TABLE):
        part = {f"day {day}": measures[day] for day in range(first, min(first + DAYS_A_TABLE, days))}
        _print_table(console, list(part), answer_table(part)[1])
    if events_file:
        console.print(f"\nEvents: {events_file}", soft_wrap=True)


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="A run's folder, results/<scenario>/<run>.")]) -> None:
    """Draw a run's report again from its data."""
    if not (folder / "summary.json").exists():
        _fail(f"{folder} is no run's folder: it has no summary.json; runs are in results/<scenario>/")
    Console().print(f"Report: {write_report(Run(folder))}", soft_wrap=True)


@app.command()
def scenarios() -> None:
    """List the scenarios that come with antrean: what each tells, and how large it is."""
    console = Console(width=TABLE_WIDTH)
    console.print(scenario_table({name: scenario_file.load(name) for name in scenario_file.shipped()}))


def main() -> None:
    """Run the command line; known errors become one clear message, Ctrl-C ends tidily."""
    signal.signal(signal.SIGINT, _interrupt_once)
    signal.signal(signal.SIGTERM, _interrupt_once)
    try:
        app()
    except (scenario_file.ScenarioError, ProcessError, SeedInUseError, ValueError, OSError) as error:
        _fail(str(error))
    except Exception:
        # Not Python's own 1, with which the gate says that a build has regressed.
        traceback.print_exc()
        sys.exit(2)


def _interrupt_once(_signal: int, _frame: FrameType | None) -> None:
    """Turn the first Ctrl-C into a tidy end, and let nothing disturb the tidying."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _print_answer(console: Console, finished: Run) -> None:
    summary = finished.load_json("summary.json")
    days = first_days(summary)
    console.print()
    _print_answer_table(console, *answer_table(lab_days(days)))
    if "national" in summary:
        _print_answer_table(console, *national_table(days, summary["national"]))
        for line in legend(summary["national"]):
            console.print(line)
        console.print(summary["national"]["verdict"])
    for warning in summary["warnings"]:
        console.print(f"[yellow]![/yellow] {warning}")


def _print_answer_table(console: Console, columns: list[str], lines: list[tuple[str, list[str]]]) -> None:
    _print_table(console, ["\n".join(column_words(column)) for column in columns], lines)


def _print_table(console: Console, columns: list[str], lines: list[tuple[str, list[str]]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for label, cells in lines:
        table.add_row(label, *cells)
    console.print(table)


def _print_json(message: dict[str, object]) -> None:
    print(json.dumps(message), flush=True)


def _fail(message: str) -> NoReturn:
    print(f"antrean: {message}", file=sys.stderr)
    sys.exit(2)
