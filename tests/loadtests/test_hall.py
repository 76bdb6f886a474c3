"""The hall: who is served when, by whom, and who is not."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gevent
import pytest

from loadtests.hall import Hall
from loadtests.record import Record, read_events
from loadtests.wall_clock import WallClock
from model.arrivals import Citizen
from model.clock import Clock
from model.errands import Errand
from model.events import Exit
from model.scenario import Scenario
from model.staffing import plan_offices
from model.strategies import changed
from model.units import DAY_S, HOUR_S

OFFICE = "35.07"


class Opened:
    """An office from some hour on, half past eleven at first; an hour lasts a tenth of a second."""

    def __init__(self, folder: Path, scenario: Scenario, days: int = 1, hour: float = 11.5, faster: int = 1) -> None:
        plan = plan_offices(scenario)[OFFICE]
        self.clock = WallClock(Clock(36_000.0 * faster, time.time(), hour * HOUR_S))
        self.record = Record(folder, self.clock.clock)
        self.hall = Hall(scenario, plan, range(days), self.clock, self.record)
        self._folder = folder

    def exits(self) -> list[tuple[str, float, float, str]]:
        """Who went without a counter: since when they had waited, when they went (to the second), why."""
        self.record.flush()
        return [(row.citizen, row.entered_s, round(row.finished_s), row.server) for row in read_events(self._folder)]


Open = Callable[..., Opened]


@pytest.fixture
def opened(tmp_path: Path, lab: Scenario) -> Iterator[Open]:
    """Give what opens the lab's office, with some keys changed."""
    with ExitStack() as stack:

        def open_office(tables: Mapping[str, Any] | None = None, **more: Any) -> Opened:
            office = Opened(tmp_path, changed(lab, tables or {}), **more)
            stack.callback(office.record.close)
            return office

        yield open_office


@pytest.fixture
def malang(opened: Open) -> Opened:
    malang = opened()
    assert (malang.hall.plan.counters, malang.hall.plan.evening_counters) == (3, 2)
    return malang


def visitor(number: int, arrival_s: float = 0.0, **more: Any) -> Citizen:
    return Citizen(f"{OFFICE}-d0-{number:04d}", OFFICE, arrival_s, 1.0, None, (), **more)


def test_what_is_offered_follows_the_version_and_is_everything_while_nobody_knows_it(malang: Opened) -> None:
    hall = malang.hall
    assert all(hall.offers(errand) for errand in Errand)
    hall.version = "5.4"
    assert {errand for errand in Errand if not hall.offers(errand)} == {
        Errand.REPLACEMENT_AWAY,
        Errand.FOREIGN_RESIDENT,
    }
    hall.version = "5.5"
    assert all(hall.offers(errand) for errand in Errand)


def test_first_come_first_served(malang: Opened) -> None:
    hall = malang.hall
    for number in range(3):
        hall.admit(visitor(number))

    assert hall.waiting == 3
    assert [hall.next_citizen(counter) for counter in (2, 0, 1)] == [visitor(0), visitor(1), visitor(2)]
    assert hall.waiting == 0


def test_a_counter_without_evening_shift_is_done_and_the_others_go_on(malang: Opened) -> None:
    hall = malang.hall
    day_only = gevent.spawn(hall.next_citizen, 2)
    evening = gevent.spawn(hall.next_citizen, 1)
    malang.clock.sleep_until(13 * HOUR_S)
    hall.admit(visitor(0))
    malang.clock.sleep_until(14 * HOUR_S)

    assert evening.value == visitor(0)
    assert not day_only.ready()
    day_only.join()
    assert day_only.value is None
    assert malang.clock.now_s() >= hall.ends_s


def test_nobody_is_taken_in_a_break_and_the_counter_goes_on_after_it(opened: Open) -> None:
    shifts = {"regular": "08:00-14:00", "evening": "14:00-20:00", "breaks": ["11:00-13:00"]}
    malang = opened({"staffing": shifts})
    malang.hall.admit(visitor(0))
    assert malang.hall.next_citizen(0) == visitor(0)
    assert 13 * HOUR_S <= malang.clock.now_s() < malang.hall.ends_s


