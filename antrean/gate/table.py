"""The gate in the terminal: the decision's table, its files, and what to run next."""

from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from antrean.gate.decision import Verdict
from antrean.gate.findings import COLUMNS, Findings
from antrean.gate.gate_report import how

COLOURS = {
    Verdict.REGRESSED: "red",
    Verdict.IMPROVED: "green",
    Verdict.SAME: "green",
    Verdict.CANNOT_TELL: "yellow",
}


def print_findings(console: Console, findings: Findings, files: Mapping[str, Path], following: str) -> None:
    """Print a decision; `following` is the next command."""
    console.print(f"\nA  {findings.a}\nB  {findings.b}", soft_wrap=True, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in (COLUMNS[0], COLUMNS[-1]) else "right", no_wrap=True)
    for line, cells in zip(findings.lines, findings.cells(), strict=True):
        *plain, verdict = (cell.replace("[", r"\[") for cell in cells)
        table.add_row(*plain, f"[{COLOURS[line.verdict]}]{verdict}[/]")
    console.print(table)
    for note in findings.notes:
        console.print(f"[yellow]![/yellow] {note}", soft_wrap=True)
    console.print(f"[bold {COLOURS[findings.verdict]}]{findings.sentence}[/]", soft_wrap=True)
    console.print(f"{how(findings)}.", soft_wrap=True, highlight=False)
    console.print(f"\nReport: [bold]{files['report']}[/bold]", soft_wrap=True)
    console.print(f"Next:   {following}", soft_wrap=True, highlight=False)
