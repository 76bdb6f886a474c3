"""The chart of the twin's campaign: each run's errors by the kind of day, over the goals."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from antrean import charts
from antrean.validation.comparison import COVERAGE_GOAL, GOALS

GOAL, RUN, MEDIAN = "#009E73", "#0072B2", "#D55E00"
TITLES = {"throughput": "throughput", "wait_median_s": "median wait", "wait_p95_s": "p95 wait"}


def write_chart(result: dict[str, Any], path: Path) -> None:
    """Draw the runs into an SVG, the same to the byte from the same data."""
    with charts.style(), mpl.rc_context({"svg.hashsalt": "twin", "svg.fonttype": "none"}):
        draw(result).savefig(path, metadata={"Date": None})


def draw(result: dict[str, Any]) -> Figure:
    """Draw a panel for each goal and a row for each kind of day that was predicted: a dot a run, a bar the median."""
    kinds = [name for name, kind in result["kinds"].items() if kind["runs"]]
    runs = {name: [row for row in result["runs"] if row["day"] == name and "coverage" in row] for name in kinds}
    figure = Figure(figsize=(10, 0.5 * len(kinds) + 1.6))
    panels = figure.subplots(1, len(GOALS) + 1, sharey=True)
    for axis, (name, goal) in zip(panels, GOALS.items(), strict=False):
        axis.axvspan(-100 * goal, 100 * goal, color=GOAL, alpha=0.15, lw=0)
        axis.axvline(0, color=GOAL, linewidth=1)
        axis.set_title(TITLES[name])
        axis.set_xlabel("error (%)")
        for row, kind in enumerate(kinds):
            errors = [100 * run[f"{name}_error"] for run in runs[kind]]
            axis.plot(errors, [row] * len(errors), "o", color=RUN, markersize=4, alpha=0.7)
            axis.plot(100 * result["kinds"][kind]["errors"][name], row, "|", color=MEDIAN, markersize=16, mew=2.5)
    last = panels[-1]
    last.axvspan(*(100 * share for share in COVERAGE_GOAL), color=GOAL, alpha=0.15, lw=0)
    last.set_title("within 90% intervals")
    last.set_xlabel("hours' figures (%)")
    last.set_xlim(0, 102)
    for row, kind in enumerate(kinds):
        covered = [100 * run["coverage"]["all"] for run in runs[kind]]
        last.plot(covered, [row] * len(covered), "o", color=RUN, markersize=4, alpha=0.7)
        last.plot(100 * result["kinds"][kind]["coverage"], row, "|", color=MEDIAN, markersize=16, mew=2.5)
    panels[0].set_yticks(range(len(kinds)), kinds)
    panels[0].set_ylim(len(kinds) - 0.5, -0.5)
    return figure
