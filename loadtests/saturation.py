"""Saturation: how many enrollments a second the server completes when it always has enough to do.

Closed-loop on purpose: a fixed number of records is at the server at any time, so that it is never idle and never
flooded. It measures throughput only; latencies under closed load say nothing about what citizens meet.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from loadtests.people import People
from loadtests.plan import LoadPlan
from loadtests.record import Record
from loadtests.walk_ins import walk_ins
from loadtests.wall_clock import WallClock
from model.scenario import Scenario
from model.staffing import plan_offices

WARM_UP_SHARE = 1 / 3
"""Of the window's length: what the pipeline is given to fill before the window begins."""


class Throughput(NamedTuple):
    """What a window saw."""

    completions: int
    window_s: float
    """How long it was, in seconds of wall time: shorter than planned when the run was cut short, at least 0."""
    per_s: float


class SteadyWindow(NamedTuple):
    """The stretch of wall time in which completions count."""

    begins_s: float
    ends_s: float

    def throughput(self, completions_s: Sequence[float], now_s: float) -> Throughput:
        """Return what of the window has passed by `now_s` saw, of things completed at `completions_s`."""
        length_s = max(0.0, min(self.ends_s, now_s) - self.begins_s)
        completed = sum(self.begins_s <= moment_s < self.begins_s + length_s for moment_s in completions_s)
        return Throughput(completed, length_s, completed / length_s if length_s else 0.0)


class Saturation:
    """What the saturators share: people to enroll, and what was completed when."""

    def __init__(self, plan: LoadPlan, scenario: Scenario) -> None:
        """Prepare the measurement.

        Raises:
            ValueError: `[load] packet` is too small.
        """
        self.scenario = scenario
        self.clock = WallClock(plan.clock(scenario))
        self.people = People(scenario)
        self.record = Record(plan.out, self.clock.clock)
        self.walk_ins = walk_ins(scenario, list(plan_offices(scenario)))
        self._in_flight = plan.in_flight
        begins_s = max(plan.origin_wall_s, self.clock.wall_s())
        self.begins_s = begins_s
        """When the first packets are sent, in seconds since the epoch."""
        steady_s = begins_s + plan.window_s * WARM_UP_SHARE
        self._window = SteadyWindow(steady_s, steady_s + plan.window_s)
        self._stops_s = begins_s + plan.max_s
        self._completions_s: list[float] = []
        self._repeated = 0

    def completed(self) -> None:
        """Note that the centre has finished a record just now."""
        self._completions_s.append(self.clock.wall_s())

    def repeated(self) -> None:
        """Note that the centre had finished a record before it was sent: an earlier run's, and no work of this one."""
        self._repeated += 1

    def background(self) -> list[Callable[[], None]]:
        """Return nothing: the saturators are all there is."""
        return []

    def over(self) -> bool:
        """Tell whether the window, or the time allowed, has passed."""
        return self.clock.wall_s() >= min(self._window.ends_s, self._stops_s)

    def report(self) -> None:
        """Write how far the measurement has come."""
        self.record.write_progress(self.clock.now_s(), 0)

    def summarise(self) -> None:
        """Write the measurement as it stands."""
        now_s = self.clock.wall_s()
        seen = self._window.throughput(self._completions_s, now_s)
        self.record.write_summary(
            mode="capacity",
            over=now_s >= self._window.ends_s,
            capacity_per_s=seen.per_s,
            completions=seen.completions,
            window_s=seen.window_s,
            in_flight=self._in_flight,
            repeated=self._repeated,
            dropped=0,
            valid_for_latency=False,
        )
