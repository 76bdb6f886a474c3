"""The same days of one office, simulated and played: the same people are served, leave, are sent home and come back.

How long things take differs, as the stub server is another than the simulated one. So the days are such that a little
lateness changes nobody's fate: there are counters for everybody who waits, nobody comes just before they close, and
nobody loses patience at once or just after they open.
"""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from loadtests.fleet_state import events_file
from loadtests.record import read_visits
from model.arrivals import Citizen, citizens
from model.centre import national_centre
from model.compression import window_interval_s
from model.events import Exit, to_frame
from model.nation import simulate
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import office_day, plan_offices
from model.stages import Stage, Status
from model.strategies import changed, combine
from model.units import DAY_S, HOUR_S
from tests.loadtests.fleet_lab import local_fleet
from tests.loadtests.stub_server import StubServer

MALANG = "35.07"
MARGIN_S = 1500.0
"""More than a third of a second of wall time."""
CURVE = {"08:00": 1, "08:25": 1, "08:26": 0, "08:59": 0, "09:00": 1, "16:25": 1, "16:26": 0, "16:59": 0, "17:00": 2}
"""Nobody comes in the half hours before the counters close."""


def scheduled(name: str, days: int) -> Scenario:
    """Give a day on which nobody serves from 9 to 11, and in the evening only where the schedule says so.

    With appointments there is no break: nobody books it, and many would come just before it.
    """
    tables = {
        "upgrade": None,
        "offices": {"which": [MALANG], "counter_utilisation": 0.05, "link": "100 kbit/s"},
        "demand": {"volume": 0.1, "duplicates": 0.0, "patience": "6 h", "returning": 0.5},
        "staffing": {
            "regular": "08:00-17:00",
            "evening": "17:00-20:00",
            "evening_share": 0.0,
            "breaks": [] if "appointments" in name else ["09:00-11:00"],
        },
        "load": {"speedup": 4000},
    }
    scenario = changed(load("april-2016"), tables)
    demand = scenario.demand.model_copy(update={"curve": CURVE | {"18:00": 2.0}})
    service = scenario.service.model_copy(update={"handover_s": window_interval_s(scenario)})
    scenario = combine(name.split("+"))(scenario.model_copy(update={"demand": demand, "service": service}))
    seeded = (
        scenario.model_copy(update={"scenario": scenario.scenario.model_copy(update={"seed": seed})})
        for seed in count()
    )
    return next(lucky for lucky in seeded if all(nobody_is_in_doubt(lucky, day) for day in range(days)))


def nobody_is_in_doubt(scenario: Scenario, day: int) -> bool:
    plans = plan_offices(scenario)
    today = office_day(scenario, plans[MALANG].office, day)
    closes_s = [starts_s for starts_s, _ in today.breaks_s]
    if not plans[MALANG].evening_counters:
        closes_s.append(today.evening_start_s)

    def in_doubt(citizen: Citizen) -> bool:
        leaves_s = citizen.arrival_s + citizen.patience_s
        comes_late = any(0 <= close_s - citizen.arrival_s <= MARGIN_S for close_s in closes_s)
        called_late = any(0 <= leaves_s - ends_s <= MARGIN_S for _, ends_s in today.breaks_s)
        return comes_late or called_late or citizen.patience_s <= MARGIN_S

    return not any(map(in_doubt, citizens(scenario, plans, day)))


class Fates(NamedTuple):
    """What became of everybody."""

    came: set[str]
    exits: set[tuple[str, str]]
    captured: set[str]
    sent: set[str]
    cards: set[tuple[str, int]]
    """Who got the card on which day."""


