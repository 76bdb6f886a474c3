"""`antrean load` and `antrean load-worker`: their options, and what they print at the end."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from antrean.load import join, run_load
from antrean.load_options import LoadOptions
from antrean.load_table import step_table
from antrean.runs import RESULTS
from loadtests.fleet_state import INTERRUPTED
from model import scenario_file

EXIT_INTERRUPTED, EXIT_STOPPED = 130, 3
KeyFile = Annotated[
    Path | None, typer.Option(help='Each office\'s key, JSON: {"35.07": "..."}.', exists=True, dir_okay=False)
]
PermittedHost = Annotated[
    str | None,
    typer.Option(
        "--i-may-load-this-host", metavar="HOST", help="The target's host, letter by letter, if it is not this machine."
    ),
]


def load(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario's name, or the path of a .toml file.")],
    target: Annotated[
        str | None, typer.Option(help="A server to load in place of the lab's own, http://HOST:PORT.")
    ] = None,
    key_file: KeyFile = None,
    residents_file: Annotated[
        Path | None,
        typer.Option(
            help='The target\'s residents who have a card, JSON: {"35.07": ["3507...", ...]}; for replacements.',
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    adapter: Annotated[str, typer.Option(help="Which server it is: mock, example, or module:Class.")] = "mock",
    permitted_host: PermittedHost = None,
    capacity: Annotated[
        float | None, typer.Option(min=0.01, help="Enrollments a second the server sustains; else it is measured.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Worker processes on this machine.")] = None,
    expect_workers: Annotated[int, typer.Option(min=0, help="Workers on other machines to wait for.")] = 0,
    bind: Annotated[
        str, typer.Option(help="This machine's address, where other machines' workers come.")
    ] = "127.0.0.1",
    ui: Annotated[bool, typer.Option("--ui", help="Show Locust's web page, until Ctrl-C.")] = False,
    day: Annotated[int, typer.Option(min=0, help="Which of the scenario's days.")] = 0,
    days: Annotated[int, typer.Option(min=1, help="How many days in a row, from that one on.")] = 1,
    replication: Annotated[int, typer.Option(min=0, help="Which replication's citizens.")] = 0,
    speedup: Annotated[float | None, typer.Option(min=1, max=10_000, help="In place of load.speedup.")] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Serve Prometheus metrics at 127.0.0.1:PORT.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
    database_url: Annotated[str | None, typer.Option(help="A PostgreSQL server for the lab's own server.")] = None,
) -> None:
    """Play a day of the lab's offices, or several, against a server, and measure it."""
    played = scenario_file.load(scenario)
    if speedup is not None:
        played = played.model_copy(update={"load": played.load.model_copy(update={"speedup": speedup})})
    options = LoadOptions(
        results=results,
        # Workers elsewhere are enough, if there are any.
        workers=workers if workers is not None else int(not expect_workers),
        expect_workers=expect_workers,
        bind_host=bind,
        ui=ui,
        day=day,
        days=days,
        replication=replication,
        target=target,
        key_file=key_file,
        residents_file=residents_file,
        adapter=adapter,
        permitted_host=permitted_host,
        capacity_per_s=capacity,
        metrics_port=metrics_port,
        database_url=database_url,
    )
    console = Console()
    try:
        run = run_load(Path(scenario).stem, played, options, console)
    except KeyboardInterrupt:
        console.print("\nStopped before anybody came; nothing is left running.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    summary = run.load_json("summary.json")
    if not console.is_terminal:
        console.print(step_table(summary))  # type: ignore[arg-type] # has the steps of a Merged
    for warning in summary["warnings"]:
        console.print(f"[yellow]![/yellow] {warning}", soft_wrap=True)
    console.print(f"Summary: [bold]{run.folder / 'summary.json'}[/bold]", soft_wrap=True)
    if summary["stopped"] is not None:
        raise typer.Exit(EXIT_INTERRUPTED if summary["stopped"] == INTERRUPTED else EXIT_STOPPED)


def load_worker(
    master: Annotated[str, typer.Argument(help="HOST:PORT, as antrean load prints it.")],
    key_file: KeyFile = None,
    permitted_host: PermittedHost = None,
) -> None:
    """Be one of the workers that `antrean load --expect-workers` waits for."""
    command = join(master, key_file, permitted_host)
    os.execv(command[0], command)  # noqa: S606 - the project's own program
