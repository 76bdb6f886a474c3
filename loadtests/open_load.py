"""Open load: citizens of the scenario's mix arrive at a set rate, as a Poisson process, whether or not it is kept up.

Many terminals send what they came for, each one thing at a time. Should all be busy, it waits for a terminal, and its
time counts from the arrival all the same.
"""

from collections.abc import Callable

from gevent.queue import Queue

from loadtests.errand import Errands
from loadtests.latency import Durations
from loadtests.plan import LoadPlan
from loadtests.record import Record
from loadtests.residents import dealt
from loadtests.schedule import Dispatcher
from loadtests.walk_ins import open_arrivals
from loadtests.wall_clock import WallClock
from model.arrivals import Citizen
from model.clock import Clock
from model.scenario import Scenario

DRAIN_S = 10.0
"""What the server is given to answer the last packets."""


class OpenLoad:
    """Who is to be served when, and the record of what happens; times are seconds of wall time since the origin."""

    def __init__(self, plan: LoadPlan, scenario: Scenario) -> None:
        """Prepare the load.

        Raises:
            loadtests.schedule.RateError: the rate is too high for `[load] max_rate`.
            ValueError: `[load] packet` is too small, the list of residents is missing or too short, or the centre's
                version offers nothing of the mix.
        """
        self.clock = WallClock(Clock(1.0, plan.origin_wall_s, 0.0))
        self.errands = Errands(scenario, dealt(plan, scenario))
        self.record = Record(plan.out, self.clock.clock)
        self.waiting: Queue[Citizen] = Queue()
        self.start_lag = Durations()
        """From when a packet or order should have been sent to when it was; a terminal's work to make it is within."""
        coming = open_arrivals(plan, scenario)
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
