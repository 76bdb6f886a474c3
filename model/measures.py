"""Measures: what StageEvents say of waiting, throughput, backlog and overtime, whether measured or simulated.

All times are scenario seconds. A citizen's wait runs from the ticket at the door to the card in hand. Who has none
when the day ends has waited at least until then: such waits are kept with that lower bound and counted as `unserved`,
so that a day which fails its citizens does not look better than it was. So are those of who left or does not come
back; only who was turned away at the door has not waited.
"""

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from model.events import Exit
from model.scenario import Scenario
from model.staffing import OfficePlan, office_day
from model.stages import CENTRAL_STAGES, END_OF_CENTRE, Stage, Status
from model.units import DAY_S, HOUR_S


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
    queue_median_s: float
    """Median time from the ticket until called to a counter, or until leaving, of the day's citizens."""
    queue_p95_s: float
    """95th percentile of the same."""
    same_day: float
    """Share of the day's citizens who had the card, or were refused, when its evening ended."""
    left: int
    """Citizens whose patience ended on the day."""
    turned_away: int
    """Citizens told at the door on the day that what they come for is not offered yet."""
    sent_home: int
    """Citizens sent home from the counters' queue when the day's evening ended, whether or not they come back."""
    overtime_cost: float
    """What the overtime costs, by `[staffing] overtime_cost`."""
    utilisation: float
    """Share of the centre's slots, or workers, that worked while any doors were open."""


def visits(events: pl.DataFrame) -> pl.DataFrame:
    """Put each citizen's journey on one row.

    Columns: citizen, office, arrived_s, called_s, captured_s, received_s, ready_s, printed_s, left_s (null where it has
    not come to that), outcome (the status they left with, null while they have not), exit (why they went without
    having been served, null unless for good) and gone_s (when).
    """
    captured = (pl.col("stage") == Stage.CAPTURE) & (pl.col("outcome") != Status.UNREGISTERED)
    gone = _exits(events).filter(pl.col("exit") != Exit.SENT_HOME)
    return (
        events.filter(pl.col("stage") == Stage.ARRIVAL)
        .select("citizen", "office", arrived_s="entered_s")
        .join(
            events.filter(captured).group_by("citizen").agg(called_s=pl.col("started_s").max()),
            on="citizen",
            how="left",
        )
        .join(_finish(events, "captured_s", captured), on="citizen", how="left")
        .join(_finish(events, "received_s", _received()), on="citizen", how="left")
        .join(_finish(events, "ready_s", _ready()), on="citizen", how="left")
        .join(_finish(events, "printed_s", pl.col("stage") == Stage.PRINTING), on="citizen", how="left")
        .join(
            events.filter(pl.col("stage") == Stage.HANDOVER).select("citizen", "outcome", left_s="finished_s"),
            on="citizen",
            how="left",
        )
        .join(gone.select("citizen", "exit", gone_s="finished_s"), on="citizen", how="left")
    )


def measure_day(
    events: pl.DataFrame, scenario: Scenario, plans: dict[str, OfficePlan], day: int, slots: int | None = None
) -> DayMeasures:
    """Measure one day of a run; see `measure_days`."""
    return measure_days(events, scenario, plans, [day], slots)[0]


def measure_days(
    events: pl.DataFrame,
    scenario: Scenario,
    plans: dict[str, OfficePlan],
    days: Iterable[int],
    slots: int | None = None,
) -> list[DayMeasures]:
    """Measure days of a run; `events` may span several days and sources, day 0 is the scenario's first.

    Args:
        events: StageEvents.
        scenario: whose days they are.
        plans: the offices that took part.
        days: which days.
        slots: of the centre; left out, as many as were seen at work.

    Raises:
        ValueError: nobody arrived on one of the days although some office was open.
    """
    everybody = visits(events)
    return [_measure_day(events, everybody, scenario, moments_of(scenario, plans, day), day, slots) for day in days]


