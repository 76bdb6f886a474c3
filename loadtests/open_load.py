"""Open load: enrollments arrive at a set rate, as a Poisson process, whether or not the server keeps up.

Many terminals send them, each one packet at a time. Should all be busy, a packet waits for a terminal, and its time
counts from its arrival all the same.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from gevent.queue import Queue

from loadtests.latency import Durations
from loadtests.people import People, walk_ins
from loadtests.plan import LoadPlan
from loadtests.record import Record
from loadtests.schedule import Dispatcher
from loadtests.wall_clock import WallClock
from model.arrivals import Citizen
from model.clock import Clock
from model.scenario import Scenario
from model.staffing import plan_offices
from model.streams import stream

DRAIN_S = 10.0
"""What the server is given to answer the last packets."""


def arrivals_s(seed: int, replication: int, rate_per_s: float, length_s: float) -> Iterator[float]:
    """Yield the moments of a Poisson process of `rate_per_s` from 0 to `length_s`, always the same for the same rate.

    A longer length only adds later moments.
    """
    dice = stream(seed, replication, "open load", f"{rate_per_s:.6g}")
    moment_s = dice.exponential(1 / rate_per_s)
    while moment_s < length_s:
        yield moment_s
        moment_s += dice.exponential(1 / rate_per_s)


class OpenLoad:
    """Who is to be enrolled when, and the record of what happens; times are seconds of wall time since the origin."""

    def __init__(self, plan: LoadPlan, scenario: Scenario) -> None:
        """Prepare the load.

        Raises:
            loadtests.schedule.RateError: the rate is too high for `[load] max_rate`.
            ValueError: `[load] packet` is too small.
        """
        self.clock = WallClock(Clock(1.0, plan.origin_wall_s, 0.0))
        self.people = People(scenario)
        self.record = Record(plan.out, self.clock.clock)
        self.waiting: Queue[Citizen] = Queue()
        self.start_lag = Durations()
        """From when a packet should have been sent to when it was; a terminal's work to make it is within."""
        moments_s = list(arrivals_s(scenario.seed, plan.replication, plan.rate_per_s, plan.length_s))
        people = islice(walk_ins(scenario, list(plan_offices(scenario))), len(moments_s))
        coming = [citizen._replace(arrival_s=moment_s) for citizen, moment_s in zip(people, moments_s, strict=True)]
        self._dispatcher = Dispatcher(coming, self.clock, scenario.load.max_rate_per_s, self._admit)
        self._planned = len(coming)
        self._rate_per_s = plan.rate_per_s
        self._ends_s = plan.length_s

    def background(self) -> list[Callable[[], None]]:
        """Return what goes on beside the terminals: the arrivals."""
        return [self._dispatcher.run]

    def over(self) -> bool:
        """Tell whether the time has passed, and whether all is answered or long overdue."""
        now_s = self.clock.now_s()
        if now_s < self._ends_s or not self._dispatcher.done:
            return False
        return now_s > self._ends_s + DRAIN_S or not (self.waiting.qsize() or self.record.sending)

    def report(self) -> None:
        """Write how far the load has come."""
        self.record.write_progress(self.clock.now_s(), self.waiting.qsize())

    def summarise(self) -> None:
        """Write the summary as it stands."""
        self.record.write_summary(
            mode="open",
            over=self.over(),
            planned=self._planned,
            dropped=self._dispatcher.dropped(),
            waiting=self.waiting.qsize(),
            rate_per_s=self._rate_per_s,
            start_lag=self.start_lag.percentiles(),
        )

    def _admit(self, citizen: Citizen, now_s: float) -> None:
        self.record.arrival(citizen, now_s)
        self.waiting.put(citizen)
