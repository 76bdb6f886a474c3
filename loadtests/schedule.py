"""The schedule: when citizens are put into the offices' queues.

Pacing is a pure function of the moments planned, what has been released and the time; the `Dispatcher` only sleeps and
hands out. Citizens come whether or not the server keeps up: what is late is released at once, in order, and its lag
recorded; nothing is skipped. Judge a run by that lag, not by the rate achieved.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from loadtests.wall_clock import WallClock
from model.arrivals import Citizen


class Pace(NamedTuple):
    """What the schedule asks for at a moment."""

    due: int
    """So many, counted from the first, should have been released by now."""
    next_s: float | None
    """When the next one is due; None when there is none."""


def pace(moments_s: Sequence[float], released: int, now_s: float) -> Pace:
    """Return what is due at `now_s`, when the first `released` of the ascending `moments_s` are out already."""
    due = bisect_right(moments_s, now_s, lo=released)
    return Pace(due, moments_s[due] if due < len(moments_s) else None)


def busiest_second(moments_s: Sequence[float]) -> int:
    """Return the most of the ascending moments that any second holds, wherever it begins."""
    first, most = 0, 0
    for index, moment_s in enumerate(moments_s):
        while moments_s[first] <= moment_s - 1.0:
            first += 1
        most = max(most, index - first + 1)
    return most


class RateError(ValueError):
    """The schedule's busiest second would exceed `[load] max_rate`."""

    def __init__(self, busiest: int, max_rate_per_s: float) -> None:
        super().__init__(
            f"the busiest second would bring {busiest} citizens, more than load.max_rate ({max_rate_per_s:g}/s); "
            "lower load.speedup or load.peak, or raise load.max_rate"
        )


class Dispatcher:
    """Puts each citizen into the office's queue at the moment of arrival, whatever the server does."""

    def __init__(
        self,
        citizens: Sequence[Citizen],
        clock: WallClock,
        max_rate_per_s: float,
        admit: Callable[[Citizen, float], None],
    ) -> None:
        """Plan to call `admit(citizen, now_s)` for each of `citizens`, who are in the order of their arrival.

        Raises:
            RateError: some second of wall time would bring more than `max_rate_per_s` of them.
        """
        busiest = busiest_second([clock.clock.to_wall_s(citizen.arrival_s) for citizen in citizens])
        if busiest > max_rate_per_s:
            raise RateError(busiest, max_rate_per_s)
        self._citizens = citizens
        self._moments_s = [citizen.arrival_s for citizen in citizens]
        self._clock = clock
        self._admit = admit
        self._released = 0

    @property
    def done(self) -> bool:
        """Whether everybody has come."""
        return self._released == len(self._citizens)

    def dropped(self) -> int:
        """Return how many should have come by now and have not."""
        return pace(self._moments_s, self._released, self._clock.now_s()).due - self._released

    def run(self) -> None:
        """Release citizens until all have come; the body of a greenlet."""
        while not self.done:
            due, next_s = pace(self._moments_s, self._released, self._clock.now_s())
            for citizen in self._citizens[self._released : due]:
                self._admit(citizen, self._clock.now_s())
                self._released += 1
            if next_s is not None:
                self._clock.sleep_until(next_s)
