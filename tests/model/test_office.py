"""What happens to citizens in the offices, mechanism by mechanism, in two small offices."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from model.arrivals import Citizen, citizens
from model.centre import Delays, national_centre
from model.errands import Errand
from model.events import Exit
from model.measures import visits
from model.nation import simulate
from model.scenario import Scenario
from model.staffing import office_day, plan_offices
from model.stages import Stage, Status
from model.strategies import changed
from model.work_time import Lognormal

H = 3600.0
MALANG = "35.07"


@pytest.fixture
def malang(april: Scenario) -> Scenario:
    """Give one office on the day before an upgrade that it never sees."""
    return changed(april, {"offices": {"which": [MALANG]}, "upgrade": None})


def played(scenario: Scenario, tables: dict[str, Any], days: int = 1) -> tuple[Scenario, pl.DataFrame]:
    """Change a scenario and simulate it."""
    scenario = changed(scenario, tables)
    return scenario, simulate(scenario, national_centre(scenario), days)


def of(events: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    return events.filter(pl.col("stage") == stage)


def captures(events: pl.DataFrame) -> pl.DataFrame:
    return of(events, Stage.CAPTURE).filter(pl.col("outcome") != Status.UNREGISTERED)


def everybody(scenario: Scenario, day: int = 0) -> dict[str, Citizen]:
    return {person.name: person for person in citizens(scenario, plan_offices(scenario), day)}


def no_office_takes_two(events: pl.DataFrame) -> bool:
    """Whether each counter's captures follow one another."""
    return all(
        (served["started_s"].slice(1) >= served["finished_s"].slice(0, served.height - 1)).all()
        for _, served in captures(events).sort("started_s").group_by("server")
    )


# Errands


def test_a_replacement_needs_no_capture_and_no_search(malang: Scenario) -> None:
    mix = {"enrollment": 0.0, "replacement": 1.0}
    scenario, events = played(malang, {"demand": {"mix": mix}})
    assert {person.errand for person in everybody(scenario).values()} == {Errand.REPLACEMENT}
    assert set(captures(events)["outcome"]) == {Status.PROCESSING}
    took_s = (captures(events)["finished_s"] - captures(events)["started_s"]).to_numpy()
    assert np.all(took_s >= 120 - 1e-6)
    assert np.all(took_s <= 300 + 1e-6)
    assert of(events, Stage.VALIDATION).is_empty()
    assert of(events, Stage.MATCHING).is_empty()
    cards = visits(events).filter(pl.col("outcome") == Status.CARD_ISSUED)
    assert cards.height > 0.9 * len(everybody(scenario))


def test_who_comes_for_what_5_5_brings_is_turned_away_until_then(april: Scenario) -> None:
    mix = {"enrollment": 0.0, "replacement_away": 0.5, "foreign_resident": 0.5}
    tables = {
        "offices": {"which": [MALANG]},
        "demand": {"mix": mix},
        "upgrade": {"start": april.moment_at(8 * H), "expected_end": april.moment_at(13 * H)},
    }
    scenario, events = played(april, tables)
    turned = of(events, Stage.CAPTURE).filter(pl.col("server") == Exit.TURNED_AWAY)
    served = captures(events)
    came_s = {name: person.arrival_s for name, person in everybody(scenario).items()}
    assert set(turned["citizen"]) == {name for name, moment_s in came_s.items() if moment_s < 13 * H}
    assert set(served["citizen"]) == set(came_s) - set(turned["citizen"])
    assert set(turned["finished_s"] - turned["entered_s"]) == {0.0}


# Counters


def test_nobody_is_called_in_a_break_and_fridays_break_is_longer(malang: Scenario) -> None:
    breaks = {"breaks": ["12:00-13:00"], "friday_breaks": ["11:30-13:30"]}
    # 2016-04-04 was a Monday.
    scenario, events = played(malang, {"scenario": {"days": 5}, "staffing": breaks}, days=5)
    hours = (captures(events)["started_s"] % 86_400) / H
    days = captures(events)["started_s"] // 86_400
    monday, friday = hours.filter(days == 0), hours.filter(days == 4)
    assert monday.filter(monday.is_between(12, 13, closed="left")).is_empty()
    assert not monday.filter(monday.is_between(11.5, 12)).is_empty()
    assert friday.filter(friday.is_between(11.5, 13.5, closed="left")).is_empty()
    # Printers go on.
    printing = of(events, Stage.PRINTING)["started_s"] / H
    assert not printing.filter(printing.is_between(12, 13)).is_empty()
    assert office_day(scenario, plan_offices(scenario)[MALANG].office, 4).breaks_s == (
        (96 * H + 11.5 * H, 96 * H + 13.5 * H),
    )


