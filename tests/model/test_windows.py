from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model.units import DAY_S, HOUR_S, DayWindow, parse_window
from model.windows import next_outside_s, next_within_s, spells_s, within

NIGHT = [parse_window("20:00-24:00"), parse_window("00:00-06:00")]
LUNCH = [parse_window("12:00-13:00")]


@st.composite
def windows(draw: st.DrawFn) -> list[DayWindow]:
    """Draw one to four windows at full hours that leave part of the day free."""
    chosen = []
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, 23))
        chosen.append(DayWindow(start * HOUR_S, draw(st.integers(start + 1, 24)) * HOUR_S))
    assume(any(not within(chosen, hour * HOUR_S) for hour in range(24)))
    return chosen


MOMENTS_S = st.integers(-3 * 86_400, 9 * 86_400).map(float)


@pytest.mark.parametrize(("hour", "inside"), [(5.99, True), (6, False), (19.99, False), (20, True), (47, True)])
def test_a_night_is_two_windows_that_come_every_day(hour: float, inside: bool) -> None:
    assert within(NIGHT, hour * HOUR_S) is inside


def test_the_next_moment_within_or_outside_is_now_or_the_next_edge() -> None:
    assert next_within_s(NIGHT, 7 * HOUR_S) == 20 * HOUR_S
    assert next_within_s(NIGHT, 23 * HOUR_S) == 23 * HOUR_S
    assert next_outside_s(NIGHT, 23 * HOUR_S) == 30 * HOUR_S
    assert next_outside_s(LUNCH, 12.5 * HOUR_S) == 13 * HOUR_S
    assert next_within_s([], 7.0) == next_outside_s([], 7.0) == 7.0


def test_a_clock_of_another_zone_moves_the_windows() -> None:
    assert next_within_s(LUNCH, 0.0, midnight_s=-HOUR_S) == 11 * HOUR_S


def test_windows_without_a_gap_have_no_outside() -> None:
    with pytest.raises(ValueError, match="whole day"):
        next_outside_s([parse_window("00:00-12:00"), parse_window("12:00-24:00")], 0.0)


@given(windows(), MOMENTS_S, st.integers(-2, 2))
def test_the_next_moment_within_is_within_and_none_before_it_is(
    some: list[DayWindow], moment_s: float, hours: int
) -> None:
    midnight_s = hours * HOUR_S
    next_s = next_within_s(some, moment_s, midnight_s)
    assert moment_s <= next_s < moment_s + DAY_S
    assert within(some, next_s, midnight_s)
    assert not any(
        within(some, step * 900.0, midnight_s) for step in range(int(moment_s // 900) + 1, int(next_s // 900))
    )


@given(windows(), MOMENTS_S)
def test_the_next_moment_outside_is_outside_and_none_before_it_is(some: list[DayWindow], moment_s: float) -> None:
    next_s = next_outside_s(some, moment_s)
    assert moment_s <= next_s < moment_s + DAY_S
    assert not within(some, next_s)
    assert all(within(some, step * 900.0) for step in range(int(moment_s // 900) + 1, int(next_s // 900)))


@given(windows(), MOMENTS_S, st.integers(1, 200).map(lambda hours: hours * HOUR_S))
def test_spells_lie_in_the_windows_follow_each_other_and_have_the_length_together(
    some: list[DayWindow], start_s: float, length_s: float
) -> None:
    spells = spells_s(some, start_s, length_s)
    assert sum(end_s - begin_s for begin_s, end_s in spells) == pytest.approx(length_s)
    assert start_s <= spells[0][0]
    assert all(within(some, begin_s) and within(some, end_s - 1e-3) for begin_s, end_s in spells)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spells))


def test_without_windows_there_is_one_spell() -> None:
    assert spells_s([], 5.0, 10.0) == [(5.0, 15.0)]