def _measure_day(
    events: pl.DataFrame,
    everybody: pl.DataFrame,
    scenario: Scenario,
    moments: pl.DataFrame,
    day: int,
    slots: int | None,
) -> DayMeasures:
    came = everybody.join(moments, on="office").filter(pl.col("arrived_s") <= pl.col("closes_s"))
    today = came.filter(pl.col("arrived_s") >= pl.col("opens_s"))
    if today.is_empty() and not moments["closed"].all():
        raise ValueError(f"nobody arrived on day {day}: the events cover other days or no day at all")
    waited = today.filter(pl.col("exit").is_null() | (pl.col("exit") != Exit.TURNED_AWAY))
    waits_s = waited.select(wait_s=by_evening_s("left_s") - pl.col("arrived_s"))["wait_s"]
    queues_s = waited.select(queue_s=by_evening_s("called_s", "gone_s") - pl.col("arrived_s"))["queue_s"]
    left_today = came.filter(pl.col("left_s").is_between(pl.col("opens_s"), pl.col("evening_end_s")))
    on_day = pl.col("finished_s").is_between(pl.col("opens_s"), pl.col("evening_end_s"))
    exits = _exits(events).join(moments, on="office").filter(on_day)["exit"]
    server_s = server_times_s(today)
    overtime_h = _overtime_h(events, moments)
    return DayMeasures(
        day=day,
        arrivals=today.height,
        cards=left_today.filter(pl.col("outcome") == Status.CARD_ISSUED).height,
        refused=left_today.filter(pl.col("outcome") != Status.CARD_ISSUED).height,
        unserved=_still_there(came, "evening_end_s"),
        wait_median_s=quantile(waits_s, 0.5),
        wait_p95_s=quantile(waits_s, 0.95),
        backlog_at_closing=_still_there(came, "closes_s"),
        overtime_h=overtime_h,
        server_p50_s=quantile(server_s, 0.5),
        server_p95_s=quantile(server_s, 0.95),
        queue_median_s=quantile(queues_s, 0.5),
        queue_p95_s=quantile(queues_s, 0.95),
        same_day=today.filter(pl.col("left_s") <= pl.col("evening_end_s")).height / max(1, today.height),
        left=_count(exits, Exit.LEFT),
        turned_away=_count(exits, Exit.TURNED_AWAY),
        sent_home=_count(exits, Exit.SENT_HOME) + _count(exits, Exit.SENT_HOME_FOR_GOOD),
        overtime_cost=overtime_h * scenario.staffing.overtime_cost,
        utilisation=_utilisation(events, moments, slots),
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


def _finish(events: pl.DataFrame, name: str, condition: pl.Expr, moment: str = "finished_s") -> pl.DataFrame:
    return events.filter(condition).group_by("citizen").agg(pl.col(moment).max().alias(name))


def _received() -> pl.Expr:
    return (pl.col("stage") == Stage.SUBMISSION) & (pl.col("outcome") == Status.RECEIVED_AT_CENTRAL)


def _ready() -> pl.Expr:
    central = [stage.value for stage in CENTRAL_STAGES]
    ended = [status.value for status in END_OF_CENTRE]
    return pl.col("stage").cast(pl.String).is_in(central) & pl.col("outcome").cast(pl.String).is_in(ended)


def moments_of(scenario: Scenario, plans: dict[str, OfficePlan], day: int) -> pl.DataFrame:
    """Return the moments of each office's day: a row an office, `OfficeDay`'s fields but the breaks as columns."""
    days = {code: office_day(scenario, plan.office, day)._asdict() for code, plan in plans.items()}
    moments = [{"office": code, **today} for code, today in days.items()]
    return pl.DataFrame(moments).drop("breaks_s")


def _still_there(came: pl.DataFrame, moment: str) -> int:
    went_s = pl.coalesce("left_s", "gone_s")
    return came.filter(went_s.is_null() | (went_s > pl.col(moment))).height


def by_evening_s(*columns: str) -> pl.Expr:
    """Return the moment in the first of these columns that has one, and at the latest the evening's end."""
    return pl.min_horizontal(pl.coalesce(*columns, "evening_end_s"), "evening_end_s")


def _exits(events: pl.DataFrame) -> pl.DataFrame:
    """Every wait for a counter that ended without one, with the reason as column `exit`."""
    without = (pl.col("stage") == Stage.CAPTURE) & (pl.col("outcome") == Status.UNREGISTERED)
    return events.filter(without).select("citizen", "office", "finished_s", exit="server")


def _count(exits: pl.Series, why: Exit) -> int:
    return int((exits == why.value).sum())


def _utilisation(events: pl.DataFrame, moments: pl.DataFrame, slots: int | None) -> float:
    """Work of the central stages between the first opening and the last closing, over what the slots could do."""
    first_s, last_s = float(moments["opens_s"].to_numpy().min()), float(moments["closes_s"].to_numpy().max())
    central = events.filter(pl.col("stage").cast(pl.String).is_in([stage.value for stage in CENTRAL_STAGES]))
    working_s = central.select(
        (pl.col("finished_s").clip(first_s, last_s) - pl.col("started_s").clip(first_s, last_s)).sum()
    ).item()
    slots = slots or central["server"].n_unique()
    return float(working_s / (slots * (last_s - first_s))) if slots else 0.0


def server_times_s(today: pl.DataFrame) -> pl.Series:
    """Return the times from receipt to ready of `visits`, until the evening's end at least of what is not ready."""
    received = today.filter(pl.col("received_s").is_not_null())
    return received.select(
        server_s=(pl.col("ready_s").fill_null(pl.col("evening_end_s")) - pl.col("received_s")).clip(lower_bound=0.0)
    )["server_s"]


def _overtime_h(events: pl.DataFrame, moments: pl.DataFrame) -> float:
    """Staff hours after the regular shift of a day.

    A counter's operator stays until the last citizen served; of the printers one clerk an office, until the last card.
    At night, before the next regular shift, the clerk is there from the first card to the last.
    """
    served = (pl.col("stage") == Stage.CAPTURE) & (pl.col("outcome") != Status.UNREGISTERED)
    work = events.filter(served | (pl.col("stage") == Stage.PRINTING)).join(moments, on="office")
    evening = work.filter(
        pl.col("started_s").is_between(pl.col("regular_start_s"), pl.col("evening_end_s"))
        & (pl.col("finished_s") > pl.col("evening_start_s"))
    )
    clerk = pl.when(pl.col("stage") == Stage.PRINTING).then(pl.lit("clerk")).otherwise(pl.col("server"))
    # In order: a sum of floats depends on it, and the same run must give the same figure bit for bit.
    until = evening.group_by("office", clerk.alias("who"), maintain_order=True).agg(
        extra_s=(pl.col("finished_s") - pl.col("evening_start_s")).max()
    )
    night = work.filter(
        (pl.col("started_s") > pl.col("evening_end_s")) & (pl.col("started_s") < pl.col("regular_start_s") + DAY_S)
    )
    through = night.group_by("office", maintain_order=True).agg(
        extra_s=pl.col("finished_s").max() - pl.col("started_s").min()
    )
    return float(pl.concat([until["extra_s"], through["extra_s"]]).sum()) / HOUR_S


def _between(moments_s: pl.Series, hour: int) -> int:
    return int(((moments_s >= hour * HOUR_S) & (moments_s < (hour + 1) * HOUR_S)).sum())


def quantile(values: pl.Series, share: float) -> float:
    """Return the value below which a share of the values lies, linear between two; NaN of no values."""
    result = values.quantile(share, "linear")
    return float("nan") if result is None else result
