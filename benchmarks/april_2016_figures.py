"""What is told of April 2016, as figures of a run: Malang's evenings, the centre's peaks, the operators' hours.

Figures are means over the days of a run. Hours are those of the place: the centre's peaks on the start's clock, an
office's on its own.
"""

import polars as pl

from model.measures import measure_days, moments_of, quantile
from model.nation import simulate
from model.scenario import Scenario
from model.schedules import Schedule
from model.staffing import OfficePlan, plan_offices
from model.stages import CENTRAL_STAGES, END_OF_CENTRE, Stage, Status
from model.units import DAY_S, HOUR_S, DayWindow, format_window

MALANG = "35.07"
AFTERNOON_S = 4 * HOUR_S
"""How long before the evening shift the hours begin with which it is compared: 13:00 to 17:00."""


def measure_case(schedule: Schedule, days: int, replication: int) -> dict[str, float]:
    """Simulate one replication of a schedule and return its figures."""
    events = simulate(schedule.scenario, schedule.centre, days, replication)
    return case_figures(events, schedule.scenario, plan_offices(schedule.scenario), days, schedule.centre.slots)


def case_figures(
    events: pl.DataFrame, scenario: Scenario, plans: dict[str, OfficePlan], days: int, slots: int
) -> dict[str, float]:
    """Return every figure by its name; `slots` are the centre's."""
    moments = office_days(scenario, plans, days)
    malang = moments.filter(pl.col("office") == MALANG)
    return {
        **_printing(events, malang),
        **_centre(events, scenario.centre.peaks, days, slots),
        **_behind(events, scenario, plans, days),
        **{f"malang_{name}": rate for name, rate in records_per_hour(events, malang).items()},
        **records_per_hour(events, moments),
    }


def office_days(scenario: Scenario, plans: dict[str, OfficePlan], days: int) -> pl.DataFrame:
    """Return a row an office and day: its moments, and how many counters it has."""
    counters = pl.DataFrame({"office": list(plans), "counters": [plan.counters for plan in plans.values()]})
    each = [moments_of(scenario, plans, day).with_columns(day=pl.lit(day)) for day in range(days)]
    return pl.concat(each).join(counters, on="office")


def records_per_hour(events: pl.DataFrame, moments: pl.DataFrame) -> dict[str, float]:
    """Count the records that operators captured and sent, by the hour, before the evening shift and in it.

    `per_staffed_hour` divides by the hours that operators were there: in the afternoon all of them, in the evening each
    until the receipt of the last record. `per_working_hour` divides by the hours that they spent on the records, from
    the call to the centre's receipt.
    """
    sent = _sent(events).join(moments, on="office").filter(pl.col("called_s").is_between("opens_s", "evening_end_s"))
    evening_s = pl.col("evening_start_s")
    afternoon = sent.filter(pl.col("received_s").is_between(evening_s - AFTERNOON_S, evening_s, closed="left"))
    evening = sent.filter(pl.col("received_s") >= evening_s)
    stayed_s = evening.group_by("office", "day", "server", maintain_order=True).agg(
        extra_s=(pl.col("received_s") - evening_s).max()
    )
    staffed_h = {
        "afternoon": float(moments["counters"].to_numpy().sum()) * AFTERNOON_S / HOUR_S,
        "evening": float(stayed_s["extra_s"].sum()) / HOUR_S,
    }
    found = {}
    for name, part in (("afternoon", afternoon), ("evening", evening)):
        working_h = float((part["received_s"] - part["called_s"]).sum()) / HOUR_S
        found[f"per_staffed_hour_{name}"] = _ratio(part.height, staffed_h[name])
        found[f"per_working_hour_{name}"] = _ratio(part.height, working_h)
    return found


def _sent(events: pl.DataFrame) -> pl.DataFrame:
    """Columns: citizen, office, server, called_s, received_s; a row a record that was captured and received."""
    captured = events.filter(pl.col("stage") == Stage.CAPTURE, pl.col("outcome") != Status.UNREGISTERED)
    received = events.filter(pl.col("stage") == Stage.SUBMISSION, pl.col("outcome") == Status.RECEIVED_AT_CENTRAL)
    return captured.select("citizen", "office", "server", called_s="started_s").join(
        received.select("citizen", received_s="finished_s"), on="citizen"
    )


def _printing(events: pl.DataFrame, malang: pl.DataFrame) -> dict[str, float]:
    """When Malang's printers end, and how many cards they print in the evening."""
    cards = (
        events.filter(pl.col("stage") == Stage.PRINTING)
        .join(malang, on="office")
        .filter(pl.col("finished_s").is_between("opens_s", "evening_end_s"))
        # The evening shift begins at the same time of day everywhere, so hours are counted from it.
        .with_columns(since_s=pl.col("finished_s") - pl.col("evening_start_s"))
    )
    last_s = cards.group_by("day", maintain_order=True).agg(pl.col("since_s").max())["since_s"]
    days = malang.height
    return {
        "malang_last_card_h": _ratio(float(last_s.sum()), days * HOUR_S),
        "malang_evening_cards": _ratio(cards.filter(pl.col("since_s") > 0).height, days),
    }


def _centre(events: pl.DataFrame, peaks: list[DayWindow], days: int, slots: int) -> dict[str, float]:
    """What comes in at the centre in its peaks, by what it could do, and how long that takes."""
    work = events.filter(pl.col("stage").cast(pl.String).is_in([stage.value for stage in CENTRAL_STAGES]))
    ended = pl.col("outcome").cast(pl.String).is_in([status.value for status in END_OF_CENTRE])
    done = work.group_by("citizen", maintain_order=True).agg(
        work_s=(pl.col("finished_s") - pl.col("started_s")).sum(), ready_s=pl.col("finished_s").filter(ended).max()
    )
    records = _sent(events).join(done, on="citizen").with_columns(time_s=pl.col("received_s") % DAY_S)
    found = {}
    for peak in peaks:
        within = records.filter(pl.col("time_s").is_between(peak.start_s, peak.end_s, closed="left"))
        name = format_window(peak)
        found[f"load {name}"] = float(within["work_s"].sum()) / (slots * peak.length_s * days)
        found[f"centre_p95_s {name}"] = quantile(within["ready_s"] - within["received_s"], 0.95)
    return found


def _behind(events: pl.DataFrame, scenario: Scenario, plans: dict[str, OfficePlan], days: int) -> dict[str, float]:
    """How far the offices are behind when their doors close and when their evenings end."""
    each = measure_days(events, scenario, plans, range(days))
    return {
        "waiting_at_closing": sum(day.backlog_at_closing for day in each) / days,
        "unserved_at_night": sum(day.unserved for day in each) / days,
        "wait_median_s": sum(day.wait_median_s for day in each) / days,
        "queue_p95_s": sum(day.queue_p95_s for day in each) / days,
        "overtime_h": sum(day.overtime_h for day in each) / days,
    }


def _ratio(count: float, hours: float) -> float:
    return count / hours if hours else float("nan")
