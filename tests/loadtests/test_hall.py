"""The hall: who is served when, by whom."""

import time

import gevent
import pytest

from loadtests.hall import Hall
from loadtests.wall_clock import WallClock
from model.arrivals import Citizen
from model.clock import Clock
from model.errands import Errand
from model.scenario import Scenario
from model.staffing import office_day, plan_offices
from model.units import HOUR_S


@pytest.fixture
def malang(lab: Scenario) -> Hall:
    """An office at half past eleven; an hour lasts a tenth of a second."""
    plan = plan_offices(lab)["35.07"]
    assert (plan.counters, plan.evening_counters) == (3, 2)
    clock = WallClock(Clock(36_000.0, time.time(), 11.5 * HOUR_S))
    return Hall(plan, office_day(lab, plan.office, 0), clock)


def visitor(number: int) -> Citizen:
    return Citizen(f"35.07-d0-{number:04d}", "35.07", 0.0, 1.0, None, ())


def test_what_is_offered_follows_the_version_and_is_everything_while_nobody_knows_it(malang: Hall) -> None:
    assert all(malang.offers(errand) for errand in Errand)
    malang.version = "5.4"
    assert {errand for errand in Errand if not malang.offers(errand)} == {
        Errand.REPLACEMENT_AWAY,
        Errand.FOREIGN_RESIDENT,
    }
    malang.version = "5.5"
    assert all(malang.offers(errand) for errand in Errand)


def test_first_come_first_served(malang: Hall) -> None:
    for number in range(3):
        malang.admit(visitor(number))

    assert malang.waiting == 3
    assert [malang.next_citizen(counter) for counter in (2, 0, 1)] == [visitor(0), visitor(1), visitor(2)]


def test_a_counter_without_evening_shift_is_done_and_the_others_go_on(malang: Hall) -> None:
    day_only = gevent.spawn(malang.next_citizen, 2)
    evening = gevent.spawn(malang.next_citizen, 1)
    malang._clock.sleep_until(13 * HOUR_S)
    malang.admit(visitor(0))
    malang._clock.sleep_until(14 * HOUR_S)

    assert evening.value == visitor(0)
    assert not day_only.ready()
    day_only.join()
    assert day_only.value is None
    assert malang._clock.now_s() >= malang.day.evening_end_s


def test_who_still_waits_is_sent_home(malang: Hall) -> None:
    malang.admit(visitor(0))
    malang.admit(visitor(1))

    assert malang.send_home() == 2
    assert malang.waiting == 0


def test_nobody_is_taken_in_a_break_and_the_counter_goes_on_after_it(lab: Scenario) -> None:
    plan = plan_offices(lab)["35.07"]
    day = office_day(lab, plan.office, 0)._replace(breaks_s=((11 * HOUR_S, 13 * HOUR_S),))
    hall = Hall(plan, day, WallClock(Clock(36_000.0, time.time(), 11.5 * HOUR_S)))
    hall.admit(visitor(0))
    assert hall.next_citizen(0) == visitor(0)
    assert 13 * HOUR_S <= hall._clock.now_s() < day.evening_end_s
