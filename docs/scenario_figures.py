"""Prints two tables of docs/scenarios.md that the measures of `antrean simulate` do not have.

antrean simulate login-storm --events storm.parquet && python docs/scenario_figures.py login-storm storm.parquet
"""

import sys
from pathlib import Path

import polars as pl

from model.events import read
from model.measures import visits
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import office_day, plan_offices
from model.stages import Stage, Status
from model.units import DAY_S, HOUR_S


def first_hours_by_zone(events: pl.DataFrame, scenario: Scenario, hours: int = 3) -> pl.DataFrame:
    """Return how the first day's citizens fared by zone and half hour of arrival since the doors opened.

    Columns: zone, after_h, citizens, to_counter_min (mean), centre_p95_s (receipt to ready), to_card_min (median).
    """
    plans = plan_offices(scenario)
    opens = [
        (code, str(plan.office.zone), office_day(scenario, plan.office, 0).opens_s) for code, plan in plans.items()
    ]
    known = visits(events).join(pl.DataFrame(opens, schema=["office", "zone", "opens_s"], orient="row"), on="office")
    after_h = ((pl.col("arrived_s") - pl.col("opens_s")) / HOUR_S * 2).floor() / 2
    return (
        known.with_columns(after_h=after_h)
        .filter(pl.col("after_h") < hours)
        .group_by("zone", "after_h")
        .agg(
            citizens=pl.len(),
            to_counter_min=(pl.col("called_s") - pl.col("arrived_s")).mean() / 60,
            centre_p95_s=(pl.col("ready_s") - pl.col("received_s")).quantile(0.95),
            to_card_min=(pl.col("left_s") - pl.col("arrived_s")).median() / 60,
        )
        .sort("zone", "after_h")
    )


def logins_by_zone(events: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """Return, by zone, how many operators logged in, how long that took (mean) and when the last was in."""
    plans = plan_offices(scenario)
    starts = [
        (code, str(plan.office.zone), office_day(scenario, plan.office, 0).regular_start_s)
        for code, plan in plans.items()
    ]
    frame = pl.DataFrame(starts, schema=["office", "zone", "starts_s"], orient="row")
    logins = events.filter(pl.col("stage") == Stage.LOGIN).join(frame, on="office")
    return (
        logins.group_by("zone")
        .agg(
            operators=pl.len(),
            took_min=(pl.col("finished_s") - pl.col("entered_s")).mean() / 60,
            last_in_min=(pl.col("finished_s") - pl.col("starts_s")).max() / 60,
        )
        .sort("zone")
    )


def unprinted_by_day(events: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """Return how many cards became ready and were printed on each day of the start's zone.

    Columns: day, ready, printed, and unprinted: those that still wait at its midnight.
    """
    backlog = sum(plan.unprinted for plan in plan_offices(scenario).values())
    ready = events.filter(pl.col("outcome") == Status.SENT_FOR_CARD_PRINTING)["finished_s"]
    printed = events.filter(pl.col("stage") == Stage.PRINTING)["finished_s"]
    ends_s = [(day * DAY_S, (day + 1) * DAY_S) for day in range(scenario.scenario.days)]
    rows = [
        {
            "day": scenario.moment_at(start_s).strftime("%a %d %b"),
            "ready": int(ready.is_between(start_s, end_s, closed="left").sum()),
            "printed": int(printed.is_between(start_s, end_s, closed="left").sum()),
        }
        for start_s, end_s in ends_s
    ]
    frame = pl.DataFrame(rows)
    return frame.with_columns(unprinted=backlog + pl.col("ready").cum_sum() - pl.col("printed").cum_sum())


def main(name: str, file: str) -> None:
    """Print the tables of a scenario from the events of its simulation."""
    scenario, events = load(name), read(Path(file))
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, float_precision=1):
        if scenario.centre.login_s is not None:
            print(logins_by_zone(events, scenario))
        if scenario.offices.cards is not None:
            print(unprinted_by_day(events, scenario))
        else:
            print(first_hours_by_zone(events, scenario))


if __name__ == "__main__":
    main(*sys.argv[1:])
