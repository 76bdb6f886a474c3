"""Pacing: pure, so tested without a greenlet and almost without a clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.schedule import Dispatcher, Pace, RateError, busiest_second, pace
from loadtests.wall_clock import WallClock
from model.arrivals import Citizen
from model.clock import Clock

MOMENTS_S = [10.0, 20.0, 20.0, 35.0]


class SteppedClock(WallClock):
    """Moves only when somebody sleeps, and each time oversleeps."""

    def __init__(self, speedup: float = 1.0, oversleeps_s: float = 0.0) -> None:
        super().__init__(Clock(speedup, 0.0, 0.0))
        self._now_wall_s = 0.0
        self._oversleeps_s = oversleeps_s

    def wall_s(self) -> float:
        return self._now_wall_s

    def sleep_until(self, moment_s: float) -> None:
        self._now_wall_s = max(self._now_wall_s, self.clock.to_wall_s(moment_s)) + self._oversleeps_s


def visitors(moments_s: list[float]) -> list[Citizen]:
    return [Citizen(f"35.07-d0-{n:04d}", "35.07", moment_s, 1.0, None, ()) for n, moment_s in enumerate(moments_s)]


@pytest.mark.parametrize(
    ("released", "now_s", "expected"),
    [
        (0, 0.0, Pace(0, 10.0)),
        (0, 10.0, Pace(1, 20.0)),
        (1, 19.9, Pace(1, 20.0)),
        (1, 20.0, Pace(3, 35.0)),
        (0, 30.0, Pace(3, 35.0)),
        (3, 99.0, Pace(4, None)),
        (4, 99.0, Pace(4, None)),
    ],
)
def test_the_pace_says_what_is_due_and_when_the_next_is(released: int, now_s: float, expected: Pace) -> None:
    assert pace(MOMENTS_S, released, now_s) == expected


@given(st.lists(st.floats(0, 1_000), max_size=50).map(sorted), st.floats(0, 50))
def test_everybody_is_released_once_in_order_and_never_early(moments_s: list[float], oversleeps_s: float) -> None:
    came: list[tuple[Citizen, float]] = []
    everybody = visitors(moments_s)
    clock = SteppedClock(oversleeps_s=oversleeps_s)
    dispatcher = Dispatcher(everybody, clock, 1_000, lambda citizen, now_s: came.append((citizen, now_s)))

    dispatcher.run()

    assert [citizen for citizen, _ in came] == everybody
    assert all(now_s >= citizen.arrival_s for citizen, now_s in came)
    assert dispatcher.done


def test_who_is_late_is_released_at_once() -> None:
    came: list[float] = []
    dispatcher = Dispatcher(
        visitors([1.0, 2.0, 3.0, 30.0]), SteppedClock(oversleeps_s=5.0), 10, lambda _, now_s: came.append(now_s)
    )

    dispatcher.run()

    assert came == [6.0, 6.0, 6.0, 35.0]


def test_dropped_are_those_who_should_have_come_and_have_not() -> None:
    clock = SteppedClock()
    dispatcher = Dispatcher(visitors([1.0, 2.0, 30.0]), clock, 10, lambda _citizen, _now_s: None)

    assert dispatcher.dropped() == 0
    clock.sleep_until(2.0)
    assert dispatcher.dropped() == 2
    dispatcher.run()
    assert dispatcher.dropped() == 0


@pytest.mark.parametrize(
    ("moments_s", "most"), [([], 0), ([5.0], 1), ([0.0, 0.9, 1.0, 1.8], 3), ([0.0, 1.0, 2.0], 1), ([3.0] * 4, 4)]
)
def test_the_busiest_second_may_begin_anywhere(moments_s: list[float], most: int) -> None:
    assert busiest_second(moments_s) == most


def test_a_schedule_too_dense_for_the_wall_clock_is_refused() -> None:
    with pytest.raises(RateError, match=r"busiest second would bring 4 citizens, more than load.max_rate \(3/s\)"):
        Dispatcher(visitors([0.0, 100.0, 200.0, 300.0]), SteppedClock(speedup=600), 3, lambda _citizen, _now_s: None)
