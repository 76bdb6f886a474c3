"""Charts of schedules: how far each is from as-is, and what a shorter wait is paid with."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, ScalarFormatter

from antrean.experiment import AS_IS
from antrean.ranking import OVERTIME, UPGRADE_LENGTH, Ranking, Standing, Verdict, dominates
from model.performance import PERFORMANCE, PerformanceMeasure, Unit
from model.replicate import Interval
from model.units import MINUTE_S

COLOURS = {Verdict.BEST: "#009E73", Verdict.TIED: "#0072B2", Verdict.WORSE: "#777777", Verdict.YARDSTICK: "#bbbbbb"}
MARKERS = {Verdict.BEST: "D", Verdict.TIED: "o", Verdict.WORSE: "s", Verdict.YARDSTICK: "^"}
FRONT = "#D55E00"
WIDE = 20.0
"""A range wider than so many times its smallest part is drawn by orders of magnitude."""
NEAR = 0.06
"""Points nearer to each other than this share of the chart have one label."""


class Point(NamedTuple):
    """One schedule in a chart of trade-offs."""

    label: str
    measures: dict[str, Interval]
    verdict: Verdict


def differences_from_as_is(ranking: Ranking) -> Figure:
    """Draw each schedule's difference from as-is in the measure, with the intervals that hold together."""
    shown = [standing for standing in ranking.standings if standing.name != AS_IS]
    measure = PERFORMANCE[ranking.measure]
    figure = Figure(figsize=(10, 1.6 + 0.32 * len(shown)))
    axis = figure.subplots()
    for row, standing in enumerate(shown):
        mean, low, high = _scaled(measure, standing.differences[ranking.measure])
        colour = COLOURS[standing.verdict]
        axis.plot([low, high], [row, row], color=colour, linewidth=3, solid_capstyle="butt")
        axis.plot(mean, row, MARKERS[standing.verdict], color=colour, markeredgecolor="white")
    axis.axvline(0, color="#222222", linewidth=1)
    matters = ranking.indifference * factor(measure)
    if max(map(abs, axis.get_xlim())) > WIDE * matters:
        # Linear to twice what matters, beyond that by orders of magnitude: one hopeless schedule hides no other.
        axis.set_xscale("symlog", linthresh=2 * matters)
        axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.set_yticks(range(len(shown)), [_label(standing) for standing in shown])
    axis.set_ylim(len(shown) - 0.5, -0.5)
    better = "right" if measure.larger_is_better else "left"
    axis.set_xlabel(f"{axis_name(ranking.measure)}, difference from as-is; better to the {better}")
    _legend(axis, [standing.verdict for standing in shown])
    return figure


def trade_offs(points: Sequence[Point], measure: str) -> Figure:
    """Draw a measure against overtime and against the upgrade's length, with the Pareto front of each pair.

    Schedules are numbered in the order of `points`, and named beside the charts.
    """
    figure = Figure(figsize=(10, 4.6))
    axes = figure.subplots(1, 2, sharey=True)
    values = [point.measures[measure].mean for point in points]
    if max(values) > WIDE * min(values) > 0:
        axes[0].set_yscale("log")
        axes[0].yaxis.set_major_formatter(ScalarFormatter())
        axes[0].yaxis.set_minor_formatter(NullFormatter())
    for axis, price in zip(axes, (OVERTIME, UPGRADE_LENGTH), strict=True):
        _scatter(axis, points, price, measure)
    axes[0].set_ylabel(axis_name(measure))
    axes[0].set_title("Waiting against overtime")
    axes[1].set_title("Waiting against the upgrade's length")
    lines = [f"{number}  {point.label}" for number, point in enumerate(points, start=1)]
    figure.legend(
        handles=[_key(point.verdict) for point in points], labels=lines, loc="outside right upper", fontsize=8
    )
    return figure


def _scatter(axis: Axes, points: Sequence[Point], price: str, measure: str) -> None:
    places = []
    for point in points:
        x, *x_ends = _scaled(PERFORMANCE[price], point.measures[price])
        y, *y_ends = _scaled(PERFORMANCE[measure], point.measures[measure])
        colour = COLOURS[point.verdict]
        axis.plot(x_ends, [y, y], color=colour, linewidth=1)
        axis.plot([x, x], y_ends, color=colour, linewidth=1)
        axis.plot(x, y, MARKERS[point.verdict], color=colour, markeredgecolor="white", markersize=8)
        places.append((x, y))
    for (x, y), numbers in _labels(axis, places).items():
        axis.annotate(numbers, (x, y), xytext=(6, 5), textcoords="offset points", fontsize=8)
    choices = [place for place, point in zip(places, points, strict=True) if point.verdict is not Verdict.YARDSTICK]
    line = front(choices, PERFORMANCE[measure].larger_is_better)
    axis.plot(*zip(*line, strict=True), color=FRONT, linestyle="--", linewidth=1.2, drawstyle="steps-post", zorder=0)
    axis.set_xlabel(axis_name(price))


def _labels(axis: Axes, places: Sequence[tuple[float, float]]) -> dict[tuple[float, float], str]:
    """The points' numbers, of those that lie on each other in one label, at the one furthest to the right."""
    labels: dict[tuple[float, float], list[int]] = {}
    axis.autoscale_view()
    within = axis.transLimits.transform(axis.transScale.transform(places))
    drawn = dict(zip(places, within.tolist(), strict=True))
    for number, place in enumerate(places, start=1):
        near = (
            other for other in labels if all(abs(a - b) < NEAR for a, b in zip(drawn[place], drawn[other], strict=True))
        )
        there = next(near, place)
        labels.setdefault(there, []).append(number)
    return {max(places[number - 1] for number in numbers): ", ".join(map(str, numbers)) for numbers in labels.values()}


def front(places: Sequence[tuple[float, float]], larger_is_better: bool) -> list[tuple[float, float]]:
    """Return the points that are beaten by no other one, from the cheapest; a point is its price and its measure."""
    sign = -1.0 if larger_is_better else 1.0
    costs = {place: (place[0], sign * place[1]) for place in places}
    return sorted(place for place in costs if not any(dominates(cost, costs[place]) for cost in costs.values()))


def factor(measure: PerformanceMeasure) -> float:
    """Return what an axis multiplies a measure by: seconds are shown as minutes, shares in percent."""
    return {Unit.SECONDS: 1 / MINUTE_S, Unit.SHARE: 100.0}.get(measure.unit, 1.0)


def _scaled(measure: PerformanceMeasure, found: Interval) -> tuple[float, float, float]:
    by = factor(measure)
    return found.mean * by, found.low * by, found.high * by


def axis_name(measure: str) -> str:
    """Return a measure's label with the unit that `factor` leads to."""
    unit = {Unit.SECONDS: " (min)", Unit.SHARE: " (%)", Unit.HOURS: " (h)"}.get(PERFORMANCE[measure].unit, "")
    return f"{PERFORMANCE[measure].label}{unit}"


def _label(standing: Standing) -> str:
    same = " (= as-is)" if standing.changed_nothing else ""
    return standing.name if standing.rank is None else f"{standing.rank}  {standing.name}{same}"


def _legend(axis: Axes, verdicts: Sequence[Verdict]) -> None:
    there = [verdict for verdict in Verdict if verdict in verdicts]
    axis.legend(handles=[_key(verdict) for verdict in there], labels=[verdict.value for verdict in there], fontsize=8)


def _key(verdict: Verdict) -> Line2D:
    return Line2D([], [], marker=MARKERS[verdict], color=COLOURS[verdict], linestyle="", markeredgecolor="white")