def test_on_a_closed_day_nobody_comes_and_nobody_works_and_the_backlog_waits(malang: Scenario) -> None:
    tables = {"offices": {"closed_on": ["tuesday"]}, "staffing": {"evening_share": 0.0}}
    _, events = played(malang, tables, days=3)
    tuesday = pl.col("started_s").is_between(24 * H, 48 * H)
    assert events.filter(tuesday & (pl.col("stage").is_in(["arrival", "capture", "printing", "handover"]))).is_empty()
    sent_home = of(events, Stage.CAPTURE).filter((pl.col("server") == Exit.SENT_HOME) & (pl.col("finished_s") < 24 * H))
    assert sent_home.height > 0
    back = captures(events).filter(pl.col("citizen").is_in(sent_home["citizen"].implode()))
    assert back["started_s"].min() == 56 * H


def test_the_impatient_leave_when_their_patience_ends_and_the_others_are_called_before(malang: Scenario) -> None:
    # Five counters for what seven should do.
    tables = {"offices": {"counter_utilisation": 1.1}, "demand": {"patience": "30 min"}}
    scenario, events = played(malang, tables)
    patience_s = {name: person.patience_s for name, person in everybody(scenario).items()}
    left = of(events, Stage.CAPTURE).filter(pl.col("server") == Exit.LEFT)
    assert left.height > 20
    for name, entered_s, finished_s in left.select("citizen", "entered_s", "finished_s").iter_rows():
        assert finished_s - entered_s == pytest.approx(patience_s[name])
    for name, entered_s, started_s in captures(events).select("citizen", "entered_s", "started_s").iter_rows():
        assert started_s - entered_s <= patience_s[name] + 1e-6


def test_nobody_comes_back_who_is_sent_home_where_nobody_returns(malang: Scenario) -> None:
    tables = {"offices": {"counter_utilisation": 1.3}, "staffing": {"evening_share": 0.0}}
    _, returning = played(malang, tables, days=2)
    _, gone = played(malang, tables | {"demand": {"returning": 0.0}}, days=2)
    sent = {Exit.SENT_HOME.value, Exit.SENT_HOME_FOR_GOOD.value}
    assert Exit.SENT_HOME_FOR_GOOD not in returning["server"]
    assert Exit.SENT_HOME not in gone["server"]
    first_evening = pl.col("finished_s") < 24 * H
    names = [set(frame.filter(pl.col("server").is_in(sent) & first_evening)["citizen"]) for frame in (returning, gone)]
    assert names[0] == names[1] != set()
    assert names[1].isdisjoint(captures(gone)["citizen"])
    assert names[0] <= set(captures(returning)["citizen"])


def test_a_share_of_those_sent_home_comes_back(malang: Scenario) -> None:
    tables = {"offices": {"counter_utilisation": 1.3}, "staffing": {"evening_share": 0.0}, "demand": {"returning": 0.5}}
    scenario, events = played(malang, tables, days=1)
    constancy = {name: person.constancy for name, person in everybody(scenario).items()}
    back = events.filter(pl.col("server") == Exit.SENT_HOME)["citizen"].to_list()
    gone = events.filter(pl.col("server") == Exit.SENT_HOME_FOR_GOOD)["citizen"].to_list()
    assert back
    assert gone
    assert max(constancy[name] for name in back) < 0.5 <= min(constancy[name] for name in gone)


# The line and the store


def test_packets_follow_one_another_on_the_line_while_the_operators_wait(malang: Scenario) -> None:
    # 100 KB at 2 kbit/s: 400 s a packet, nearly a capture's length; seven counters share it.
    _, events = played(malang, {"offices": {"link": "2 kbit/s"}})
    sent = of(events, Stage.SUBMISSION).sort("started_s")
    assert np.diff(sent["started_s"].to_numpy()).min() >= 400 - 1e-6
    assert (sent["finished_s"] - sent["started_s"]).min() >= 400  # type: ignore[operator] # a number
    assert no_office_takes_two(events)
    receipts = sent.select("citizen", receipt_s="finished_s")
    held = captures(events).join(receipts, on="citizen").sort("server", "started_s")
    following = held.with_columns(next_s=pl.col("started_s").shift(-1).over("server")).drop_nulls("next_s")
    assert (following["next_s"] >= following["receipt_s"] - 1e-6).all()


def test_in_avoided_hours_packets_are_kept_and_counters_go_on(malang: Scenario) -> None:
    _, events = played(malang, {"staffing": {"avoid": ["08:00-10:00"]}})
    morning = pl.col("finished_s") < 10 * H
    assert captures(events).filter(morning).height > 50
    assert of(events, Stage.SUBMISSION)["started_s"].min() == 10 * H
    assert of(events, Stage.SUBMISSION)["entered_s"].min() < 9 * H  # type: ignore[operator] # a number


