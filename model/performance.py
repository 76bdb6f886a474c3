"""Performance measures: one number of a whole simulated run each, by which schedules are compared.

`PERFORMANCE` names them all. To add one, write a function of a `SimulatedRun` and give it a line there.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl

from model.centre import CentreSpec
from model.measures import DayMeasures, measure_day, visits
from model.scenario import Scenario
from model.staffing import OfficePlan, office_day
from model.stages import CENTRAL_STAGES
from model.units import HOUR_S, parse_duration_s


class SimulatedRun:
    """The days of a schedule as they were simulated once, with what several measures need of them."""

    def __init__(
        self, events: pl.DataFrame, scenario: Scenario, centre: CentreSpec, plans: dict[str, OfficePlan], days: int
    ) -> None:
        """Take a simulation's events and what was simulated."""
        self.events = events
        self.scenario = scenario
        self.centre = centre
        self.days = days
        self._plans = plans

    @cached_property
    def by_day(self) -> list[DayMeasures]:
        """The measures of each day."""
        return [measure_day(self.events, self.scenario, self._plans, day) for day in range(self.days)]

    @cached_property
    def office_days(self) -> pl.DataFrame:
        """Columns: office, opens_s, closes_s, evening_end_s; a row an office and day."""
        rows = [
            (code, today.opens_s, today.closes_s, today.evening_end_s)
            for code, plan in self._plans.items()
            for today in (office_day(self.scenario, plan.office, day) for day in range(self.days))
        ]
        return pl.DataFrame(rows, schema=["office", "opens_s", "closes_s", "evening_end_s"], orient="row")

    @cached_property
    def citizens(self) -> pl.DataFrame:
        """A row a citizen: `visits`, and the moments of the day on which they came."""
        return (
            visits(self.events)
            .sort("arrived_s")
            .join_asof(
                self.office_days.sort("opens_s"),
                left_on="arrived_s",
                right_on="opens_s",
                by="office",
                check_sortedness=False,
            )
        )

    @cached_property
    def waits_s(self) -> pl.Series:
        """From ticket to leaving, nights included; until the simulation's end at least for who is still there."""
        end_s = self.office_days["evening_end_s"].max()
        return self.citizens.select(pl.col("left_s").fill_null(pl.lit(end_s)) - pl.col("arrived_s")).to_series()


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
    """One number of a simulated run, and how to read it."""

    label: str
    unit: Unit
    larger_is_better: bool
    least: float
    """The smallest difference that anybody would care about, in the unit."""
    of: Callable[[SimulatedRun], float]


def cards_a_day(run: SimulatedRun) -> float:
    """Cards handed over a day."""
    return float(np.mean([day.cards for day in run.by_day]))


def wait_median(run: SimulatedRun) -> float:
    """The time from ticket to card that half of all citizens stayed below, in seconds."""
    return _quantile(run.waits_s, 0.5)


def wait_p95(run: SimulatedRun) -> float:
    """The same for 95 of 100."""
    return _quantile(run.waits_s, 0.95)


def same_day(run: SimulatedRun) -> float:
    """Share of the citizens who leave with their card, or know that they get none, on the day they came."""
    return float((run.citizens["left_s"] <= run.citizens["evening_end_s"]).fill_null(value=False).mean())  # type: ignore[arg-type] # a number


def overtime_h(run: SimulatedRun) -> float:
    """Staff hours after the regular shift, a day."""
    return float(np.mean([day.overtime_h for day in run.by_day]))


def backlog_at_end(run: SimulatedRun) -> float:
    """Citizens without a card when the last evening ends."""
    return float(run.by_day[-1].unserved)


def centre_utilisation(run: SimulatedRun) -> float:
    """Share of the centre's slots that are busy while any office is open, averaged over the days."""
    work = run.events.filter(pl.col("stage").cast(pl.String).is_in([stage.value for stage in CENTRAL_STAGES]))
    busy_s = open_s = 0.0
    per_day = run.office_days.with_columns(day=pl.int_range(pl.len()).over("office"))
    for _, today in per_day.group_by("day", maintain_order=True):
        first_s, last_s = float(today["opens_s"].min()), float(today["closes_s"].max())  # type: ignore[arg-type] # numbers
        within = work.select(pl.col("finished_s").clip(first_s, last_s) - pl.col("started_s").clip(first_s, last_s))
        busy_s += float(within.to_series().to_numpy().sum())
        open_s += last_s - first_s
    return busy_s / (run.centre.slots * open_s)


def centre_p95(run: SimulatedRun) -> float:
    """The mean over the days of the 95th percentile from a record's receipt to its card being ready, in seconds."""
    return float(np.mean([day.server_p95_s for day in run.by_day]))


def upgrade_h(run: SimulatedRun) -> float:
    """Hours from the upgrade's start to its end; 0 without one."""
    upgrade = run.scenario.upgrade
    return (upgrade.expected_end - upgrade.start).total_seconds() / HOUR_S if upgrade else 0.0


PERFORMANCE: dict[str, PerformanceMeasure] = {
    "wait_median": PerformanceMeasure("Median wait", Unit.SECONDS, False, 60.0, wait_median),
    "wait_p95": PerformanceMeasure("p95 wait", Unit.SECONDS, False, 120.0, wait_p95),
    "same_day": PerformanceMeasure("Same day", Unit.SHARE, True, 0.001, same_day),
    "cards_a_day": PerformanceMeasure("Cards a day", Unit.COUNT, True, 1.0, cards_a_day),
    "backlog_at_end": PerformanceMeasure("Backlog at end", Unit.COUNT, False, 1.0, backlog_at_end),
    "overtime_h": PerformanceMeasure("Overtime a day", Unit.HOURS, False, 1.0, overtime_h),
    "centre_utilisation": PerformanceMeasure("Centre busy", Unit.SHARE, False, 0.01, centre_utilisation),
    "centre_p95": PerformanceMeasure("Centre p95", Unit.SECONDS, False, 30.0, centre_p95),
    "upgrade_h": PerformanceMeasure("Upgrade takes", Unit.HOURS, False, 0.1, upgrade_h),
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


def _quantile(values: pl.Series, share: float) -> float:
    result = values.quantile(share, "linear")
    return float("nan") if result is None else result
