"""Faults in charts over time: hatched, so that they are told from the shading of peaks and upgrades also in grey."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from antrean.fault_day import FaultTimes
from model.units import HOUR_S

HATCHES = {
    "latency": "////",
    "errors": "\\\\\\\\",
    "printer-down": "....",
    "link-cut": "xxxx",
    "worker-killed": "||||",
    "postgres-restart": "----",
}
"""Each kind's own."""
EDGE = "#666666"
LINE_HEIGHT = 0.11
"""Of an axis: so far above each other stand the numbers of faults that overlap."""
Faults = Mapping[str, Sequence[FaultTimes]]
"""What was injected, by "upgrade" or "faults": the day."""


def shade_faults(axis: Axes, faults: Sequence[FaultTimes]) -> None:
    """Hatch when each fault was, over an axis of hours, and write its number, counted from 1, at the bottom."""
    for number, fault in enumerate(faults):
        start, end = fault.start_s / HOUR_S, fault.end_s / HOUR_S
        axis.axvspan(start, end, facecolor="none", edgecolor=EDGE, hatch=HATCHES[fault.kind], lw=0, alpha=0.5, zorder=0)
        for moment in (start, end):
            axis.axvline(moment, color=EDGE, linewidth=0.6, zorder=0)
        below = sum(other.start_s < fault.end_s and fault.start_s < other.end_s for other in faults[:number])
        axis.annotate(
            str(number + 1), ((start + end) / 2, 0.02 + LINE_HEIGHT * below), xycoords=("data", "axes fraction"),
            ha="center", va="bottom", fontsize=7, fontweight="bold",
            bbox={"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": EDGE, "linewidth": 0.6},
        )  # fmt: skip


def explain_faults(figure: Figure, faults: Faults, note: str = "") -> None:
    """Say below a figure which fault each number is, if there are any; the note comes after the heading."""
    for day, injected in faults.items():
        handles = [
            Patch(facecolor="white", edgecolor=EDGE, hatch=HATCHES[fault.kind], label=f"{number} {fault.name}")
            for number, fault in enumerate(injected, 1)
        ]
        if handles:
            figure.legend(
                handles=handles, loc="outside lower center", ncols=3, fontsize=8, title_fontsize=8,
                title=f"Faults injected on the {day} day{note}",
            )  # fmt: skip
