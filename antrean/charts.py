"""Charts of a run, each a matplotlib figure made from events and measures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from textwrap import wrap
from typing import Any

import matplotlib.style
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from antrean.fault_shading import Faults, explain_faults, shade_faults
from model.measures import by_hour, visits
from model.normal_service import queue_within
from model.offices import Zone
from model.scenario import Scenario
from model.units import HOUR_S, MINUTE_S
from model.upgrade_cost import at_centre, by_slot, queue_at_centre

NORMAL, SECOND, UPGRADE, FAULTS = "#0072B2", "#56B4E9", "#D55E00", "#882255"
COLOURS = {"normal": NORMAL, "second": SECOND, "upgrade": UPGRADE, "faults": FAULTS}
PEAK_SHADE, UPGRADE_SHADE = "#000000", "#D55E00"
DASHES = {"lab": "-", "twin": (0, (4, 2)), "nation": "-"}
MS_PER_S = 1000.0
AGAIN = "#009E73"
"""The moment of normal service."""
DAY_LINES: dict[str, dict[str, Any]] = {
    "normal": {"color": NORMAL, "linestyle": "--", "linewidth": 1.2},
    "upgrade": {"color": UPGRADE, "linestyle": "-", "linewidth": 2},
}
"""How the two days are drawn over each other."""
SLOT_S = 10 * MINUTE_S
"""Over so much of the day a point of the upgrade day's lines counts."""
NAMES_ACROSS = 45
"""So many phases' names, aslant, find room side by side."""
MARK = "*"
"""Stands at what is extrapolated."""
LETTERS_ACROSS = 150
"""So many small letters find room below a figure."""
NO_FAULTS: Faults = {}
Frames = dict[str, pl.DataFrame]
Phases = Sequence[tuple[str, float, float | None]]


@contextmanager
def style() -> Iterator[None]:
    """Draw in the project's style while the block lasts."""
    with as_file(files("antrean") / "antrean.mplstyle") as sheet, matplotlib.style.context(sheet):
        yield


def day_in_hours(
    frames: Frames, scenario: Scenario, upgrade: tuple[float, float] | None, speedup: float, faults: Faults = NO_FAULTS
) -> Figure:
    """Draw the day in hours, normal day beside the other: arrivals and cards, who waits, how slow the server is.

    Args:
        frames: the events of the days, by "normal" and "upgrade" or "faults".
        scenario: for its peak windows.
        upgrade: when the upgrade worked, in scenario seconds; shaded on its day.
        speedup: divides the server's times back to its own clock.
        faults: hatched on their day.
    """
    figure = Figure(figsize=(10, 7.5))
    axes = figure.subplots(3, len(frames), sharex=True, sharey="row", squeeze=False)
    hours = _hours(frames)
    for column, (day, frame) in enumerate(frames.items()):
        table = by_hour(frame, hours)
        middle = table["hour"].to_numpy() + 0.5
        arrivals, waiting, server = axes[:, column]
        arrivals.bar(middle, table["arrivals"], width=0.9, color="#bbbbbb", label="citizens who came")
        arrivals.plot(middle, table["cards"], color=COLOURS[day], marker="o", markersize=3, label="cards handed over")
        arrivals.set_title(f"{day.capitalize()} day")
        moments, inside = _inside(frame)
        waiting.fill_between(moments / HOUR_S, inside, color=COLOURS[day], alpha=0.25, step="post")
        waiting.plot(moments / HOUR_S, inside, color=COLOURS[day], drawstyle="steps-post")
        for name, line in (("p50", ":"), ("p95", "-"), ("p99", "--")):
            values = table[f"server_{name}_s"].to_numpy() / speedup * MS_PER_S
            server.plot(middle, values, line, color=COLOURS[day], label=f"server {name}")
        for axis in (arrivals, waiting, server):
            _shade(axis, scenario, upgrade if day == "upgrade" else None)
            shade_faults(axis, faults.get(day, ()))
        arrivals.legend(loc="best", fontsize=8)
        server.legend(loc="best", fontsize=8)
        server.set_xlabel(f"hour of the day, {clock_name(scenario)}")
        server.set_xlim(hours.start, hours.stop)
        _scale_by_ratios(server)
    axes[0, 0].set_ylabel("an hour")
    axes[1, 0].set_ylabel("citizens without card")
    axes[2, 0].set_ylabel("receipt to ready (ms)")
    explain_faults(figure, faults)
    return figure


