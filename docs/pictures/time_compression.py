"""Draws docs/pictures/time-compression.png: one upgrade day in the nation and in the lab.

    python docs/pictures/time_compression.py

Both columns are computed from the shipped scenario: the arrivals of its offices, and a server that sustains what
`[load] peak` says on a normal day and less while it is upgraded. Records flow like a fluid; waits by chance, and
counters that are too few, are left to the simulation.
"""

from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from model.arrivals import ArrivalCurve, national_peak_per_s
from model.compression import lab_scenario
from model.scenario import Scenario, local_midnight_s
from model.scenario_file import load
from model.staffing import plan_offices
from model.units import HOUR_S, MINUTE_S

Floats = NDArray[np.float64]

SERVER_PER_S = 20.0
"""What the lab's server sustains, in this example."""
SERVER_LATENCY_S = 0.3
"""What one record takes in the lab's server when nothing waits, in this example."""
SLOWDOWN = 1.5
FROM_H, TO_H = 6, 22

ARRIVALS, CAPACITY, QUEUE, HUMAN, SERVER, PRINTER = "#3b6ea5", "#c0392b", "#8e6bb0", "#7aa6c2", "#c0392b", "#c9b458"


class Day(NamedTuple):
    """A day of one of the two worlds, on a grid of scenario seconds; rates and moments in its own seconds."""

    title: str
    unit: str
    own_s: float
    """Seconds of this world per scenario second."""
    hours: Floats
    arrivals_per_s: Floats
    capacity_per_s: float
    queue: Floats
    wait_s: float
    """The longest wait for the centre."""


def day_of(scenario: Scenario, title: str, unit: str, own_s: float, capacity_per_s: float) -> Day:
    """Compute a day: arrivals by the curve, served by an upgraded centre of this normal capacity, as a fluid."""
    step_s = 30.0
    grid_s = np.arange(FROM_H * HOUR_S, TO_H * HOUR_S + step_s, step_s)
    curve = ArrivalCurve(scenario.demand.curve_knots)
    come = np.zeros(len(grid_s) - 1)
    for plan in plan_offices(scenario).values():
        local_s = grid_s - local_midnight_s(scenario, plan.office.zone.utc_offset_s, 0)
        come += plan.arrivals_per_day * np.diff(curve.share_until(local_s))
    slow_per_s = capacity_per_s / SLOWDOWN
    queue = np.zeros(len(grid_s))
    for index, arrived in enumerate(come):
        queue[index + 1] = max(0.0, queue[index] + arrived - slow_per_s * own_s * step_s)
    per_s = np.append(come, come[-1]) / (own_s * step_s)
    return Day(title, unit, own_s, grid_s / HOUR_S, per_s, capacity_per_s, queue, float(queue.max()) / slow_per_s)


def two_days() -> tuple[Day, Day, Scenario]:
    """Compute the nation's day and the lab's."""
    nation = load("april-2016")
    lab = lab_scenario(nation, SERVER_PER_S)
    share = nation.load.peak_share or 1.0
    speedup = lab.load.speedup
    people, played = (sum(plan.arrivals_per_day for plan in plan_offices(each).values()) for each in (nation, lab))
    hours = TO_H - FROM_H
    return (
        day_of(
            nation,
            f"The nation: {len(plan_offices(nation))} offices, {people:,.0f} citizens, {hours} hours",
            "s",
            1.0,
            national_peak_per_s(nation) / share,
        ),
        day_of(
            lab,
            f"The lab: {len(plan_offices(lab))} offices, {played:,.0f} citizens, {hours * HOUR_S / speedup:g} seconds",
            "s of wall time",
            1 / speedup,
            SERVER_PER_S,
        ),
        lab,
    )


