"""The chart of the upgrade's plans: a row a plan, throughput and queue over the day without an upgrade."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from antrean import charts
from antrean.runs import Run
from benchmarks.upgrade_figures import NONE
from model import scenario_file


def write_chart(run: Run, result: dict[str, Any], path: Path) -> None:
    """Draw the days as they were played into an SVG, the same to the byte from the same data."""
    with charts.style(), mpl.rc_context({"svg.hashsalt": "upgrade-plans", "svg.fonttype": "none"}):
        draw(run, result).savefig(path, metadata={"Date": None})


def draw(run: Run, result: dict[str, Any]) -> Figure:
    """Draw a row for each plan: how many records became ready, how many were at the centre, and the phases shaded."""
    lab = scenario_file.load(str(run.folder / "lab.toml"))
    plans = {name: day for name, day in result["days"].items() if name != NONE}
    frames = {name: run.load_events(name) for name in result["days"]}
    first_s, last_s = charts.reach_s(frames)
    figure = Figure(figsize=(10, 2.2 * len(plans) + 0.6))
    axes = figure.subplots(len(plans), 2, sharex=True, sharey="col", squeeze=False)
    for (name, day), (rate, queue) in zip(plans.items(), axes, strict=True):
        for which, label in ((NONE, "without an upgrade"), (name, "upgraded")):
            drawn = dict(charts.DAY_LINES["normal" if which == NONE else "upgrade"], label=label)
            table = charts.slots(frames[which], first_s, last_s)
            rate.plot(table["hour"], table["ready_per_h"], **drawn)
            queue.plot(table["hour"], table["most"], **drawn)
        for axis in (rate, queue):
            charts.shade_phases(axis, day["phases"], last_s)
            _mark_normal(axis, day["normal_again_s"])
            axis.set_xlim(first_s / 3600, last_s / 3600)
        rate.set_title(name)
        rate.set_ylabel("ready an hour")
        queue.set_ylabel("most at the centre")
    axes[0, 1].legend(loc="upper left", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel(f"hour of the day, {charts.clock_name(lab)}")
    return figure


def _mark_normal(axis: Axes, moment_s: float | None) -> None:
    if moment_s is not None:
        axis.axvline(moment_s / 3600, color=charts.AGAIN, linewidth=1.5)
