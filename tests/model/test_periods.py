import math
from datetime import timedelta

import pytest

from model.offices import Zone
from model.periods import Period, Timeline, scheduled_periods, upgrade_length_s, work_s, zone_periods
from model.scenario import Scenario
from model.strategies import changed, without_upgrade

HOUR_S = 3600.0


def upgraded(april: Scenario, **keys: object) -> Scenario:
    return changed(april, {"upgrade": keys})


def test_the_night_hours_hold_the_work_until_it_is_done(april: Scenario) -> None:
    night = upgraded(april, hours=["20:00-24:00", "00:00-06:00"], work="15 h")
    periods = [(period.start_s / HOUR_S, period.phase, period.version) for period in scheduled_periods(night)]
    # Monday's doors open at 08:00; work from 20:00 to 24:00, 00:00 to 06:00 and 20:00 to 24:00, and an hour more.
    assert periods == [
        (-math.inf, "", "5.4"),
        (20, "upgrade", "5.4"),
        (24, "upgrade", "5.4"),
        (30, "", "5.4"),
        (44, "upgrade", "5.4"),
        (48, "upgrade", "5.4"),
        (49, "", "5.5"),
    ]
    assert upgrade_length_s(night) == 41 * HOUR_S


def test_work_that_is_not_told_is_what_lies_in_its_hours_until_the_expected_end(april: Scenario) -> None:
    assert april.upgrade is not None
    assert work_s(april, april.upgrade) == 58 * HOUR_S
    night = upgraded(april, hours=["20:00-24:00", "00:00-06:00"])
    assert night.upgrade is not None
    assert work_s(night, night.upgrade) == 20 * HOUR_S
    assert upgrade_length_s(night) == 46 * HOUR_S


def test_a_big_bang_stands_still_for_as_long_as_it_works(april: Scenario) -> None:
    _, still, new = scheduled_periods(upgraded(april, plan="big-bang"))
    assert (still.phase, still.slowdown, still.version) == ("standstill", math.inf, "5.4")
    assert (new.start_s, new.version, new.slowdown) == (66 * HOUR_S, "5.5", 1.1)


def test_the_switch_stands_still_and_leaves_cold_caches(april: Scenario) -> None:
    cost = {"standstill": "30 min", "cold": 3.0, "warm_up": "1 h", "lost_slots": 0.25}
    _, during, still, new = scheduled_periods(upgraded(april, cost=cost))
    assert (during.lost, still.lost, new.lost) == (0.25, 0.0, 0.0)
    assert (still.start_s, still.slowdown) == (66 * HOUR_S, math.inf)
    assert new.start_s == 66.5 * HOUR_S
    after = [new.slowdown_at(new.start_s + hours * HOUR_S) for hours in (0, 1, 2, 100)]
    assert after == pytest.approx([1.1 * 3, 1.1 * (1 + 2 / math.e), 1.1 * (1 + 2 / math.e**2), 1.1])


def test_a_rolling_upgrade_takes_the_zones_from_east_to_west_by_their_people(april: Scenario) -> None:
    zones = zone_periods(upgraded(april, plan="rolling", cost={"standstill": "10 min"}))
    new_s = {zone: next(p.start_s for p in periods if p.version == "5.5") for zone, periods in zones.items()}
    assert new_s[Zone.WIT] < new_s[Zone.WITA] < new_s[Zone.WIB]
    # What is left of the work slows those who have been switched as well.
    east = [period for period in zones[Zone.WIT] if period.version == "5.5"]
    assert [period.phase for period in east] == ["upgrade", ""]
    assert [period.slowdown for period in east] == pytest.approx([1.65, 1.1])
    # Nobody stands still while others switch.
    stills = [[p.start_s for p in periods if math.isinf(p.slowdown)] for periods in zones.values()]
    assert [len(still) for still in stills] == [1, 1, 1]
    assert len({still[0] for still in stills}) == 3


def test_all_zones_are_alike_when_the_upgrade_is_not_rolling(april: Scenario) -> None:
    assert len(set(zone_periods(april).values())) == 1
    assert upgrade_length_s(without_upgrade(april)) == 0.0


def test_a_timeline_knows_what_holds_and_what_comes_next() -> None:
    first, second = Period(-math.inf, "5.4", "", 1.0), Period(10.0, "5.5", "", 2.0)
    timeline = Timeline((first, second))
    assert [timeline.at(moment_s) for moment_s in (-1.0, 9.9, 10.0, 99.0)] == [first, first, second, second]
    assert timeline.next_start_s(0.0) == 10.0


def test_an_upgrade_that_begins_later_is_planned_later(april: Scenario) -> None:
    assert april.upgrade is not None
    later = upgraded(april, start=april.upgrade.start + timedelta(hours=1), expected_end=april.upgrade.expected_end)
    assert scheduled_periods(later)[1].start_s == 9 * HOUR_S
