"""`antrean baseline`, `antrean check` and `antrean history`: runs held against known-good ones, and changes."""

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from antrean import charts
from antrean.gate import history as history_file
from antrean.gate.baseline import BASELINES, load_baseline, make_baseline
from antrean.gate.baseline import check as check_against
from antrean.gate.gate_report import write_findings
from antrean.gate.history import HISTORY, Series
from antrean.gate.run_figures import RunFigures, figures_of
from antrean.gate.table import print_findings
from antrean.runs import RESULTS, Run
from model import scenario_file

History = Annotated[Path, typer.Option("--history", help="The history's file.")]


def baseline(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs' folders of a known-good build.")],
    name: Annotated[str, typer.Option(help="What to call it.")],
    folder: Annotated[Path, typer.Option(help="Where baselines are kept.")] = BASELINES,
    history: History = HISTORY,
) -> None:
    """Keep what several runs of a known-good build measured, for `antrean check`."""
    figures = [figures_of(Run(path)) for path in runs]
    made = make_baseline(name, figures)
    path = folder / f"{name}.json"
    made.save(path)
    for each in figures:
        _remember(each, "", history)
    console = Console()
    console.print(f"Baseline: [bold]{path}[/bold], {len(figures)} runs on {figures[0].fingerprint}", soft_wrap=True)
    console.print(f"Next:     antrean check RUN --baseline {path}", soft_wrap=True)


def check(
    run: Annotated[Path, typer.Argument(help="A run's folder, results/<scenario>/<run>.")],
    baseline: Annotated[Path, typer.Option(help="What `antrean baseline` wrote.", exists=True, dir_okay=False)],
    history: History = HISTORY,
) -> None:
    """Hold a run against a baseline: is it slower? Ends with 0 (no), 1 (yes) or 3 (cannot tell)."""
    checked = Run(run)
    figures = figures_of(checked)
    scenario = scenario_file.load(str(run / "scenario.toml"))
    known = load_baseline(baseline)
    findings = check_against(figures, known, scenario.gate, scenario.scenario.title)
    shown = [line.measure for line in findings.lines if line.measure.limit > 1][:3]
    samples = {
        f"{measure.label} ({measure.unit})": {
            "A": [each.figures[measure.name] for each in known.runs],
            "B": [figures.figures[measure.name]],
        }
        for measure in shown
    }
    _remember(figures, findings.verdict, history)
    files = write_findings(Run(checked.part("check")), findings, samples, "antrean check")
    print_findings(Console(), findings, files, "antrean history   (how the measures went until now)")
    raise typer.Exit(findings.exit_code)


def history(
    scenario: Annotated[str | None, typer.Option(help="Only this scenario's runs.")] = None,
    figure: Annotated[str | None, typer.Option(help="Only this figure, such as cpu_per_card_ms.")] = None,
    history: History = HISTORY,
    out: Annotated[Path, typer.Option(help="Where to draw the chart.")] = RESULTS / "history.png",
) -> None:
    """Find from which run on a measure has been another one, and draw the chart."""
    series = history_file.read_series(history, scenario, figure)
    if not series:
        raise ValueError(f"the history at {history} has no such scenario or figure")
    console = Console()
    table = Table("figure", "runs", "changes", "last", box=box.SIMPLE_HEAD)
    for each in series:
        table.add_row(each.figure, str(len(each.values)), _changes(each), f"{each.values[-1]:.4g}")
    console.print(table)
    out.parent.mkdir(parents=True, exist_ok=True)
    with charts.style():
        history_file.draw(series).savefig(out)
    console.print(f"Chart: [bold]{out}[/bold]", soft_wrap=True)


def _changes(series: Series) -> str:
    return ", ".join(f"{each.ratio - 1:+.1%} from {series.subjects[each.begins]}" for each in series.changes) or "none"


def _remember(figures: RunFigures, verdict: str, path: Path) -> None:
    row = history_file.Row("run", figures.scenario, figures.run, figures.fingerprint, str(verdict), figures.figures)
    history_file.append(row, path)
