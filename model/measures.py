"""Measures: what StageEvents say of waiting, throughput, backlog and overtime, whether measured or simulated.

All times are scenario seconds. A citizen's wait runs from the ticket at the door to the card in hand. Who has none
when the day ends has waited at least until then: such waits are kept with that lower bound and counted as `unserved`,
so that a day which fails its citizens does not look better than it was.
"""

import math
from typing import NamedTuple

import polars as pl

from model.scenario import Scenario
from model.staffing import OfficeDay, OfficePlan, office_day
from model.stages import CENTRAL_STAGES, END_OF_CENTRE, Stage, Status
from model.units import HOUR_S


class DayMeasures(NamedTuple):
    """One day of one run, over all its offices."""

    day: int
    arrivals: int
    """Citizens who took a ticket on the day."""
    cards: int
    """Cards handed over on the day."""
    refused: int
    """Citizens told on the day that they get none."""
    unserved: int
    """Citizens of the day and of days before who have neither when its evening ends."""
    wait_median_s: float
    """Median time from ticket to card of the day's citizens."""
    wait_p95_s: float
    """95th percentile of the same."""
    backlog_at_closing: int
    """Citizens inside, or sent home without a card, when the doors close."""
    overtime_h: float
    """Staff hours after the regular shift: each counter until its last citizen, one clerk until the last card."""
    server_p50_s: float
    """Median time from the centre's receipt of a record to its card being ready for the printer."""
    server_p95_s: float
    """95th percentile of the same."""


def visits(events: pl.DataFrame) -> pl.DataFrame:
    """Put each citizen's journey on one row.

    Columns: citizen, office, arrived_s, captured_s, received_s, ready_s, printed_s, left_s (null where it has not
    come to that) and outcome (the status they left with, null while they have not).
    """
    return (
        events.filter(pl.col("stage") == Stage.ARRIVAL)
        .select("citizen", "office", arrived_s="entered_s")
        .join(_finish(events, "captured_s", pl.col("stage") == Stage.CAPTURE), on="citizen", how="left")
        .join(_finish(events, "received_s", _received()), on="citizen", how="left")
        .join(_finish(events, "ready_s", _ready()), on="citizen", how="left")
        .join(_finish(events, "printed_s", pl.col("stage") == Stage.PRINTING), on="citizen", how="left")
        .join(
            events.filter(pl.col("stage") == Stage.HANDOVER).select("citizen", "outcome", left_s="finished_s"),
            on="citizen",
            how="left",
        )
    )


def measure_day(events: pl.DataFrame, scenario: Scenario, plans: dict[str, OfficePlan], day: int) -> DayMeasures:
    """Measure one day of a run; `events` may span several days and sources, day 0 is the scenario's first.

    Raises:
        ValueError: nobody arrived on that day.
    """
    moments = _moments(scenario, plans, day)
    came = visits(events).join(moments, on="office").filter(pl.col("arrived_s") <= pl.col("closes_s"))
    today = came.filter(pl.col("arrived_s") >= pl.col("opens_s"))
    if today.is_empty():
        raise ValueError(f"nobody arrived on day {day}: the events cover other days or no day at all")
    waits_s = today.select(
        wait_s=pl.min_horizontal(pl.col("left_s").fill_null(pl.col("evening_end_s")), "evening_end_s")
        - pl.col("arrived_s")
    )["wait_s"]
    left_today = came.filter(pl.col("left_s").is_between(pl.col("opens_s"), pl.col("evening_end_s")))
    server_s = _server_times_s(today)
    return DayMeasures(
        day=day,
        arrivals=today.height,
        cards=left_today.filter(pl.col("outcome") == Status.CARD_ISSUED).height,
        refused=left_today.filter(pl.col("outcome") != Status.CARD_ISSUED).height,
        unserved=_still_there(came, "evening_end_s"),
        wait_median_s=_quantile(waits_s, 0.5),
        wait_p95_s=_quantile(waits_s, 0.95),
        backlog_at_closing=_still_there(came, "closes_s"),
        overtime_h=_overtime_h(events, moments),
        server_p50_s=_quantile(server_s, 0.5),
        server_p95_s=_quantile(server_s, 0.95),
    )


