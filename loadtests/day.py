"""A day of the offices being played: what its operators and hand-over windows share.

Semi-open: citizens come by the scenario's curve whether or not the server is slow; a fixed number of operators per
office serve them. A slow server therefore makes people queue at the counters.
"""

from collections.abc import Callable, Iterator, Mapping

from loadtests.errand import Errands
from loadtests.hall import Hall
from loadtests.plan import LoadPlan
from loadtests.record import Record
from loadtests.schedule import Dispatcher
from loadtests.wall_clock import WallClock
from model.arrivals import Citizen, absent_of, citizens
from model.errands import depends_on_version
from model.scenario import Scenario
from model.staffing import office_day


class Day:
    """The halls, the citizens to come, and the record of what happens."""

    def __init__(self, plan: LoadPlan, scenario: Scenario, niks: Mapping[str, str]) -> None:
        """Prepare to play the plan's day.

        Args:
            plan: which day, and of which offices.
            scenario: whose citizens come.
            niks: of the residents who need a new card, see loadtests/residents.py.

        Raises:
            loadtests.schedule.RateError: the day is too dense for `[load] max_rate`.
            ValueError: `[load] packet` is too small.
        """
        self.scenario = scenario
        self.clock = WallClock(plan.clock(scenario))
        self.errands = Errands(scenario, niks)
        offices = plan.plan_offices(scenario)
        self.halls = {
            code: Hall(office, office_day(scenario, office.office, plan.day), self.clock)
            for code, office in offices.items()
        }
        self.absent = {
            code: absent_of(scenario, office, plan.day, plan.replication) for code, office in offices.items()
        }
        """The cards that each office orders at opening for people who are not there."""
        self.asks_version = any(
            share and depends_on_version(errand) for errand, share in scenario.demand.mix.shares.items()
        )
        """Whether the offices have to know which version serves them."""
        for hall in self.halls.values():
            hall.at_door = [] if self.asks_version else None
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

    def hear(self, hall: Hall, version: str | None) -> None:
        """Tell an office which version serves it, and let in, or turn away, who came before that was known."""
        hall.version = version
        waiting, hall.at_door = hall.at_door or [], None
        for citizen in waiting:
            self._let_in(hall, citizen, self.clock.now_s())

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
        hall = self.halls[citizen.office]
        if hall.at_door is not None:
            hall.at_door.append(citizen)
        else:
            self._let_in(hall, citizen, now_s)

    def _let_in(self, hall: Hall, citizen: Citizen, now_s: float) -> None:
        if hall.offers(citizen.errand):
            hall.admit(citizen)
        else:
            self.record.turn_away(citizen, now_s)

    def _closing(self, hall: Hall) -> Callable[[], None]:
        def close() -> None:
            self.clock.sleep_until(hall.day.evening_end_s)
            self.record.sent_home += hall.send_home()
            self._closed.add(hall.code)

        return close
