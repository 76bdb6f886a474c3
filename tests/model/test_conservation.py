"""Whatever the scenario: nobody is lost, no card is lost, nobody does two things at once."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.arrivals import citizens
from model.centre import national_centre
from model.events import Exit
from model.measures import visits
from model.nation import simulate
from model.offices import all_offices
from model.scenario import Scenario
from model.scenario_file import load, shipped
from model.schedules import quick_look
from model.staffing import office_day, plan_offices
from model.stages import CENTRAL_STAGES, REFUSED, Stage, Status
from model.strategies import changed
from tests.antrean.validation.days import centre

OFFICES = ["35.07", "91.71"]
DAYS = 2


def some(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what to change in April 2016: everything that an office's day can be made of, and how crowded it is."""
    share = draw(st.floats(0, 0.5))
    mix = {
        "enrollment": 1 - share,
        "replacement": share / 2,
        "replacement_away": share / 4,
        "foreign_resident": share / 4,
    }
    offices: dict[str, Any] = {
        "which": OFFICES,
        "counter_utilisation": draw(some([0.5, 0.8, 1.4])),
        "closed_on": draw(some([[], ["tuesday"]])),
        "stagger": draw(some([{}, {"WIB": "1 h"}])),
        "upload": draw(some([[], ["20:00-24:00"]])),
        "batch_printing": draw(some([[], ["18:00-24:00", "00:00-06:00"]])),
        "link": draw(some(["20 kbit/s", "1 Mbit/s"])),
        "cards": draw(some([{"stock": 0.3, "delivery": 0.3}, {"stock": 9.0}])),
    }
    demand: dict[str, Any] = {
        "mix": mix,
        "duplicates": draw(some([0.0, 0.1])),
        "patience": draw(some(["20 min", "5 h"])),
        "returning": draw(some([0.0, 0.5, 1.0])),
        "batch_cards": draw(some(["0/day", "5000/day"])),
    }
    if draw(st.booleans()):
        demand["appointments"] = {"slot": "30 min", "quota": 0.8, "no_shows": 0.1}
    centre = {
        "slots": draw(some([1, 64])),
        "crowding": draw(some([0.0, 0.01])),
        "waiting_first": draw(st.booleans()),
        "background": draw(some([{}, {"08:00": 0.3, "17:00": 0.0}])),
        "adjudication": {"share": 0.1, "people": 1, "hours": "08:00-16:00", "decision": "10 min"},
    }
    if draw(st.booleans()):
        centre["admitted"] = 3
    return {
        "offices": offices,
        "demand": demand,
        "centre": centre,
        "staffing": {"breaks": ["12:00-13:00"], "avoid": draw(some([[], ["08:00-10:00"]]))},
        "service": {"waiting_for_card": draw(some([0.0, 0.7, 1.0]))},
        "upgrade": {"plan": draw(some(["online", "rolling", "big-bang"])), "work": draw(some(["4 h", "30 h"]))},
    }


@settings(max_examples=30)
@given(scenarios())
def test_nobody_and_no_card_is_lost_whatever_the_scenario(april: Scenario, tables: dict[str, Any]) -> None:
    scenario = changed(april, tables)
    # As many slots as the scenario says, each as fast as one of the nation's: one is too few, 64 are plenty.
    spec = national_centre(scenario)._replace(stage_s=national_centre(april).stage_s)
    events = simulate(scenario, spec, DAYS)
    everybody_ends_in_one_way(scenario, events)
    everything_takes_its_time(scenario, events)
    no_server_serves_two(events)
    no_card_is_printed_twice_or_without_a_blank_one(scenario, events)


@pytest.mark.parametrize("name", [name for name in shipped() if name not in ("april-fortnight", "faults-day")])
def test_nobody_and_no_card_is_lost_in_the_shipped_scenarios(name: str) -> None:
    """In small: a few offices, of which link-cut's lines are down, and eight days at most."""
    whole = load(name)
    days = min(8, whole.scenario.days)
    codes = [code for code in all_offices() if any(cut.hits(code) for cut in whole.offices.offline)][:2]
    scenario, spec = quick_look(whole, [*OFFICES, *codes])
    events = simulate(scenario, spec, days)
    everybody_ends_in_one_way(scenario, events, days)
    everything_takes_its_time(scenario, events, days)
    no_server_serves_two(events)
    if scenario.offices.cards is not None:
        no_card_is_printed_twice_or_without_a_blank_one(scenario, events, days)


@settings(max_examples=10)
@given(scenarios())
def test_nobody_is_lost_in_a_centre_of_several_kinds_of_servers_that_share_cores(
    april: Scenario, tables: dict[str, Any]
) -> None:
    scenario = changed(april, tables)
    scheduled = national_centre(scenario)
    built = centre()
    spec = scheduled._replace(
        slots=built.slots,
        stage_s=built.stage_s,
        notice_s=built.notice_s,
        kinds=built.kinds,
        work=built.work,
        sharing=built.sharing,
    )
    events = simulate(scenario, spec, DAYS)
    everybody_ends_in_one_way(scenario, events)
    everything_takes_its_time(scenario, events)
    no_server_serves_two(events)