def by_hour(events: pl.DataFrame, hours: range) -> pl.DataFrame:
    """Count a run by hours of the start's clock, for charts.

    Columns: hour, arrivals, cards, waiting (citizens inside at the hour's end), server_p50_s, server_p95_s and
    server_p99_s of the records that became ready in the hour (null when there were none).
    """
    everybody = visits(events)
    arrived, left = everybody["arrived_s"], everybody["left_s"].drop_nulls()
    cards = everybody.filter(pl.col("outcome") == Status.CARD_ISSUED)["left_s"]
    ready = everybody.filter(pl.col("ready_s").is_not_null() & pl.col("received_s").is_not_null()).select(
        hour=(pl.col("ready_s") / HOUR_S).floor().cast(pl.Int64), server_s=pl.col("ready_s") - pl.col("received_s")
    )
    server = ready.group_by("hour").agg(
        server_p50_s=pl.col("server_s").quantile(0.5, "linear"),
        server_p95_s=pl.col("server_s").quantile(0.95, "linear"),
        server_p99_s=pl.col("server_s").quantile(0.99, "linear"),
    )
    counts = [
        {
            "hour": hour,
            "arrivals": _between(arrived, hour),
            "cards": _between(cards, hour),
            "waiting": int((arrived < (hour + 1) * HOUR_S).sum()) - int((left < (hour + 1) * HOUR_S).sum()),
        }
        for hour in hours
    ]
    frame = pl.DataFrame(counts, schema_overrides={"hour": pl.Int64})
    return frame.join(server, on="hour", how="left").sort("hour")


def _finish(events: pl.DataFrame, name: str, condition: pl.Expr) -> pl.DataFrame:
    return events.filter(condition).group_by("citizen").agg(pl.col("finished_s").max().alias(name))


def _received() -> pl.Expr:
    return (pl.col("stage") == Stage.SUBMISSION) & (pl.col("outcome") == Status.RECEIVED_AT_CENTRAL)


def _ready() -> pl.Expr:
    central = [stage.value for stage in CENTRAL_STAGES]
    ended = [status.value for status in END_OF_CENTRE]
    return pl.col("stage").cast(pl.String).is_in(central) & pl.col("outcome").cast(pl.String).is_in(ended)


def _moments(scenario: Scenario, plans: dict[str, OfficePlan], day: int) -> pl.DataFrame:
    """The moments of each office's day: a row an office, `OfficeDay`'s fields as columns."""
    rows = [(code, *office_day(scenario, plan.office, day)) for code, plan in plans.items()]
    return pl.DataFrame(rows, schema=["office", *OfficeDay._fields], orient="row")


def _still_there(came: pl.DataFrame, moment: str) -> int:
    return came.filter(pl.col("left_s").is_null() | (pl.col("left_s") > pl.col(moment))).height


def _server_times_s(today: pl.DataFrame) -> pl.Series:
    """From receipt to ready, with the evening's end as the lower bound for what is not ready."""
    received = today.filter(pl.col("received_s").is_not_null())
    return received.select(
        server_s=(pl.col("ready_s").fill_null(pl.col("evening_end_s")) - pl.col("received_s")).clip(lower_bound=0.0)
    )["server_s"]


def _overtime_h(events: pl.DataFrame, moments: pl.DataFrame) -> float:
    """Staff hours after the regular shift of a day.

    A counter's operator stays until the last citizen served; of the printers one clerk an office, until the last card.
    """
    work = events.filter(pl.col("stage").cast(pl.String).is_in([Stage.CAPTURE.value, Stage.PRINTING.value])).join(
        moments, on="office"
    )
    evening = work.filter(
        pl.col("started_s").is_between(pl.col("regular_start_s"), pl.col("evening_end_s"))
        & (pl.col("finished_s") > pl.col("evening_start_s"))
    )
    clerk = pl.when(pl.col("stage") == Stage.PRINTING).then(pl.lit("clerk")).otherwise(pl.col("server"))
    until = evening.group_by("office", clerk.alias("who")).agg(
        extra_s=(pl.col("finished_s") - pl.col("evening_start_s")).max()
    )
    # Groups come in any order: fsum's rounding does not depend on it.
    return math.fsum(until["extra_s"]) / HOUR_S


def _between(moments_s: pl.Series, hour: int) -> int:
    return int(((moments_s >= hour * HOUR_S) & (moments_s < (hour + 1) * HOUR_S)).sum())


def _quantile(values: pl.Series, share: float) -> float:
    result = values.quantile(share, "linear")
    return float("nan") if result is None else result
