"""Charts of a validation: the measured day laid over its prediction."""

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from antrean.charts import COLOURS, MS_PER_S, clock_name
from antrean.validation.bands import Floats, waits_s
from antrean.validation.comparison import Comparison
from model.scenario import Scenario
from model.units import MINUTE_S

MEASURED = "#222222"


def day_over_prediction(
    comparison: Comparison, measured: pl.DataFrame, predicted: list[pl.DataFrame], scenario: Scenario, end_s: float
) -> Figure:
    """Draw throughput, backlog, waits and the centre's times by hour, and the distribution of the waits.

    Tinted: the 90% prediction interval. Dashed: the middle of the prediction.
    """
    figure = Figure(figsize=(10, 7))
    axes = figure.subplots(2, 2)
    colour = COLOURS["upgrade" if scenario.upgrade else "normal"]
    speedup = scenario.load.speedup
    drawn = (
        (axes[0, 0], "cards", 1.0, "Cards handed over", "an hour"),
        (axes[0, 1], "waiting", 1.0, "Citizens without card", "at the hour's end"),
        (axes[1, 0], "centre_s", MS_PER_S / speedup, "Receipt to ready, median", "ms of the server's clock"),
    )
    for axis, name, factor, title, unit in drawn:
        _by_hour(axis, comparison.bands, name, factor, colour)
        axis.set_title(title)
        axis.set_ylabel(unit)
        axis.set_xlabel(f"hour of the day, {clock_name(scenario)}")
    axes[0, 0].legend(loc="upper right", fontsize=8)
    _waits(axes[1, 1], waits_s(measured, end_s), [waits_s(day, end_s) for day in predicted], colour)
    return figure


def _by_hour(axis: Axes, bands: pl.DataFrame, name: str, factor: float, colour: str) -> None:
    middle = bands["hour"].to_numpy() + 0.5
    low, high, expected, seen = (
        bands[column].cast(pl.Float64).to_numpy() * factor
        for column in (f"{name}_low", f"{name}_high", f"{name}_middle", name)
    )
    axis.fill_between(middle, low, high, color=colour, alpha=0.25, linewidth=0, label="90% interval")
    axis.plot(middle, expected, color=colour, linestyle="--", label="predicted")
    axis.plot(middle, seen, color=MEASURED, marker="o", markersize=3.5, linewidth=1.5, label="measured")
    axis.set_ylim(bottom=0)


def _waits(axis: Axes, measured: Floats, predicted: list[Floats], colour: str) -> None:
    for values in predicted:
        axis.plot(*_shares(values), color=colour, linewidth=0.5, alpha=0.3, drawstyle="steps-post")
    axis.plot(*_shares(np.concatenate(predicted)), color=colour, linestyle="--", drawstyle="steps-post")
    axis.plot(*_shares(measured), color=MEASURED, linewidth=1.5, drawstyle="steps-post")
    axis.set_title("Waits for the card")
    axis.set_xlabel("minutes from ticket to card")
    axis.set_ylabel("share served within")
    axis.set_ylim(0, 1.02)


def _shares(values_s: Floats) -> tuple[Floats, Floats]:
    return np.sort(values_s) / MINUTE_S, np.arange(1, len(values_s) + 1) / len(values_s)