def everybody_ends_in_one_way(scenario: Scenario, events: pl.DataFrame, days: int = DAYS) -> None:
    plans = plan_offices(scenario)
    came = {person.name for day in range(days) for person in citizens(scenario, plans, day)}
    journeys = visits(events)
    assert set(journeys["citizen"]) == came
    assert journeys.height == len(came)
    has_card = pl.col("outcome") == Status.CARD_ISSUED
    refused = pl.col("outcome").cast(pl.String).is_in([status.value for status in REFUSED])
    gone = pl.col("exit").is_in([Exit.LEFT, Exit.TURNED_AWAY, Exit.SENT_HOME_FOR_GOOD])
    ends = journeys.select(
        ends=has_card.fill_null(False).cast(int) + refused.fill_null(False).cast(int) + gone.fill_null(False).cast(int),
        left=pl.col("left_s").is_not_null(),
    )
    # Who has come to no end is inside still, or at home and coming back.
    assert set(ends["ends"]) <= {0, 1}
    assert not ends.filter((pl.col("ends") == 0) & pl.col("left")).height


def everything_takes_its_time(scenario: Scenario, events: pl.DataFrame, days: int = DAYS) -> None:
    assert (events["entered_s"] <= events["started_s"] + 1e-6).all()
    assert (events["started_s"] <= events["finished_s"] + 1e-6).all()
    captures = events.filter((pl.col("stage") == Stage.CAPTURE) & (pl.col("outcome") != Status.UNREGISTERED))
    for code, plan in plan_offices(scenario).items():
        started_s = captures.filter(pl.col("office") == code)["started_s"]
        allowed = pl.Series([False] * len(started_s))
        for day in range(days):
            today = office_day(scenario, plan.office, day)
            if not today.closed:
                allowed |= started_s.is_between(today.regular_start_s, today.evening_end_s)
            for start_s, end_s in today.breaks_s:
                assert not started_s.is_between(start_s, end_s, closed="left").any()
        assert allowed.all()


def no_server_serves_two(events: pl.DataFrame) -> None:
    served = events.filter(
        pl.col("stage").is_in([Stage.CAPTURE, Stage.PRINTING, *CENTRAL_STAGES, Stage.LOGIN])
        & ((pl.col("outcome") != Status.UNREGISTERED) | (pl.col("stage") == Stage.LOGIN))
    ).sort("server", "started_s")
    following = served.with_columns(next_s=pl.col("started_s").shift(-1).over("server")).drop_nulls("next_s")
    assert (following["next_s"] >= following["finished_s"] - 1e-6).all()


def no_card_is_printed_twice_or_without_a_blank_one(scenario: Scenario, events: pl.DataFrame, days: int = DAYS) -> None:
    printed = events.filter(pl.col("stage") == Stage.PRINTING)
    assert printed["citizen"].is_unique().all()
    cards = scenario.offices.cards
    assert cards is not None
    for code, plan in plan_offices(scenario).items():
        assert plan.cards is not None
        started_s = printed.filter(pl.col("office") == code)["started_s"]
        for day in range(days):
            next_opens_s = office_day(scenario, plan.office, day + 1).opens_s
            assert (started_s < next_opens_s).sum() <= plan.cards + plan.delivery * (day // cards.every)


def test_the_same_scenario_gives_the_same_events_bit_for_bit_with_everything_in_it(april: Scenario) -> None:
    tables = {
        "offices": {"which": OFFICES, "link": "1 Mbit/s", "cards": {"stock": 0.5, "delivery": 1.0}},
        "demand": {
            "mix": {"enrollment": 0.6, "replacement": 0.4},
            "patience": "1 h",
            "batch_cards": "5000/day",
            "appointments": {"slot": "30 min", "quota": 0.9, "no_shows": 0.1},
        },
        "centre": {"adjudication": {"share": 0.1, "people": 2, "hours": "08:00-16:00", "decision": "10 min"}},
        "service": {"waiting_for_card": 0.5},
    }
    scenario = changed(april, tables)
    first, second = (simulate(scenario, national_centre(scenario), DAYS) for _ in range(2))
    assert first.equals(second, null_equal=True)


@pytest.mark.parametrize("counters", [0.6, 0.8, 1.0])
def test_fewer_counters_never_shorten_the_mean_queue(april: Scenario, counters: float) -> None:
    """The same citizens with the same needs, first come first served."""

    def mean_queue_s(utilisation: float) -> float:
        scenario = changed(
            april, {"offices": {"which": ["35.07"], "counter_utilisation": utilisation}, "upgrade": None}
        )
        journeys = visits(simulate(scenario, national_centre(scenario), 1))
        return float((journeys["called_s"] - journeys["arrived_s"]).drop_nulls().to_numpy().mean())

    assert mean_queue_s(counters) <= mean_queue_s(counters + 0.2)