def test_who_does_not_wait_for_the_card_comes_on_a_later_day_at_the_same_time(malang: Scenario) -> None:
    scenario, events = played(malang, {"service": {"waiting_for_card": 0.0}}, days=2)
    came_s = {name: person.arrival_s for name, person in everybody(scenario).items()}
    collected = of(events, Stage.HANDOVER).filter(pl.col("finished_s") < 42 * H)
    assert collected.height > 200
    for name, moment_s in collected.select("citizen", "finished_s").iter_rows():
        assert moment_s == pytest.approx(came_s[name] + 24 * H)


# Printers and blank cards


def test_without_blank_cards_nobody_prints_until_they_are_delivered(malang: Scenario) -> None:
    cards = {"cards": {"stock": 0.25, "delivery": 0.5}}
    _, events = played(malang, {"offices": cards}, days=2)
    printed = of(events, Stage.PRINTING)["started_s"].sort()
    assert (printed < 24 * H).sum() == 100
    # 200 cards came on the second morning, and more people than that were waiting for one.
    assert ((printed >= 32 * H) & (printed < 48 * H)).sum() == 200
    assert printed[100] >= 32 * H


def test_known_stock_counts_in_place_of_the_rule(malang: Scenario) -> None:
    tables = {"offices": {"cards": {"stock": 9.0}, "known": {MALANG: {"cards": 7}}}}
    _, events = played(malang, tables)
    assert of(events, Stage.PRINTING).height == 7


def test_cards_that_nobody_waits_for_keep_to_the_hours_of_batch_printing(malang: Scenario) -> None:
    tables = {
        "offices": {"batch_printing": ["18:00-24:00"]},
        "service": {"waiting_for_card": 0.5},
        "demand": {"batch_cards": "1000/day"},
    }
    scenario, events = played(malang, tables)
    waits = {name: person.waits for name, person in everybody(scenario).items()}
    printed = of(events, Stage.PRINTING)
    for name, started_s in printed.select("citizen", "started_s").iter_rows():
        assert waits.get(name, False) or started_s >= 18 * H
    batch = printed.filter(~pl.col("citizen").is_in(list(waits)))
    # 1,000 cards a day in the nation: 400/42,000 of them are Malang's.
    assert batch.height == int(1000 * 400 / 42_000)


def test_waiting_citizens_cards_are_printed_first_where_they_go_first(malang: Scenario) -> None:
    tables = {"service": {"waiting_for_card": 0.5}}

    def mean_waits_s(waiting_first: bool) -> tuple[float, float]:
        """Give how long cards wait for a printer, those of waiting citizens and the others."""
        scenario, events = played(malang, tables | {"centre": {"waiting_first": waiting_first}})
        waits = [name for name, person in everybody(scenario).items() if person.waits]
        printed = of(events, Stage.PRINTING).with_columns(wait_s=pl.col("started_s") - pl.col("entered_s"))
        waiting = pl.col("citizen").is_in(waits)
        first, last = (float(printed.filter(who)["wait_s"].to_numpy().mean()) for who in (waiting, ~waiting))
        return first, last

    mixed_s, _ = mean_waits_s(waiting_first=False)
    first_s, last_s = mean_waits_s(waiting_first=True)
    assert first_s < mixed_s / 2
    assert last_s > mixed_s


def test_printers_run_through_the_night_after_an_open_day_and_rest_on_a_closed_one(malang: Scenario) -> None:
    tables = {
        "offices": {"closed_on": ["tuesday"], "batch_printing": ["17:00-24:00", "00:00-08:00"]},
        "service": {"waiting_for_card": 0.0},
    }
    _, events = played(malang, tables, days=3)
    hours = of(events, Stage.PRINTING)["started_s"] / H
    # Monday's night lasts until Tuesday at 08:00; on Wednesday at 08:00 the next shift begins.
    assert hours.filter(hours.is_between(24, 32)).len() > 0
    assert hours.filter(hours.is_between(32.01, 56)).is_empty()


# A measured centre


def test_a_measured_centre_hears_of_every_card_one_after_the_other_at_each_window(malang: Scenario) -> None:
    request_s = 60.0
    slow = national_centre(malang)._replace(
        work={Stage.HANDOVER: Lognormal(request_s, 0.0)}, delays=Delays(card_s=9.0, look_s=7.0)
    )
    events = simulate(malang, slow, 1)
    told = of(events, Stage.HANDOVER).filter(pl.col("outcome") == Status.CARD_ISSUED).sort("finished_s")
    assert told.height > 200
    assert (told["finished_s"].diff().drop_nulls() >= request_s - 1e-6).all()
    interval_s = malang.service.handover_s
    assert ((told["started_s"] - 7.0) % interval_s).to_numpy() == pytest.approx(0.0, abs=1e-5)
    printed = of(events, Stage.PRINTING)
    took_s = (printed["finished_s"] - printed["started_s"]).to_numpy()
    assert took_s == pytest.approx(malang.service.printing_s + 9.0)