def test_who_still_waits_when_the_evening_ends_is_sent_home(opened: Open) -> None:
    malang = opened({"demand": {"returning": 0.5}}, hour=19)
    malang.hall.admit(visitor(0, 9 * HOUR_S, constancy=0.7))
    malang.hall.admit(visitor(1, 10 * HOUR_S, constancy=0.3))
    malang.hall.keep_hours()

    assert malang.exits() == [
        (visitor(0).name, 9 * HOUR_S, 20 * HOUR_S, Exit.SENT_HOME_FOR_GOOD),
        (visitor(1).name, 10 * HOUR_S, 20 * HOUR_S, Exit.SENT_HOME),
    ]
    assert malang.hall.waiting == 0
    assert malang.hall.at_home == {visitor(1).name}
    assert malang.hall.hours_over
    assert (malang.record.sent_home, malang.record.sent_home_for_good) == (2, 1)


def test_who_was_sent_home_is_there_when_the_doors_next_open_and_waits_anew(opened: Open) -> None:
    # 2016-04-04 was a Monday; on Tuesday nobody works.
    malang = opened({"offices": {"closed_on": ["tuesday"]}}, days=3, hour=19.9, faster=10)
    hall = malang.hall
    # A patience longer than the evening, shorter than the time since the first visit.
    citizen = visitor(0, 19.8 * HOUR_S, patience_s=20 * HOUR_S)
    hall.admit(citizen)
    hours = gevent.spawn(hall.keep_hours)
    malang.clock.sleep_until(21 * HOUR_S)
    assert (hall.waiting, hall.at_home) == (0, {citizen.name})
    called, called_s = hall.next_citizen(0), malang.clock.now_s()
    hours.kill()

    assert called == citizen
    assert called_s >= 2 * DAY_S + 8 * HOUR_S
    assert (hall.waiting, hall.at_home) == (0, set())
    assert [why for _, _, _, why in malang.exits()] == [Exit.SENT_HOME]


def test_the_impatient_leave_at_their_moment_and_nobody_calls_them(malang: Opened) -> None:
    hall = malang.hall
    hall.admit(visitor(0, 11 * HOUR_S, patience_s=1.5 * HOUR_S))
    # This one leaves before the first.
    hall.admit(visitor(1, 11 * HOUR_S, patience_s=1.2 * HOUR_S))
    hall.admit(visitor(2, 11 * HOUR_S))
    patience = gevent.spawn(hall.keep_patience)
    malang.clock.sleep_until(14 * HOUR_S)
    patience.kill()

    assert malang.exits() == [
        (visitor(1).name, 11 * HOUR_S, round(12.2 * HOUR_S), Exit.LEFT),
        (visitor(0).name, 11 * HOUR_S, round(12.5 * HOUR_S), Exit.LEFT),
    ]
    assert malang.record.left == hall.left == 2
    assert hall.waiting == 1
    assert hall.next_citizen(0) == visitor(2, 11 * HOUR_S)


def test_an_operator_does_not_call_who_has_left_though_nobody_noticed(malang: Opened) -> None:
    hall = malang.hall
    hall.admit(visitor(0, 11 * HOUR_S, patience_s=600.0))
    hall.admit(visitor(1, 11 * HOUR_S))
    assert hall.next_citizen(0) == visitor(1, 11 * HOUR_S)
    assert malang.exits() == [(visitor(0).name, 11 * HOUR_S, 11 * HOUR_S + 600, Exit.LEFT)]


def test_who_left_before_the_evening_ended_was_not_sent_home(opened: Open) -> None:
    malang = opened(hour=19.9)
    malang.hall.admit(visitor(0, 19 * HOUR_S, patience_s=0.99 * HOUR_S))
    malang.hall.keep_hours()
    assert malang.exits() == [(visitor(0).name, 19 * HOUR_S, round(19.99 * HOUR_S), Exit.LEFT)]
    assert malang.record.sent_home == 0


def test_a_counter_works_day_after_day_and_rests_on_a_closed_one(opened: Open) -> None:
    malang = opened({"offices": {"closed_on": ["tuesday"]}}, days=3, hour=13, faster=10)
    hall = malang.hall
    operator = gevent.spawn(lambda: [(hall.next_citizen(0), malang.clock.now_s()) for _ in range(3)])
    for number, hour in enumerate((13, 34, 57)):
        malang.clock.sleep_until(hour * HOUR_S)
        hall.admit(visitor(number, hour * HOUR_S))
    calls = operator.get(timeout=10)
    assert [citizen for citizen, _ in calls] == [
        visitor(0, 13 * HOUR_S),
        visitor(1, 34 * HOUR_S),
        visitor(2, 57 * HOUR_S),
    ]
    # Who stands before a closed office on Tuesday is called on Wednesday.
    assert calls[1][1] >= 2 * DAY_S + 8 * HOUR_S
    assert not hall.doors_closed(2 * DAY_S + 12 * HOUR_S)
    assert hall.doors_closed(2 * DAY_S + 13 * HOUR_S)
