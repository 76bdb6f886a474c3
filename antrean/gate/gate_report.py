"""The gate's report: the decision, the table and the distributions laid over each other, as HTML and as Markdown."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from antrean import charts
from antrean.gate.findings import COLUMNS, Findings
from antrean.gate.junit import junit
from antrean.report import picture, render
from antrean.runs import Run

SIDES = {"A": (charts.NORMAL, "-"), "B": (charts.UPGRADE, "--")}
SUMMARY_FILE = "GITHUB_STEP_SUMMARY"
"""The environment variable in which GitHub Actions, and others after it, name the job's summary."""

Samples = Mapping[str, Mapping[str, Sequence[float]]]
"""What was seen of each side, by the axis' title: {"CPU per card (ms)": {"A": [...], "B": [...]}}."""


def write_findings(run: Run, findings: Findings, samples: Samples, name: str) -> dict[str, Path]:
    """Write findings.json, junit.xml, summary.md and report.html into the run's folder; returns them by their kind.

    The Markdown is appended to the job's summary too, where the CI names one.
    """
    text = markdown(findings)
    if job_summary := os.environ.get(SUMMARY_FILE):
        with Path(job_summary).open("a", encoding="utf-8") as file:
            file.write(text + "\n")
    return {
        "findings": run.save_json("findings.json", findings.as_json()),
        "junit": run.save_text("junit.xml", junit(findings, name)),
        "markdown": run.save_text("summary.md", text),
        "report": run.save_text("report.html", html(findings, samples)),
    }


def markdown(findings: Findings) -> str:
    """Return the decision and the table."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *findings.cells()]
    table = "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)
    notes = "".join(f"\n- {note}" for note in findings.notes)
    return f"## {findings.sentence}\n\n- A: {findings.a}\n- B: {findings.b}\n- {how(findings)}{notes}\n\n{table}\n"


def how(findings: Findings) -> str:
    """Say what the decision rests on."""
    basis = f"{findings.rounds} rounds in {findings.took_s:.0f} s"
    if not findings.took_s:
        basis = f"held against {findings.rounds} runs"
    return f"{basis}; of decisions like this at most {findings.error:.0%} are wrong, however often the gate looks"


def html(findings: Findings, samples: Samples) -> str:
    """Return the report, one self-contained file."""
    return render(
        "gate.html",
        findings=findings,
        columns=COLUMNS,
        cells=findings.cells(),
        how=how(findings),
        pictures=[_picture(samples)] if samples else [],
    )


def _picture(samples: Samples) -> dict[str, Any]:
    with charts.style():
        return picture("The two laid over each other", draw(samples), "A filled and B dashed, on the same axis.")


def draw(samples: Samples) -> Figure:
    """Draw the samples of both sides over each other, a panel for each title."""
    figure = Figure(figsize=(10, 3.4))
    axes = figure.subplots(1, len(samples), squeeze=False)[0]
    for axis, (title, sides) in zip(axes, samples.items(), strict=True):
        _over_each_other(axis, sides)
        axis.set_xlabel(title)
    axes[0].set_ylabel("share")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _over_each_other(axis: Axes, sides: Mapping[str, Sequence[float]]) -> None:
    everything = np.concatenate([np.asarray(values, dtype=np.float64) for values in sides.values()])
    # What lies far out would leave the rest a line.
    bins = np.linspace(float(everything.min()), float(np.quantile(everything, 0.99)), 30).tolist()
    for side, values in sides.items():
        colour, line = SIDES[side]
        weights = np.full(len(values), 1 / max(1, len(values)))
        if side == "A":
            axis.hist(values, bins, weights=weights, color=colour, alpha=0.35, label=side)
        else:
            axis.hist(
                values, bins, weights=weights, color=colour, histtype="step", linestyle=line, linewidth=1.8, label=side
            )
        axis.axvline(float(np.median(values)), color=colour, linestyle=line, linewidth=1)
