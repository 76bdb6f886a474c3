"""Days of the offices being played, one or several in a row: what operators, forwarders and windows share.

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
from model.arrivals import Citizen, absent_of
from model.errands import depends_on_version
from model.events import Exit
from model.logins import Login, logins_of
from model.scenario import Scenario


class Day:
    """The halls, the citizens to come, and the record of what happens."""

    def __init__(self, plan: LoadPlan, scenario: Scenario, niks: Mapping[str, str]) -> None:
        """Prepare to play the plan's days.

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
        self.days = plan.numbers
        """The scenario's days that are played."""
        self._replication = plan.replication
        coming = plan.citizens(scenario)
        self.planned = len(coming)
        self._dispatcher = Dispatcher(coming, self.clock, scenario.load.max_rate_per_s, self._admit)
        self.record = Record(plan.out, self.clock.clock)
        self.ends_s = plan.ends_s(scenario)
        """When it is over, whatever is left: the last evening's end in all of the scenario's offices."""
        offices = plan.plan_offices(scenario)
        self.halls = {
            code: Hall(scenario, office, plan.numbers, self.clock, self.record) for code, office in offices.items()
        }
        self.absent = {
            code: [card for day in plan.numbers for card in absent_of(scenario, office, day, plan.replication)]
            for code, office in offices.items()
        }
        """The cards that each office orders at opening for people who are not there."""
        self.asks_version = any(
            share and depends_on_version(errand) for errand, share in scenario.demand.mix.shares.items()
        )
        """Whether the offices have to know which version serves them."""
        for hall in self.halls.values():
            hall.at_door = [] if self.asks_version else None

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

    def logins(self, hall: Hall, counter: int) -> list[Login]:
        """Return when the operator of a counter (numbered from 0) logs in."""
        days = (logins_of(self.scenario, hall.plan, day, self._replication) for day in self.days)
        return [logins[counter] for logins in days if logins]

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
        hall = self.halls[citizen.office]
        if hall.at_door is not None:
            hall.at_door.append(citizen)
        else:
            self._let_in(hall, citizen, now_s)

    def _let_in(self, hall: Hall, citizen: Citizen, now_s: float) -> None:
        if hall.offers(citizen.errand):
            hall.admit(citizen)
        else:
            self.record.exit(citizen, citizen.arrival_s, now_s, Exit.TURNED_AWAY)
