"""A day of the offices being played: what its operators and hand-over windows share.

Semi-open: citizens come by the scenario's curve whether or not the server is slow; a fixed number of operators per
office serve them. A slow server therefore makes people queue at the counters.
"""

from collections.abc import Callable, Iterator

from loadtests.hall import Hall
from loadtests.people import People
from loadtests.plan import LoadPlan
from loadtests.record import Record
from loadtests.schedule import Dispatcher
from loadtests.wall_clock import WallClock
from model.arrivals import Citizen, citizens
from model.logins import login_moments_s
from model.scenario import Scenario
from model.staffing import office_day


class Day:
    """The halls, the citizens to come, and the record of what happens."""

    def __init__(self, plan: LoadPlan, scenario: Scenario) -> None:
        """Prepare to play the plan's day.

        Raises:
            loadtests.schedule.RateError: the day is too dense for `[load] max_rate`.
            ValueError: `[load] packet` is too small.
        """
        self.scenario = scenario
        self.clock = WallClock(plan.clock(scenario))
        self.people = People(scenario)
        offices = plan.plan_offices(scenario)
        self.halls = {
            code: Hall(office, office_day(scenario, office.office, plan.day), self.clock)
            for code, office in offices.items()
        }
        self._logins_s = {
            code: login_moments_s(scenario, office, plan.day, plan.replication) for code, office in offices.items()
        }
        coming = citizens(scenario, offices, plan.day, plan.replication)
        self.planned = len(coming)
        self._dispatcher = Dispatcher(coming, self.clock, scenario.load.max_rate_per_s, self._admit)
        self.record = Record(plan.out, self.clock.clock)
        self._closed: set[str] = set()

    def counters(self) -> Iterator[tuple[Hall, int]]:
        """Yield every office's counters, numbered from 0."""
        for hall in self.halls.values():
            for counter in range(hall.plan.counters):
                yield hall, counter

    def login_s(self, hall: Hall, counter: int) -> float | None:
        """Return when the operator of a counter (numbered from 0) logs in; None where nobody does."""
        moments_s = self._logins_s[hall.code]
        return moments_s[counter] if moments_s else None

    def background(self) -> list[Callable[[], None]]:
        """Return what goes on beside the users, each the body of a greenlet: arrivals, and each office's evening."""
        return [self._dispatcher.run, *(self._closing(hall) for hall in self.halls.values())]

    def over(self) -> bool:
        """Tell whether the day is over: all doors closed and nobody inside, or the last office's evening has ended."""
        if len(self._closed) == len(self.halls):
            return True
        now_s = self.clock.now_s()
        doors_closed = all(now_s >= hall.day.closes_s for hall in self.halls.values())
        return doors_closed and self._dispatcher.done and not self.record.inside

    def report(self) -> None:
        """Write how far the day has come."""
        self.record.write_progress(self.clock.now_s(), sum(hall.waiting for hall in self.halls.values()))

    def summarise(self) -> None:
        """Write the day's summary as it stands."""
        self.record.write_summary(
            mode="day",
            over=self.over(),
            scenario_s=self.clock.now_s(),
            planned=self.planned,
            dropped=self._dispatcher.dropped(),
            sent_home=self.record.sent_home,
            inside=self.record.inside,
        )

    def _admit(self, citizen: Citizen, now_s: float) -> None:
        self.record.arrival(citizen, now_s)
        self.halls[citizen.office].admit(citizen)

    def _closing(self, hall: Hall) -> Callable[[], None]:
        def close() -> None:
            self.clock.sleep_until(hall.day.evening_end_s)
            self.record.sent_home += hall.send_home()
            self._closed.add(hall.code)

        return close
