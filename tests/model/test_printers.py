"""Printers and the backlog that is there on the first morning."""

from typing import Any

import polars as pl

from model.centre import national_centre
from model.measures import visits
from model.nation import simulate
from model.scenario import Scenario
from model.staffing import office_day, plan_offices
from model.stages import Stage
from model.strategies import changed

MALANG = "35.07"


def printed(april: Scenario, cards: dict[str, Any], days: int, **tables: Any) -> tuple[Scenario, pl.DataFrame]:
    offices = {"which": [MALANG], "cards": cards} | tables.pop("offices", {})
    service = {"waiting_for_card": 0.0}
    scenario = changed(april, {"offices": offices, "upgrade": None, "service": service, **tables})
    events = simulate(scenario, national_centre(scenario), days)
    return scenario, events.filter(pl.col("stage") == Stage.PRINTING).sort("started_s")


def test_the_backlog_of_the_first_morning_is_printed_before_all_younger_cards(april: Scenario) -> None:
    scenario, cards = printed(april, {"stock": 9.0, "unprinted": 0.5}, 2)
    plan = plan_offices(scenario)[MALANG]
    assert plan.unprinted == 200
    old = cards["citizen"].str.contains("-unprinted-")
    assert cards["citizen"].filter(old).to_list() == [f"{MALANG}-unprinted-{number:04d}" for number in range(200)]
    assert old.head(200).all()
    assert (cards["entered_s"].filter(old) == 0.0).all()
    assert cards["citizen"].is_unique().all()


def test_nobody_prints_the_backlog_before_blank_cards_come(april: Scenario) -> None:
    scenario, cards = printed(april, {"stock": 0.0, "unprinted": 2.0, "delivery": 2.5, "every": 1}, 2)
    plan = plan_offices(scenario)[MALANG]
    second = office_day(scenario, plan.office, 1)
    assert cards["started_s"].to_numpy().min() == second.opens_s
    # Both printers are busy until the evening ends.
    could = 2 * (second.evening_end_s - second.opens_s) / 180.0
    assert cards.height == min(1000, int(could))
    assert cards["citizen"].str.contains("-unprinted-").all()


def test_the_backlog_is_of_nobody_who_came(april: Scenario) -> None:
    cards = {"stock": 9.0, "unprinted": 3.0}
    scenario = changed(april, {"offices": {"which": [MALANG], "cards": cards}, "upgrade": None})
    journeys = visits(simulate(scenario, national_centre(scenario), 1))
    assert not journeys["citizen"].str.contains("unprinted").any()


def test_the_backlog_keeps_to_the_hours_of_batch_printing(april: Scenario) -> None:
    night = {"batch_printing": ["18:00-24:00"]}
    _, cards = printed(april, {"stock": 9.0, "unprinted": 0.2}, 2, offices=night)
    old = cards.filter(pl.col("citizen").str.contains("-unprinted-"))
    assert old.height == 80
    assert ((old["started_s"] % 86_400) >= 18 * 3600).all()


def test_who_waits_goes_first_also_before_the_backlog(april: Scenario) -> None:
    tables = {"centre": {"waiting_first": True}, "service": {"waiting_for_card": 1.0}}
    _, cards = printed(april, {"stock": 9.0, "unprinted": 4.0}, 1, **tables)
    young = cards.filter(~pl.col("citizen").str.contains("-unprinted-"))
    waited_s = (young["started_s"] - young["entered_s"]).to_numpy()
    assert young.height > 200
    assert float(waited_s.mean()) < 3600