def upgrade_day(
    frames: Frames, scenario: Scenario, phases: Phases, normal_again_s: float | None, speedup: float, faults: Faults
) -> Figure:
    """Draw the upgrade day over the normal day: throughput, p95 and the queue at the centre, the phases shaded.

    Args:
        frames: the events of the days, by "upgrade" and, if it was played, "normal".
        scenario: for its clock.
        phases: name, start and end of each phase, in scenario seconds; the end is None where it was not seen.
        normal_again_s: when normal service was back; marked by a line.
        speedup: divides the server's times back to its own clock.
        faults: of the upgrade day, hatched.
    """
    figure = Figure(figsize=(10, 7))
    axes = figure.subplots(3, 1, sharex=True)
    first_s, last_s = reach_s(frames)
    for day in reversed(list(frames)):
        table, drawn = slots(frames[day], first_s, last_s), dict(DAY_LINES[day], label=f"{day} day")
        axes[0].plot(table["hour"], table["ready_per_h"], **drawn)
        axes[1].plot(table["hour"], table["server_p95_s"] / speedup * MS_PER_S, **drawn)
        axes[2].plot(table["hour"], table["most"], **drawn)
    for axis in axes:
        shade_phases(axis, phases, last_s)
        shade_faults(axis, faults.get("upgrade", ()))
        if normal_again_s is not None:
            axis.axvline(normal_again_s / HOUR_S, color=AGAIN, linewidth=1.5)
        axis.set_xlim(first_s / HOUR_S, last_s / HOUR_S)
    _name_phases(axes[0], phases, last_s)
    if normal_again_s is not None:
        clock = scenario.moment_at(normal_again_s).strftime("%H:%M")
        axes[2].annotate(
            f" normal service {clock}", (normal_again_s / HOUR_S, 1), xycoords=("data", "axes fraction"), va="top",
            color=AGAIN, fontsize=8, bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
        )  # fmt: skip
    axes[0].set_ylabel("records ready an hour")
    axes[0].legend(loc="upper right", fontsize=8)
    axes[1].set_ylabel("receipt to ready, p95 (ms)")
    _scale_by_ratios(axes[1])
    axes[2].set_ylabel("most records at the centre")
    axes[2].set_ylim(bottom=0)
    axes[2].set_xlabel(f"hour of the day, {clock_name(scenario)}")
    explain_faults(figure, faults)
    return figure


def twin_over_measurement(
    frames: dict[tuple[str, str], pl.DataFrame], scenario: Scenario, faults: Faults = NO_FAULTS
) -> Figure:
    """Lay the simulated day over the measured one: who waits over the day, and how long people waited.

    Args:
        frames: events by (kind, day), such as ("twin", "normal").
        scenario: for its peak windows.
        faults: hatched; what was measured was under them, what was simulated was not.
    """
    figure = Figure(figsize=(10, 4))
    inside_axis, waits_axis = figure.subplots(1, 2)
    for (kind, day), frame in frames.items():
        label = f"{day} day, {'measured' if kind == 'lab' else 'simulated'}"
        moments, inside = _inside(frame)
        drawn = {"color": COLOURS[day], "linestyle": DASHES[kind], "label": label}
        inside_axis.plot(moments / HOUR_S, inside, drawstyle="steps-post", **drawn)
        waits_axis.plot(*_ecdf(_waits_s(frame) / MINUTE_S), drawstyle="steps-post", **drawn)
    _shade(inside_axis, scenario, None)
    for injected in faults.values():
        shade_faults(inside_axis, injected)
    explain_faults(figure, faults, ", which the twin does not know")
    inside_axis.set_title("Citizens without card over the day")
    inside_axis.set_xlabel(f"hour of the day, {clock_name(scenario)}")
    inside_axis.set_ylabel("citizens")
    waits_axis.set_title("How long citizens waited for their card")
    waits_axis.set_xlabel("minutes from ticket to card")
    waits_axis.set_ylabel("share served within")
    waits_axis.set_ylim(0, 1.02)
    waits_axis.legend(loc="lower right", fontsize=8)
    return figure