def fates(events: pl.DataFrame) -> Fates:
    def names(frame: pl.DataFrame, stage: Stage) -> set[str]:
        return set(frame.filter(pl.col("stage") == stage)["citizen"])

    served = events.filter(pl.col("outcome") != Status.UNREGISTERED)
    exits = events.filter((pl.col("stage") == Stage.CAPTURE) & (pl.col("outcome") == Status.UNREGISTERED))
    cards = events.filter(pl.col("outcome") == Status.CARD_ISSUED)
    return Fates(
        names(events, Stage.ARRIVAL),
        set(exits.select("citizen", "server").iter_rows()),
        names(served, Stage.CAPTURE),
        names(served, Stage.SUBMISSION),
        {(name, int(told_s // DAY_S)) for name, told_s in cards.select("citizen", "finished_s").iter_rows()},
    )


def everybody_is_somewhere(summary: dict[str, Any]) -> bool:
    """Whether each who came is done, inside, or expected another day."""
    done = ("turned_away", "issued", "refused", "failed", "left", "sent_home_for_good")
    return bool(summary["arrivals"] == sum(summary[name] for name in (*done, "inside", "to_come_back")))


def played_by_a_worker(
    folder: Path, scenario: Scenario, stub: StubServer, days: int = 1
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Play days; returns what happened and the summary.

    A fleet's day begins when its worker is there: until all operators sit, people would lose patience.
    """
    with local_fleet(folder, scenario, stub.host, workers=1, days=days) as fleet:
        [worker] = fleet.finish(within_s=120)["workers"]
    assert worker["over"]
    assert everybody_is_somewhere(worker["summary"])
    return to_frame(read_visits(events_file(fleet.out, 0))), worker["summary"]


def both(folder: Path, stub: StubServer, name: str, days: int = 1) -> tuple[Scenario, pl.DataFrame, pl.DataFrame]:
    """Simulate and play a schedule; returns what happened in each."""
    scenario = scheduled(name, days)
    played, _ = played_by_a_worker(folder, scenario, stub, days)
    return scenario, simulate(scenario, national_centre(load("april-2016")), days), played


def reasons(exits: Iterable[tuple[str, str]]) -> set[str]:
    return {why for _, why in exits}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("evening-shift", {Exit.LEFT}),
        ("evening-shift+appointments", set[Exit]()),
    ],
)
def test_a_played_day_ends_for_everybody_as_the_simulated_one(
    tmp_path: Path, stub: StubServer, name: str, expected: set[Exit]
) -> None:
    _, simulated, played = both(tmp_path, stub, name)
    assert fates(played) == fates(simulated)
    assert expected <= reasons(fates(played).exits)
    assert fates(played).cards


def test_a_day_of_avoided_peaks_ends_as_the_simulated_one_and_packets_are_sent_in_the_same_hours(
    tmp_path: Path, stub: StubServer
) -> None:
    _, simulated, played = both(tmp_path, stub, "avoid-peaks")
    assert fates(played) == fates(simulated)
    assert reasons(fates(played).exits) == {Exit.LEFT, Exit.SENT_HOME, Exit.SENT_HOME_FOR_GOOD}
    for events in (simulated, played):
        hours = events.filter(pl.col("stage") == Stage.SUBMISSION)["started_s"] / HOUR_S
        assert hours.filter(hours.is_between(8, 10, closed="left") | hours.is_between(16, 18, closed="left")).is_empty()
        assert not hours.filter(hours >= 18).is_empty()


def test_two_days_of_store_and_forward_end_for_everybody_as_the_simulated_ones(
    tmp_path: Path, stub: StubServer
) -> None:
    scenario, simulated, played = both(tmp_path, stub, "store-and-forward", days=2)
    seen = fates(played)
    assert seen == fates(simulated)
    back = {name for name, why in seen.exits if why == Exit.SENT_HOME and "-d0-" in name}
    assert back
    assert back <= seen.captured | {name for name, why in seen.exits if why != Exit.SENT_HOME}
    first_day = {name for name in seen.captured - back if "-d0-" in name}
    # Sent in the evening, printed at night, collected the next day.
    assert seen.cards == {(name, 1) for name in first_day} != set()
    # Each of them at the time of the first visit.
    came_s = {person.name: person.arrival_s for person in citizens(scenario, plan_offices(scenario), 0)}
    for events in (simulated, played):
        told = events.filter(pl.col("stage") == Stage.HANDOVER)
        punctual = [started_s - came_s[name] for name, started_s in told.select("citizen", "started_s").iter_rows()]
        assert punctual == pytest.approx([DAY_S] * len(punctual))


def test_what_is_in_a_store_at_the_end_is_counted_and_nobody_without_a_card_is_lost(
    tmp_path: Path, lab: Scenario, stub: StubServer
) -> None:
    # The evening ends at 20:00.
    tables = {
        "offices": {"upload": ["22:00-24:00"]},
        "service": {"waiting_for_card": 0.5},
        "demand": {"volume": 0.05},
    }
    night = changed(lab, tables)
    events, summary = played_by_a_worker(tmp_path, night, stub)
    served = fates(events).captured

    assert not stub.received
    assert summary["in_store"] == len(served) > 0
    # Who hears that the packet is not sent today goes home.
    assert summary["to_come_back"] == len(served) + summary["sent_home"]
    assert summary["inside"] == 0


def test_who_comes_back_is_told_once_even_if_the_servers_answer_is_lost(
    tmp_path: Path, lab: Scenario, stub: StubServer
) -> None:
    stub.loses_handovers_every = 3
    nobody_waits = changed(lab, {"service": {"waiting_for_card": 0.0}, "demand": {"volume": 0.08}})
    events, summary = played_by_a_worker(tmp_path, nobody_waits, stub, days=2)
    captured = events.filter((pl.col("stage") == Stage.CAPTURE) & (pl.col("outcome") != Status.UNREGISTERED))
    told = events.filter(pl.col("stage") == Stage.HANDOVER)

    assert stub.handovers > 3
    # A duplicate is told as well.
    assert Status.DUPLICATE_RECORD in told["outcome"]
    assert sorted(told["citizen"]) == sorted(captured.filter(pl.col("finished_s") < DAY_S)["citizen"])
    assert told["started_s"].min() >= DAY_S + 8 * HOUR_S  # type: ignore[operator] # a number
    assert summary["to_come_back"] == captured.height - told.height + summary["sent_home"]


def test_an_office_whose_line_is_down_sends_nothing_and_hears_nothing(
    tmp_path: Path, lab: Scenario, stub: StubServer
) -> None:
    cut = {"offices": [MALANG], "start": lab.moment_at(0.0), "end": lab.moment_at(DAY_S)}
    events, summary = played_by_a_worker(
        tmp_path, changed(lab, {"offices": {"offline": [cut]}, "demand": {"volume": 0.05}}), stub
    )
    served = {name for name in fates(events).captured if name.startswith(MALANG)}

    assert summary["in_store"] == len(served) > 0
    assert not any(name in served for name in stub.received)
    # The other office, whose line is up, is heard of.
    assert {office for _, office, _ in stub.shown} == set(plan_offices(lab)) - {MALANG}