def draw() -> Figure:
    """Draw the nation's day on the left and the lab's on the right."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    nation, lab, scenario = two_days()
    figure = Figure(figsize=(11, 8), layout="constrained")
    axes = figure.subplots(3, 2, gridspec_kw={"height_ratios": [3, 2.4, 1.3]})
    for column, day in enumerate((nation, lab)):
        _draw_rates(axes[0, column], day)
        _draw_queue(axes[1, column], day)
        _draw_journey(axes[2, column], day, scenario)
    return figure


def _draw_rates(axis: Axes, day: Day) -> None:
    slow = day.capacity_per_s / SLOWDOWN
    axis.fill_between(day.hours, day.arrivals_per_s, color=ARRIVALS, alpha=0.25, lw=0)
    axis.plot(day.hours, day.arrivals_per_s, color=ARRIVALS, lw=1.6)
    axis.fill_between(
        day.hours, slow, day.arrivals_per_s, where=(day.arrivals_per_s > slow).tolist(), color=QUEUE, lw=0
    )
    axis.axhline(day.capacity_per_s, color=CAPACITY, lw=1, ls=(0, (4, 3)))
    axis.axhline(slow, color=CAPACITY, lw=1.4)
    for level, words in ((day.capacity_per_s, "server sustains"), (slow, "while upgraded")):
        axis.annotate(
            f"{words} {level:.3g}/s",
            (TO_H, level),
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
            color=CAPACITY,
        )
    axis.set(ylabel=f"citizens arriving per {day.unit}", ylim=(0, day.capacity_per_s * 1.15))
    axis.set_title(day.title, fontweight="bold", pad=10)
    _time_axis(axis, day)


def _draw_queue(axis: Axes, day: Day) -> None:
    axis.fill_between(day.hours, day.queue, color=QUEUE, lw=0)
    highest = int(np.argmax(day.queue))
    wait = f"a wait of {day.wait_s / MINUTE_S:.0f} min"
    if day.own_s != 1:
        wait = f"a wait of {day.wait_s:.1f} s = {day.wait_s / day.own_s / MINUTE_S:.0f} min of scenario time"
    axis.annotate(
        f"{day.queue[highest]:,.0f} records:\n{wait}",
        (day.hours[highest], day.queue[highest]),
        xytext=(24, -2),
        textcoords="offset points",
        va="top",
    )
    axis.set(ylabel="records waiting for the server", ylim=(0, day.queue.max() * 1.1))
    _time_axis(axis, day)


def _draw_journey(axis: Axes, day: Day, scenario: Scenario) -> None:
    """One citizen at an hour when nothing waits: what shrinks with the speedup, and what does not."""
    parts = (
        ("capture", scenario.service.capture.mode_s * day.own_s, HUMAN),
        ("server", SERVER_LATENCY_S, SERVER),
        ("printing", scenario.service.printing_s * day.own_s, PRINTER),
    )
    axis.set_title("One citizen's journey when nothing waits", loc="left", fontsize=9)
    left_s = 0.0
    for name, length_s, colour in parts:
        axis.barh(0, length_s, left=left_s, color=colour, height=0.5)
        scenario_s = length_s / day.own_s
        told = f"{scenario_s / MINUTE_S:.0f} min" if scenario_s >= MINUTE_S else f"{scenario_s:.1g} s"
        if day.own_s != 1:
            told = f"{length_s:.2f} s = {told}"
        axis.annotate(f"{name}\n{told}", (left_s + length_s / 2, 0.3), ha="center", va="bottom", color="black")
        left_s += length_s
    axis.set(ylim=(-0.35, 1.1), yticks=[], xlim=(0, left_s * 1.02))
    axis.spines["left"].set_visible(False)
    axis.set_xlabel("seconds" if day.own_s == 1 else "seconds of wall time (= what they read as in scenario time)")


def _time_axis(axis: Axes, day: Day) -> None:
    hours = range(FROM_H, TO_H + 1, 2)
    axis.set_xlim(FROM_H, TO_H)
    wall = ["" if day.own_s == 1 else f"\n{(hour - FROM_H) * HOUR_S * day.own_s:g} s" for hour in hours]
    axis.set_xticks(hours, [f"{hour:02d}:00{after}" for hour, after in zip(hours, wall, strict=True)])


if __name__ == "__main__":
    draw().savefig(Path(__file__).with_name("time-compression.png"), dpi=110)
