"""`antrean duet`: two servers side by side; ends as `ExitCode` says, as `antrean check` does."""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from antrean import baseline_commands
from antrean.gate.contender import Contender, build_server, running_server, started_server
from antrean.gate.decision import Line
from antrean.gate.duet import Duet, gate_scenario, logs_of
from antrean.gate.findings import Findings
from antrean.gate.gate_report import Samples, write_findings
from antrean.gate.history import HISTORY, Row, append
from antrean.gate.rounds import A, B, Round, turns_frame
from antrean.gate.run_figures import fingerprint
from antrean.gate.table import print_findings
from antrean.gate.worktrees import checked_out
from antrean.options import EXIT_INTERRUPTED
from antrean.runs import RESULTS, Run, machine, new_run
from antrean.steps import Steps
from model import scenario_file
from model.scenario import Scenario
from model.units import parse_duration_s

Server = typer.Option(metavar="COMMAND-OR-URL", help="A command that starts a server, or http://HOST:PORT of one.")
Ref = typer.Option(metavar="REF", help="A version in git, built in a temporary worktree; . for the files as they are.")
Setting = typer.Option(metavar="NAME=VALUE", help="A setting of the server built from --*-ref; may be given again.")


class Wanted(NamedTuple):
    """What one side of a duet is to be."""

    side: str
    server: str | None
    ref: str | None
    settings: list[str]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(duet)
    app.command()(baseline_commands.baseline)
    app.command()(baseline_commands.check)
    app.command()(baseline_commands.history)


def duet(
    scenario: Annotated[
        str, typer.Argument(help="A shipped scenario's name, or the path of a .toml file.")
    ] = "april-2016",
    a: Annotated[str | None, Server] = None,
    b: Annotated[str | None, Server] = None,
    a_ref: Annotated[str | None, Ref] = None,
    b_ref: Annotated[str | None, Ref] = None,
    a_set: Annotated[list[str] | None, Setting] = None,
    b_set: Annotated[list[str] | None, Setting] = None,
    max_time: Annotated[str | None, typer.Option(help='Of the rounds, such as "2 min"; else gate.longest.')] = None,
    adapter: Annotated[str, typer.Option(help="With --a and --b: mock, example, or module:Class.")] = "mock",
    key_file: Annotated[Path | None, typer.Option(help="With URLs: each office's key, JSON.", exists=True)] = None,
    permitted_host: Annotated[
        str | None, typer.Option("--i-may-load-this-host", metavar="HOST", help="With URLs on another machine: which.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
    history: baseline_commands.History = HISTORY,
) -> None:
    """Compare two servers side by side: is B slower than A? Ends with 0 (no), 1 (yes) or 3 (cannot tell)."""
    sides = [Wanted(A, a, a_ref, a_set or []), Wanted(B, b, b_ref, b_set or [])]
    for wanted in sides:
        _check(wanted)
    longest_s = parse_duration_s(max_time) if max_time else None
    console = Console()
    played = gate_scenario(scenario_file.load(scenario))
    run = new_run(results, Path(scenario).stem, "duet")
    try:
        with Steps(console) as steps, ExitStack() as stack:
            contenders = []
            for wanted in sides:
                with steps.step(f"Start {wanted.side}") as show:
                    show(0.0, wanted.ref or wanted.server or "")
                    running = _running(wanted, played, run, adapter, key_file, permitted_host)
                    contenders.append(stack.enter_context(running))
                    show(1.0, contenders[-1].label)
            with steps.step("Play rounds") as show:
                rounds, findings = Duet(played, *contenders).play(
                    lambda share, rounds, lines: show(share, _words(rounds, lines)), longest_s
                )
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    turns_frame(rounds).write_parquet(run.folder / "turns.parquet")
    run.save_json("meta.json", {"kind": "duet", "scenario": Path(scenario).stem, "machine": machine()})
    append(_row(Path(scenario).stem, findings), history)
    files = write_findings(run, findings, _samples(rounds), "antrean duet")
    print_findings(console, findings, files, "antrean history   (how the measures went until now)")
    raise typer.Exit(findings.exit_code)


def _check(wanted: Wanted) -> None:
    side = wanted.side.lower()
    if (wanted.server is None) == (wanted.ref is None):
        raise ValueError(f"name {wanted.side} by one of --{side} and --{side}-ref")
    if wanted.settings and wanted.ref is None:
        raise ValueError(f"--{side}-set belongs to --{side}-ref; a command takes settings as env NAME=VALUE COMMAND")
    for setting in wanted.settings:
        if not setting.partition("=")[1]:
            raise ValueError(f"--{side}-set {setting}: write it as NAME=VALUE, such as ANTREAN_WORKER_BATCH=16")


@contextmanager
def _running(
    wanted: Wanted, scenario: Scenario, run: Run, adapter: str, key_file: Path | None, permitted: str | None
) -> Iterator[Contender]:
    """Run what was asked for while the block lasts."""
    logs = logs_of(run.logs, wanted.side)
    with ExitStack() as stack:
        if wanted.ref is not None:
            settings = dict(setting.split("=", 1) for setting in wanted.settings)
            label, build = stack.enter_context(checked_out(wanted.ref, wanted.side, settings))
            label = " ".join([label, *wanted.settings])
            yield stack.enter_context(build_server(wanted.side, label, build, scenario, logs))
        elif wanted.server is not None and wanted.server.startswith(("http://", "https://")):
            yield stack.enter_context(running_server(wanted.side, wanted.server, adapter, key_file, permitted))
        elif wanted.server is not None:
            yield stack.enter_context(started_server(wanted.side, wanted.server, adapter, logs))


def _words(rounds: Sequence[Round], lines: Sequence[Line]) -> str:
    known = ", ".join(f"{line.measure.name} {line.verdict.value}" for line in lines)
    return f"round {len(rounds)}{': ' if known else ''}{known}"


def _row(scenario: str, findings: Findings) -> Row:
    """The history's row: B's figures."""
    figures = {line.measure.name.replace(" ", "_"): line.b for line in findings.lines if line.a is not None}
    return Row("duet", scenario, findings.b, fingerprint(machine()), findings.verdict, figures)


def _samples(rounds: Sequence[Round]) -> Samples:
    """What the report lays over each other: what cards cost, a point a turn, and how long citizens waited."""
    sides = {side: [turn for each in rounds for turn in each.turns[side] if turn.cards] for side in (A, B)}
    cpu = {side: [1_000 * turn.cpu_s / turn.cards for turn in turns] for side, turns in sides.items()}
    steps = {side: [1_000 * turn.steps_cpu_s / turn.cards for turn in turns] for side, turns in sides.items()}
    waits = {side: [1_000 * wait_s for turn in turns for wait_s in turn.latencies_s] for side, turns in sides.items()}
    panels = {"CPU per card (ms), a turn": cpu, "CPU in steps (ms), a turn": steps, "time to the card (ms)": waits}
    # What is hidden on a side is left out, and so is all where a side made nothing.
    return {title: seen for title, seen in panels.items() if all(v and math.isfinite(sum(v)) for v in seen.values())}
