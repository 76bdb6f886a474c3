"""The chart of April 2016: what comes in at the centre in its peaks, and what an operator hour yields when."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from antrean import charts
from antrean.sensitivity import Conclusion
from antrean.sensitivity_report import tornado
from benchmarks.april_2016_claims import NORMAL, UPGRADE
from model.sensitivity import Sensitivity

DAYS = {
    NORMAL: ("normal days", -0.2, charts.COLOURS["normal"], ""),
    UPGRADE: ("upgrade", 0.2, charts.COLOURS["upgrade"], "//"),
}
LOADS = {"load 08:00-10:00": "08-10", "load 16:00-18:00": "16-18"}
RATES = {
    "per_staffed_hour_afternoon": "there,\n13-17",
    "per_staffed_hour_evening": "there,\nfrom 17",
    "per_working_hour_afternoon": "at work,\n13-17",
    "per_working_hour_evening": "at work,\nfrom 17",
}


def write_charts(
    result: dict[str, Any], conclusions: list[Conclusion], asked: Sensitivity, folder: Path
) -> tuple[Path, Path]:
    """Draw april-2016.svg and, of the guesses, april-2016-guesses.svg, the same to the byte from the same data."""
    case, guesses = folder / "april-2016.svg", folder / "april-2016-guesses.svg"
    with charts.style(), mpl.rc_context({"svg.hashsalt": "april-2016", "svg.fonttype": "none"}):
        draw(result).savefig(case, metadata={"Date": None})
        tornado(conclusions, asked).savefig(guesses, metadata={"Date": None})
    return case, guesses


def draw(result: dict[str, Any]) -> Figure:
    """Draw bars of the means, with their intervals."""
    figure = Figure(figsize=(10, 4))
    load, rate = figure.subplots(1, 2, width_ratios=(1, 2))
    _bars(load, result, LOADS)
    load.axhline(1.0, color="#222222", linewidth=1)
    load.set_title("Work coming in at the centre")
    load.set_ylabel("of what it can do")
    load.set_xlabel("hours, WIB")
    _bars(rate, result, RATES)
    rate.set_title("Records an hour of an operator who is ...")
    rate.set_ylabel("records an hour, all offices")
    handles, labels = load.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def _bars(axis: Axes, result: dict[str, Any], shown: dict[str, str]) -> None:
    for day, (label, offset, colour, hatch) in DAYS.items():
        found = [result["figures"][day][name] for name in shown]
        means = [each["mean"] for each in found]
        half = [(each["high"] - each["low"]) / 2 for each in found]
        places = [place + offset for place in range(len(shown))]
        drawn: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "white", "label": label}
        axis.bar(places, means, 0.36, yerr=half, capsize=3, **drawn)
    axis.set_xticks(range(len(shown)), list(shown.values()))
    axis.grid(axis="x", visible=False)
