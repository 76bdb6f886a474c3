import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.arrivals import Citizen
from model.events import Exit
from model.office_days import OfficeDays, evening_exit, horizon_s
from model.offices import all_offices
from model.scenario import Scenario
from model.staffing import office_day, plan_offices
from model.strategies import changed

H, DAY = 3600.0, 86_400.0
MALANG, SORONG = all_offices()["35.07"], all_offices()["96.71"]
EVERY = 120.0


@pytest.fixture(scope="module")
def week(april: Scenario) -> Scenario:
    """Seven days from a Monday on, of which the last two are closed; doors 08 to 18, evening until 22."""
    return changed(april, {"offices": {"closed_on": ["saturday", "sunday"]}, "scenario": {"days": 7}, "upgrade": None})


@pytest.fixture(scope="module")
def malang(week: Scenario) -> OfficeDays:
    return OfficeDays(week, MALANG)


def visitor(arrival_s: float, constancy: float = 0.0) -> Citizen:
    return Citizen("35.07-d0-0000", "35.07", arrival_s, 400.0, None, (), constancy=constancy)


def test_the_days_are_those_of_the_scenario(week: Scenario, malang: OfficeDays) -> None:
    assert [malang.day(number) for number in (3, 0, 6)] == [office_day(week, MALANG, number) for number in (3, 0, 6)]


@pytest.mark.parametrize(("hour", "day"), [(-5, 0), (0, 0), (7, 0), (23.9, 0), (24, 1), (31, 1), (100, 4)])
def test_a_day_lasts_from_midnight_to_midnight(malang: OfficeDays, hour: float, day: int) -> None:
    assert malang.at(hour * H) == malang.day(day)


def test_midnight_is_the_offices_own(week: Scenario) -> None:
    sorong = OfficeDays(week, SORONG)
    # Two hours ahead of the start's zone.
    assert sorong.at(21.9 * H) == sorong.day(0)
    assert sorong.at(22.1 * H) == sorong.day(1)


def test_closed_days_are_left_out_of_what_is_looked_up(malang: OfficeDays) -> None:
    days = malang.open_from(4 * DAY + 9 * H)
    assert [next(days).opens_s / DAY for _ in range(3)] == pytest.approx([4 + 1 / 3, 7 + 1 / 3, 8 + 1 / 3])


@pytest.mark.parametrize(("hour", "opening"), [(7, 8), (8, 32), (22, 32), (4 * 24 + 22, 7 * 24 + 8)])
def test_who_is_sent_home_comes_back_when_the_doors_next_open(malang: OfficeDays, hour: float, opening: float) -> None:
    assert malang.next_opening_s(hour * H) == opening * H


@pytest.mark.parametrize(
    ("now_s", "look_s"),
    [
        (7 * H, 8 * H),
        (8 * H, 8 * H),
        (8 * H + 1, 8 * H + EVERY),
        (8 * H + EVERY, 8 * H + EVERY),
        (22 * H, 22 * H),
        (22 * H + 1, 32 * H),
        (4 * DAY + 22 * H + 1, 7 * DAY + 8 * H),
    ],
)
def test_a_window_looks_at_opening_and_at_its_interval_until_the_evening(
    malang: OfficeDays, now_s: float, look_s: float
) -> None:
    assert malang.next_look_s(now_s, EVERY) == look_s


@given(now_s=st.floats(0, 10 * DAY), every_s=st.floats(1, 4 * H))
def test_a_look_is_never_in_the_past_nor_at_night(malang: OfficeDays, now_s: float, every_s: float) -> None:
    look_s = malang.next_look_s(now_s, every_s)
    today = malang.at(look_s)
    assert look_s >= now_s - 1e-6
    assert not today.closed
    assert today.opens_s <= look_s <= today.evening_end_s


@pytest.mark.parametrize(
    ("came", "ready", "comes"),
    [
        (9, 10, 24 + 9),
        (9, 24 + 8.9, 24 + 9),
        (9, 24 + 9.1, 48 + 9),
        (17, 3, 24 + 17),
        (4 * 24 + 9, 4 * 24 + 10, 7 * 24 + 9),
    ],
)
def test_who_went_home_comes_for_the_card_on_a_later_day_at_the_same_time(
    malang: OfficeDays, came: float, ready: float, comes: float
) -> None:
    assert malang.comes_back_s(visitor(came * H), ready * H) == comes * H


@pytest.mark.parametrize(
    ("evenings", "returning", "why"),
    [
        (1, 1.0, Exit.SENT_HOME),
        (9, 1.0, Exit.SENT_HOME),
        (1, 0.9, Exit.SENT_HOME),
        (2, 0.9, Exit.SENT_HOME_FOR_GOOD),
        (1, 0.85, Exit.SENT_HOME_FOR_GOOD),
        (1, 0.0, Exit.SENT_HOME_FOR_GOOD),
    ],
)
def test_the_more_evenings_the_fewer_come_back(evenings: int, returning: float, why: Exit) -> None:
    # 0.9 * 0.9 is below this constancy.
    assert evening_exit(visitor(9 * H, constancy=0.85), evenings, returning) is why


def test_the_horizon_is_the_last_evening_in_the_west(week: Scenario) -> None:
    both = changed(week, {"offices": {"which": ["35.07", "96.71"]}})
    assert horizon_s(both, plan_offices(both), 1) == 22 * H
    assert horizon_s(both, plan_offices(both), 3) == 2 * DAY + 22 * H
