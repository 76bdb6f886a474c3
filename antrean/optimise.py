"""`antrean optimise`: its folder, the search, and what it found as a table, JSON and a chart."""

from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from antrean import studies
from antrean.charts import style
from antrean.compare_charts import FRONT, axis_name, factor
from antrean.experiment import AS_IS
from antrean.goal import Goal, read_goal
from antrean.play import Show
from antrean.replications import workers
from antrean.runs import Run
from antrean.search import Optimum, Search, Tried
from antrean.wording import shown
from model.centre import national_centre
from model.optimise import Written
from model.performance import PERFORMANCE
from model.scenario import Scenario
from model.schedules import quick_look
from model.strategies import combine

KIND = "optimise"
SCHEMA_VERSION = 1
KEPT, BROKEN, START = "#0072B2", "#bbbbbb", "#222222"


class Options(NamedTuple):
    """What is asked for beside the scenario's `[optimise]`."""

    days: int
    offices: list[str] | None
    """Codes of the offices that take part, for a quick look; None for all of the scenario's."""
    trials: int | None
    """In place of `optimise.trials`."""


def begin(results: Path, scenario_name: str, scenario: Scenario, options: Options) -> Run:
    """Make the folder of a new search.

    Raises:
        ScenarioError: `[optimise]` is missing or wrong.
    """
    goal_of(scenario, options)
    return studies.begin(results, KIND, scenario_name, scenario, options._asdict())


def resume(folder: Path, changed: dict[str, Any]) -> tuple[Run, Scenario, Options]:
    """Take up a search that was interrupted, or go on with one for more trials.

    Raises:
        ValueError: see `antrean.studies.resume`.
    """
    begun, scenario, asked = studies.resume(folder, KIND, changed, fixed={"days", "offices"})
    return begun, scenario, Options(**asked)


def goal_of(scenario: Scenario, options: Options) -> Goal:
    """Return what is searched.

    Raises:
        ScenarioError: `[optimise]` is missing or wrong.
    """
    goal = read_goal(scenario.optimise, combine(_strategy(scenario).split("+"))(scenario))
    return goal._replace(trials=options.trials or goal.trials)


def optimise(begun: Run, scenario: Scenario, options: Options, processes: int, show: Show) -> Optimum:
    """Search until the trials are done; the same for any number of processes."""
    base, centre = scenario, national_centre(scenario)
    if options.offices is not None:
        base, centre = quick_look(scenario, options.offices)
    goal = goal_of(scenario, options)
    journal = begun.folder / "search.journal"
    with workers(processes) as executor:
        return Search(base, centre, _strategy(scenario), goal, options.days, journal).run(executor, show)


def front_table(optimum: Optimum, goal: Goal) -> tuple[list[str], list[list[str]]]:
    """Return the columns (choices, then objectives) and the lines of the Pareto set, after that what it began with."""
    keys = [choice.key for choice in goal.choices]
    columns = [*keys, *(PERFORMANCE[name].label for name in goal.objectives)]
    lines = [[*(written(each.values[key]) for key in keys), *_figures(each.measures, goal)] for each in optimum.front]
    return columns, [*lines, ["begins with", *[""] * (len(keys) - 1), *_figures(optimum.reference, goal)]]


def save_optimum(begun: Run, optimum: Optimum, goal: Goal) -> Path:
    """Write optimum.json and the chart front.png into the search's folder; return the chart's path."""
    begun.save_json(
        "optimum.json",
        {
            "schema_version": SCHEMA_VERSION,
            "objectives": goal.objectives,
            "limits": {limit.measure: limit.value for limit in goal.limits},
            "begins_with": optimum.reference,
            "impossible": optimum.impossible,
            "tried": [
                each._asdict() | {"values": {key: written(value) for key, value in each.values.items()}}
                for each in optimum.tried
            ],
        },
    )
    path = begun.folder / "front.png"
    with style():
        front_chart(optimum, goal).savefig(path)
    return path


def front_chart(optimum: Optimum, goal: Goal) -> Figure:
    """Draw every trial in each pair of objectives: those that keep the limits, the Pareto set, and the beginning."""
    pairs = list(combinations(goal.objectives, 2))
    figure = Figure(figsize=(max(5.0, 3.6 * len(pairs)), 4.2))
    axes = figure.subplots(1, len(pairs), squeeze=False)[0]
    for axis, (y, x) in zip(axes, pairs, strict=True):
        broken = [each for each in optimum.tried if not each.kept]
        behind = [each for each in optimum.tried if each.kept and not each.on_front]
        _points(axis, broken, x, y, {"marker": "x", "color": BROKEN, "label": "breaks a limit"})
        _points(axis, behind, x, y, {"marker": "o", "color": KEPT, "alpha": 0.5, "label": "beaten by another"})
        _points(axis, optimum.front, x, y, {"marker": "D", "color": FRONT, "label": "Pareto set"})
        start = Tried({}, optimum.reference, kept=True, on_front=False)
        _points(axis, [start], x, y, {"marker": "*", "color": START, "markersize": 12, "label": "begins with"})
        axis.set_xlabel(axis_name(x))
        axis.set_ylabel(axis_name(y))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize=8)
    return figure


def written(value: Written) -> str:
    """Write a choice's value as people read it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _points(axis: Axes, trials: list[Tried], x: str, y: str, drawn: dict[str, Any]) -> None:
    if not trials:
        return
    axis.plot(
        [each.measures[x] * factor(PERFORMANCE[x]) for each in trials],
        [each.measures[y] * factor(PERFORMANCE[y]) for each in trials],
        **{"linestyle": "", "markersize": 6, **drawn},
    )


def _figures(measures: dict[str, float], goal: Goal) -> list[str]:
    return [shown(name, measures[name]) for name in goal.objectives]


def _strategy(scenario: Scenario) -> str:
    return scenario.optimise.strategy if scenario.optimise else AS_IS
