"""Performance measures: one number of a whole run each, by which schedules are compared.

What is counted is told in `model/run_measures.py`; `PERFORMANCE` names it, with its unit and which way is better. To
add one, add a field there and give it a line here.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from model.run_measures import RunMeasures
from model.units import HOUR_S, parse_duration_s

NEVER_DAYS = 365.0
"""What stands for a backlog that takes longer than a year to be gone, or never is: a mean needs a number."""


class Unit(StrEnum):
    """What a measure counts in."""

    SECONDS = "s"
    HOURS = "h"
    COUNT = "count"
    SHARE = "share"

    def parse(self, value: object) -> float:
        """Read a planner's value: a duration ("2 h") of a measure in seconds or hours, else a number.

        Raises:
            ValueError: no duration or no number.
        """
        if self in (Unit.SECONDS, Unit.HOURS):
            return parse_duration_s(value) / (HOUR_S if self is Unit.HOURS else 1.0)
        try:
            return float(str(value))
        except ValueError:
            raise ValueError(f"{value!r} is not a number") from None


class PerformanceMeasure(NamedTuple):
    """One number of a run, and how to read it."""

    label: str
    unit: Unit
    larger_is_better: bool
    least: float
    """The smallest difference that anybody would care about, in the unit."""
    of: Callable[[RunMeasures], float]


PERFORMANCE: dict[str, PerformanceMeasure] = {
    "wait_median": PerformanceMeasure("Median wait", Unit.SECONDS, False, 60.0, lambda run: run.wait_median_s),
    "wait_p95": PerformanceMeasure("p95 wait", Unit.SECONDS, False, 120.0, lambda run: run.wait_p95_s),
    "same_day": PerformanceMeasure("Same day", Unit.SHARE, True, 0.001, lambda run: run.same_day),
    "cards_a_day": PerformanceMeasure("Cards a day", Unit.COUNT, True, 1.0, lambda run: run.cards_per_day),
    "backlog_at_end": PerformanceMeasure("Backlog at end", Unit.COUNT, False, 1.0, lambda run: float(run.backlog)),
    "days_to_clear": PerformanceMeasure(
        "Days to clear", Unit.COUNT, False, 0.1, lambda run: min(run.days_to_clear, NEVER_DAYS)
    ),
    "gave_up": PerformanceMeasure(
        "Gave up", Unit.COUNT, False, 1.0, lambda run: float(run.left + run.sent_home_for_good)
    ),
    "turned_away": PerformanceMeasure("Turned away", Unit.COUNT, False, 1.0, lambda run: float(run.turned_away)),
    "overtime_h": PerformanceMeasure("Overtime a day", Unit.HOURS, False, 1.0, lambda run: run.overtime_h / run.days),
    "overtime_cost": PerformanceMeasure(
        "Overtime cost", Unit.COUNT, False, 1.0, lambda run: run.overtime_cost / run.days
    ),
    "centre_utilisation": PerformanceMeasure("Centre busy", Unit.SHARE, False, 0.01, lambda run: run.utilisation),
    "centre_p95": PerformanceMeasure("Centre p95", Unit.SECONDS, False, 30.0, lambda run: run.server_p95_s),
    "upgrade_h": PerformanceMeasure("Upgrade takes", Unit.HOURS, False, 0.1, lambda run: run.upgrade_s / HOUR_S),
}
"""Every measure by the name that the command line and the scenario file call it by."""


def performance(name: str) -> PerformanceMeasure:
    """Return a measure by its name.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in PERFORMANCE:
        raise ValueError(f"there is no measure {name!r}; there are {', '.join(PERFORMANCE)}")
    return PERFORMANCE[name]
