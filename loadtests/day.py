"""Days of the offices being played, one or several in a row: what operators, forwarders and windows share.

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
from model.arrivals import Citizen
from model.scenario import Scenario


class Day:
    """The halls, the citizens to come, and the record of what happens."""

    def __init__(self, plan: LoadPlan, scenario: Scenario) -> None:
        """Prepare to play the plan's days.

        Raises:
            loadtests.schedule.RateError: the day is too dense for `[load] max_rate`.
            ValueError: `[load] packet` is too small.
        """
        self.scenario = scenario
        self.clock = WallClock(plan.clock(scenario))
        self.people = People(scenario)
        coming = plan.citizens(scenario)
        self.planned = len(coming)
        self._dispatcher = Dispatcher(coming, self.clock, scenario.load.max_rate_per_s, self._admit)
        self.record = Record(plan.out, self.clock.clock)
        self.ends_s = plan.ends_s(scenario)
        """When it is over, whatever is left: the last evening's end in all of the scenario's offices."""
        self.halls = {
            code: Hall(scenario, office, plan.numbers, self.clock, self.record)
            for code, office in plan.plan_offices(scenario).items()
        }

    def counters(self) -> Iterator[tuple[Hall, int]]:
        """Yield every office's counters, numbered from 0."""
        for hall in self.halls.values():
            for counter in range(hall.plan.counters):
                yield hall, counter

    def background(self) -> list[Callable[[], None]]:
        """Return what goes on beside the users, each the body of a greenlet: arrivals, hours, patience."""
        halls = self.halls.values()
        return [self._dispatcher.run, *(hall.keep_hours for hall in halls), *(hall.keep_patience for hall in halls)]

    def over(self) -> bool:
        """Tell whether the last evening has ended, or nothing is left to do before it."""
        now_s = self.clock.now_s()
        if now_s >= self.ends_s:
            return all(hall.hours_over for hall in self.halls.values())
        doors_closed = self._dispatcher.done and all(hall.doors_closed(now_s) for hall in self.halls.values())
        # Of a packet whose answer was lost, the card may be handed over before the operator knows that it came.
        nobody_is_left = not self.inside and not self.record.sending
        return doors_closed and nobody_is_left and not any(map(self._has_work, self.halls.values()))

    @property
    def inside(self) -> int:
        """Citizens who have come and not left: at the counters, or waiting for the card."""
        return self.record.unfinished - self._to_come_back()

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
            left=self.record.left,
            sent_home=self.record.sent_home,
            sent_home_for_good=self.record.sent_home_for_good,
            to_come_back=self._to_come_back(),
            in_store=sum(len(hall.store) for hall in self.halls.values()),
            inside=self.inside,
        )

    def _to_come_back(self) -> int:
        return sum(len(hall.at_home) for hall in self.halls.values())

    def _has_work(self, hall: Hall) -> bool:
        """Whether packets are to be sent, records to be decided, or somebody comes for a card before the end."""
        if any(comes_s <= hall.ends_s for comes_s, _ in hall.to_collect.values()):
            return True
        open_records = hall.at_centre.keys() - hall.to_collect.keys()
        return bool(len(hall.store) or any(not self.record.gave_up_on(name) for name in open_records))

    def _admit(self, citizen: Citizen, now_s: float) -> None:
        self.record.arrival(citizen, now_s)
        self.halls[citizen.office].admit(citizen)
