"""`antrean calibrate` and `antrean validate`: fit the twin to a load test, and hold it against another."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from antrean import charts
from antrean.calibration import calibration_file, calibration_report, external_log
from antrean.calibration.calibrate import DRAWS, Calibrated
from antrean.calibration.calibrate import calibrate as fit
from antrean.calibration.calibration_file import Calibration, Origin
from antrean.calibration.calibration_report import in_words
from antrean.calibration.from_runs import calibrate_runs
from antrean.runs import Run
from antrean.steps import Steps
from antrean.validation import validation_report
from antrean.validation.validate import validate as validate_run

REPLICATIONS = 40


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(calibrate)
    app.command()(validate)


def calibrate(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="RUN", help="Runs' folders.")] = None,
    out: Annotated[Path, typer.Option(help="Where to write what was found; the charts beside it.")] = Path(
        "calibration.toml"
    ),
    log: Annotated[
        Path | None, typer.Option(help="Another server's log in place of runs: .csv or .parquet, docs/calibration.md.")
    ] = None,
    servers: Annotated[
        list[str] | None,
        typer.Option(help="With --log: servers of every stage (4), or of one (matching=1); else they are estimated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling.")] = 0,
    draws: Annotated[int, typer.Option(min=20, max=2000, help="How many resamples the intervals come from.")] = DRAWS,
) -> None:
    """Fit service times, concurrency, batching and the upgrade's cost to what runs, or a server's log, have seen."""
    if bool(runs) == bool(log):
        raise ValueError("name one or more runs' folders, or a log with --log; not both")
    if servers and not log:
        raise ValueError("--servers belongs to --log; a run's events say which servers there were")
    if log:
        found = _of_log(log, servers or [], seed, draws)
    else:
        found = calibrate_runs([Run(folder) for folder in runs or []], seed=seed, draws=draws)
    picture = calibration_report.write(found, out)
    console = Console()
    _print(console, found.calibration)
    console.print(f"\nCalibration: [bold]{out}[/bold]\nCharts:      {picture}", soft_wrap=True)


def validate(
    run: Annotated[Path, typer.Argument(help="A run's folder, results/<scenario>/<run>.")],
    calibration: Annotated[Path, typer.Option("--with", help="What `antrean calibrate` wrote.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the findings; else RUN/validation.")] = None,
    replications: Annotated[
        int, typer.Option(min=10, max=1000, help="Simulated days that the prediction intervals come from.")
    ] = REPLICATIONS,
) -> None:
    """Simulate a run's measured days with a calibrated centre, and say how far the prediction is off."""
    found = calibration_file.load(calibration)
    console = Console()
    with Steps(console) as steps, steps.step("Simulate the measured days") as show:
        days = validate_run(Run(run), found, replications, show)
        show(1.0, f"{replications} replications")
    for day in days:
        table = Table(day.part, "measured", "predicted", "error", "goal", box=box.SIMPLE_HEAD)
        for line in validation_report.lines(day.comparison):
            table.add_row(*line)
        console.print(table)
        for words in (day.verdict, *day.notes):
            console.print(words)
    page = validation_report.write(out or run / "validation", Run(run), calibration, found, days)
    console.print(f"\nReport: [bold]{page}[/bold]", soft_wrap=True)


def _of_log(log: Path, servers: list[str], seed: int, draws: int) -> Calibrated:
    seen = external_log.read(log)
    origin = Origin(kind="log", names=(str(log),), seed=seed, workers=0, most_per_s=0.0)
    return fit(seen, origin, _servers(servers, seen), draws)


def _servers(given: list[str], seen: pl.DataFrame) -> dict[str, int]:
    """Read "4" and "matching=1" as servers by stage."""
    stages = seen["stage"].unique(maintain_order=True).to_list()
    servers: dict[str, int] = {}
    for text in given:
        stage, _, number = text.rpartition("=")
        if not number.isdigit() or int(number) < 1:
            raise ValueError(f"--servers {text}: {number!r} is no number of servers; write 4, or matching=1")
        if stage and stage not in stages:
            raise ValueError(f"--servers {text}: the log has no stage {stage!r}, but {', '.join(stages)}")
        servers |= dict.fromkeys([stage] if stage else stages, int(number))
    return servers


def _print(console: Console, calibration: Calibration) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("stage", no_wrap=True)
    for column in ("visits", "servers", "mean (ms)", "variation", "distribution"):
        table.add_column(column)
    for name, stage in calibration.stages.items():
        table.add_row(
            name,
            f"{stage.visits:,}",
            f"{stage.servers}",
            in_words(stage.mean_s, charts.MS_PER_S),
            in_words(stage.cv),
            f"{stage.distribution}{', starts recovered' if stage.starts == 'recovered' else ''}",
        )
    console.print(table)
    law = calibration.concurrency
    if law.law != "none":
        console.print(
            f"Services slow each other ({law.law}): beyond {in_words(law.cores)} at once, each further one adds "
            f"{in_words(law.slope)} of the time alone."
        )
    for phase in calibration.phases:
        console.print(
            f"{phase.version}, {phase.phase or 'upgrade over'}: {in_words(phase.slowdown)} times the time before."
        )