def nation_in_hours(frames: Frames, scenario: Scenario, beyond: Sequence[str] = ()) -> Figure:
    """Draw the simulated nation: citizens without card and the centre's p95, hour by hour over all its days.

    Args:
        frames: the events of the days, by "normal" and "upgrade".
        scenario: for its peak windows and clock.
        beyond: what is said below of the extrapolation, which the lines' names then are marked for.
    """
    figure = Figure(figsize=(10, 5.5))
    waiting, server = figure.subplots(2, 1, sharex=True)
    hours, mark = _hours(frames), _explain_beyond(figure, beyond)
    for day, frame in frames.items():
        table = by_hour(frame, hours)
        drawn = {"color": COLOURS[day], "linestyle": "-" if day == "normal" else "--", "label": f"{day} days{mark}"}
        waiting.plot(table["hour"] + 1, table["waiting"], **drawn)
        server.plot(table["hour"] + 0.5, table["server_p95_s"] / MINUTE_S, **drawn)
    for axis in (waiting, server):
        for number in range(hours.start // 24, (hours.stop - 1) // 24 + 1):
            _shade(axis, scenario, None, 24 * number)
    waiting.set_title(f"All {len(set(frames['normal']['office']))} offices")
    waiting.set_ylabel("citizens without card")
    waiting.legend(loc="upper right", fontsize=8)
    server.set_ylabel("centre p95 (min)")
    server.set_xlabel(f"hours since {scenario.scenario.start:%A %-d %B %Y, 00:00} {clock_name(scenario)}")
    return figure


def nation_by_zone(frames: Frames, zones: dict[str, str], beyond: Sequence[str] = ()) -> Figure:
    """Draw the nation's waits by zone: how long the middle half and the middle nine tenths of its citizens waited.

    Args:
        frames: the events of the days, by "normal" and "upgrade".
        zones: each office's zone.
        beyond: as for `nation_in_hours`.
    """
    figure = Figure(figsize=(10, 2.8 + 0.4 * len(beyond)))
    axis, mark = figure.subplots(), _explain_beyond(figure, beyond)
    ticks, labels = [], []
    for row, zone in enumerate(dict.fromkeys(zones.values())):
        offices = [code for code, its_zone in zones.items() if its_zone == zone]
        for offset, (day, frame) in zip((-0.18, 0.18), frames.items(), strict=False):
            waits = _waits_s(frame.filter(pl.col("office").is_in(offices))) / MINUTE_S
            p5, p25, p50, p75, p95 = np.quantile(waits, (0.05, 0.25, 0.5, 0.75, 0.95))
            axis.plot([p5, p95], [row + offset] * 2, color=COLOURS[day], linewidth=1.5)
            axis.plot([p25, p75], [row + offset] * 2, color=COLOURS[day], linewidth=7, solid_capstyle="butt")
            marker, label = "o" if day == "normal" else "D", f"{day} day{mark}" if row == 0 else None
            axis.plot(p50, row + offset, marker, color="white", markeredgecolor=COLOURS[day], label=label)
        ticks.append(row)
        labels.append(f"{zone} ({len(offices)} offices)")
    axis.set_yticks(ticks, labels)
    axis.invert_yaxis()
    axis.set_xlabel("minutes from ticket to card: median, middle half, 5 to 95 of 100")
    axis.set_title("Waits by time zone")
    axis.legend(loc="lower right", fontsize=8)
    return figure


def _explain_beyond(figure: Figure, beyond: Sequence[str]) -> str:
    """Say below a figure what of it is extrapolated; returns the mark for the names of its lines, or nothing."""
    for line in beyond:
        words = "\n".join(wrap(line, LETTERS_ACROSS))
        # Nothing is drawn for it: the sentence begins with its mark.
        figure.legend(handles=[Line2D([], [], linestyle="none", label=words)], loc="outside lower left", fontsize=8,
                      handlelength=0, handletextpad=0)  # fmt: skip
    return f" {MARK}" if beyond else ""


def clock_name(scenario: Scenario) -> str:
    """Return the name of the zone whose clock the scenario counts by, such as "WIB"."""
    offset_s = scenario.utc_offset_s
    return next((zone.value for zone in Zone if zone.utc_offset_s == offset_s), f"{scenario.scenario.start:%Z}")


def _shade(axis: Axes, scenario: Scenario, upgrade: tuple[float, float] | None, first_hour: int = 0) -> None:
    """Mark the known peak windows in grey and the upgrade in colour."""
    for peak in scenario.centre.peaks:
        axis.axvspan(
            first_hour + peak.start_s / HOUR_S, first_hour + peak.end_s / HOUR_S, color=PEAK_SHADE, alpha=0.07, lw=0
        )
    if upgrade is not None:
        start_s, end_s = upgrade
        axis.axvspan(start_s / HOUR_S, end_s / HOUR_S, color=UPGRADE_SHADE, alpha=0.10, lw=0, zorder=0)
        for moment_s in upgrade:
            axis.axvline(moment_s / HOUR_S, color=UPGRADE_SHADE, linewidth=1, linestyle=":")


def _scale_by_ratios(axis: Axes) -> None:
    """Scale an axis by ratios, and write figures to it also where it spans less than a power of ten."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(ScalarFormatter())
    axis.yaxis.set_minor_formatter(NullFormatter())


def slots(events: pl.DataFrame, first_s: float, last_s: float) -> pl.DataFrame:
    """Count a day's events by slots of `SLOT_S`, between two moments.

    Columns: hour (the slot's middle), most (the longest queue at the centre), and those of `by_slot`.
    """
    records = at_centre(events)
    table, queue = by_slot(records, SLOT_S, first_s, last_s), queue_at_centre(records)
    most = [queue_within(queue, start_s, start_s + SLOT_S)[1] for start_s in table["start_s"]]
    return table.with_columns(hour=(pl.col("start_s") + SLOT_S / 2) / HOUR_S, most=pl.Series(most, dtype=pl.Int64))


def shade_phases(axis: Axes, phases: Phases, last_s: float) -> None:
    """Shade the upgrade's phases in turn lighter and darker; one that has not ended until `last_s`."""
    for number, (_, start_s, end_s) in enumerate(phases):
        start, end = start_s / HOUR_S, (last_s if end_s is None else end_s) / HOUR_S
        axis.axvspan(start, end, color=UPGRADE_SHADE, alpha=(0.10, 0.20)[number % 2], lw=0, zorder=0)
        axis.axvline(start, color=UPGRADE_SHADE, linewidth=0.6, linestyle=":")


def _name_phases(axis: Axes, phases: Phases, last_s: float) -> None:
    """Write the phases' names above an axis, aslant: some last no longer than a line is wide."""
    left, right = axis.get_xlim()
    room, end_of_last = (right - left) / NAMES_ACROSS, -np.inf
    for name, start_s, end_s in phases:
        # A name starts at its phase's middle, or as far behind the name before as letters are high.
        middle = (start_s + (last_s if end_s is None else end_s)) / 2 / HOUR_S
        at = max(middle, end_of_last + room)
        axis.annotate(
            name, (middle, 1), xytext=(at, 1.03), xycoords=("data", "axes fraction"),
            textcoords=("data", "axes fraction"), rotation=40, fontsize=8, ha="left", va="bottom", color=UPGRADE,
        )  # fmt: skip
        end_of_last = at


def _hours(frames: Frames) -> range:
    first_s, last_s = reach_s(frames)
    return range(int(first_s // HOUR_S), int(last_s // HOUR_S) + 1)


def reach_s(frames: Frames) -> tuple[float, float]:
    """Return when the first of the days' events began and when the last ended."""
    first_s = min(float(frame["entered_s"].min()) for frame in frames.values())  # type: ignore[arg-type] # a number
    last_s = max(float(frame["finished_s"].max()) for frame in frames.values())  # type: ignore[arg-type] # a number
    return first_s, last_s


def _inside(frame: pl.DataFrame) -> tuple[Any, Any]:
    """When the number of citizens without card changes, and to what."""
    everybody = visits(frame)
    came, left = everybody["arrived_s"].to_numpy(), everybody["left_s"].drop_nulls().to_numpy()
    moments = np.concatenate((came, left))
    steps = np.concatenate((np.ones_like(came), -np.ones_like(left)))
    order = np.argsort(moments, kind="stable")
    return moments[order], np.cumsum(steps[order])


def _waits_s(frame: pl.DataFrame) -> Any:
    """Waits of everybody; who was not served has waited until the last event at least."""
    left = pl.col("left_s").fill_null(pl.lit(frame["finished_s"].max()))
    return visits(frame).select(left - pl.col("arrived_s")).to_series().to_numpy()


def _ecdf(values: Any) -> tuple[Any, Any]:
    return np.sort(values), np.arange(1, len(values) + 1) / len(values)
