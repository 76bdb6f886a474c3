"""A run as one: all its days in one row of figures, by which schedules are compared."""

import math
from typing import NamedTuple

import numpy as np
import polars as pl

from model.events import Exit
from model.measures import by_evening_s, measure_days, moments_of, quantile, server_times_s, visits
from model.periods import upgrade_length_s
from model.scenario import Scenario
from model.staffing import OfficePlan
from model.stages import REFUSED
from model.units import DAY_S


class RunMeasures(NamedTuple):
    """All days of one run, over all its offices."""

    days: int
    """Days on which offices were open."""
    arrivals: int
    """Citizens who took a ticket."""
    cards_per_day: float
    """Cards handed over on a day."""
    wait_median_s: float
    """Median time from ticket to card."""
    wait_p95_s: float
    """95th percentile of the same."""
    queue_median_s: float
    """Median time from the ticket until called to a counter, or until leaving."""
    queue_p95_s: float
    """95th percentile of the same."""
    same_day: float
    """Share of citizens who had the card, or were refused, on the day on which they came."""
    overtime_h: float
    """Staff hours after the regular shifts."""
    overtime_cost: float
    """What they cost."""
    backlog: int
    """Citizens at the end who wait for a card that is not printed yet, inside or at home."""
    days_to_clear: float
    """Days like the best of the run until the backlog is gone, if citizens keep coming: it over how many more the best
    day finished than came on a mean day. Infinite when none did."""
    left: int
    """Citizens whose patience ended."""
    turned_away: int
    """Citizens told at the door that what they come for is not offered yet."""
    sent_home_for_good: int
    """Citizens sent home in the evening who do not come back."""
    utilisation: float
    """Mean share of the centre's slots that worked while any doors were open."""
    server_p95_s: float
    """95th percentile of the time from the centre's receipt of a record to its card being ready for the printer."""
    upgrade_s: float
    """From the upgrade's start until it has switched everybody over, as planned; 0 without one."""


def measure_run(
    events: pl.DataFrame, scenario: Scenario, plans: dict[str, OfficePlan], days: int, slots: int | None = None
) -> RunMeasures:
    """Measure the first `days` days of a run as one; arguments as for `measure_days`.

    Raises:
        ValueError: nobody arrived on a day on which some office was open.
    """
    open_days = [day for day in range(days) if scenario.scenario.weekday(day) not in scenario.offices.closed_on]
    each = measure_days(events, scenario, plans, open_days, slots)
    everybody = visits(events).join(moments_of(scenario, plans, days - 1), on="office")
    waited = everybody.filter(pl.col("exit").is_null() | (pl.col("exit") != Exit.TURNED_AWAY))
    waits_s = waited.select(wait_s=by_evening_s("left_s") - pl.col("arrived_s"))["wait_s"]
    queues_s = waited.select(queue_s=by_evening_s("called_s", "gone_s") - pl.col("arrived_s"))["queue_s"]
    done_s = _done_s(events, everybody)
    backlog = done_s.null_count()
    return RunMeasures(
        days=len(open_days),
        arrivals=everybody.height,
        cards_per_day=sum(day.cards for day in each) / len(open_days),
        wait_median_s=quantile(waits_s, 0.5),
        wait_p95_s=quantile(waits_s, 0.95),
        queue_median_s=quantile(queues_s, 0.5),
        queue_p95_s=quantile(queues_s, 0.95),
        same_day=sum(day.same_day * day.arrivals for day in each) / everybody.height,
        overtime_h=sum(day.overtime_h for day in each),
        overtime_cost=sum(day.overtime_cost for day in each),
        backlog=backlog,
        days_to_clear=_days_to_clear(backlog, done_s.drop_nulls(), everybody.height / len(open_days)),
        left=sum(day.left for day in each),
        turned_away=sum(day.turned_away for day in each),
        sent_home_for_good=everybody.filter(pl.col("exit") == Exit.SENT_HOME_FOR_GOOD).height,
        utilisation=sum(day.utilisation for day in each) / len(open_days),
        server_p95_s=quantile(server_times_s(everybody), 0.95),
        upgrade_s=upgrade_length_s(scenario),
    )


def _done_s(events: pl.DataFrame, everybody: pl.DataFrame) -> pl.Series:
    """When the offices and the centre had done all they could for each citizen; null while work is left."""
    refused = pl.col("outcome").cast(pl.String).is_in([status.value for status in REFUSED])
    refusals = events.filter(refused).group_by("citizen").agg(refused_s=pl.col("finished_s").min())
    known = everybody.join(refusals, on="citizen", how="left")
    return known.select(done_s=pl.coalesce("printed_s", "refused_s", "gone_s"))["done_s"]


def _days_to_clear(backlog: int, done_s: pl.Series, arrivals_per_day: float) -> float:
    by_day = np.bincount((done_s.to_numpy() // DAY_S).astype(np.intp), minlength=1)
    spare = float(by_day.max()) - arrivals_per_day
    if not backlog:
        return 0.0
    return backlog / spare if spare > 0 else math.inf
