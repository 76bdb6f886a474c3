"""An office at work, and a citizen's visit to it, from the door to the card in hand."""

import math
from collections.abc import Generator, Iterable
from itertools import count

from simpy import Environment, Event

from model.arrivals import Citizen
from model.centre import Centre
from model.events import EventLog
from model.scenario import Scenario
from model.staffing import OfficeDay, OfficePlan, office_day
from model.stages import REFUSED, Stage, Status
from model.station import Station
from model.units import DAY_S


class Office:
    """Counters, printers and a hand-over window, staffed by the shifts."""

    def __init__(self, env: Environment, scenario: Scenario, plan: OfficePlan, centre: Centre, log: EventLog) -> None:
        """Make an office that sends its records to `centre` and writes its visits to `log`; nobody is on duty yet."""
        self.plan = plan
        self._env = env
        self._scenario = scenario
        self._centre = centre
        self._log = log
        code = plan.office.code
        self._counters = Station(env, f"{code}/counter", plan.counters, on_duty=0)
        self._printers = Station(env, f"{code}/printer", plan.printers, on_duty=0)
        self._window = f"{code}/window"

    def work(self, days: int) -> Generator[Event, object, None]:
        """Open and close the counters and printers by the shifts, day after day."""
        for day in range(days):
            today = self._today(day)
            yield self._until(today.regular_start_s)
            self._counters.staff(self.plan.counters)
            self._printers.staff(self.plan.printers)
            yield self._until(today.evening_start_s)
            self._counters.staff(self.plan.evening_counters)
            yield self._until(today.evening_end_s)
            self._counters.staff(0)
            self._printers.staff(0)
            self._counters.send_home()

    def admit(self, citizens: Iterable[Citizen]) -> Generator[Event, object, None]:
        """Let citizens in at their moment, earliest first, each on a visit of their own."""
        for citizen in citizens:
            yield self._until(citizen.arrival_s)
            self._env.process(self.visit(citizen))

    def visit(self, citizen: Citizen) -> Generator[Event, object, None]:
        """Take a ticket, be captured, wait for the centre and the printer, collect the card."""
        self._row(citizen, Stage.ARRIVAL, (citizen.arrival_s,) * 3, "door", Status.UNREGISTERED)

        counter = yield from self._wait_for_counter()
        started_s = self._env.now
        yield self._env.timeout(citizen.capture_s)
        name = self._counters.server_name(counter)
        self._row(citizen, Stage.CAPTURE, (citizen.arrival_s, started_s, self._env.now), name, Status.BIO_CAPTURED)
        yield from self._centre.receive(citizen)
        self._counters.release(counter)

        status = yield from self._centre.process(citizen)
        if status not in REFUSED:
            yield from self._print(citizen)
            status = Status.CARD_ISSUED

        entered_s = self._env.now
        yield self._until(self._next_look_s())
        self._row(citizen, Stage.HANDOVER, (entered_s, self._env.now, self._env.now), self._window, status)

    def _wait_for_counter(self) -> Generator[Event, object, int]:
        """Queue at the counters; who is sent home in the evening comes back when the doors next open."""
        counter = yield self._counters.seize()
        while not isinstance(counter, int):
            yield self._until(self._next_opening_s())
            counter = yield self._counters.seize()
        return counter

    def _print(self, citizen: Citizen) -> Generator[Event, object, None]:
        entered_s = self._env.now
        printer = yield self._printers.seize()
        assert isinstance(printer, int)  # noqa: S101 - cards are never sent home
        started_s = self._env.now
        yield self._env.timeout(self._scenario.service.printing_s)
        self._printers.release(printer)
        name = self._printers.server_name(printer)
        self._row(citizen, Stage.PRINTING, (entered_s, started_s, self._env.now), name, Status.CARD_PRINTED)

    def _next_look_s(self) -> float:
        """When the hand-over window next looks for cards: at its interval while somebody works, else at opening."""
        for day in count(self._day()):
            today = self._today(day)
            if self._env.now <= today.opens_s:
                return today.opens_s
            interval_s = self._scenario.service.handover_s
            look_s = today.opens_s + math.ceil((self._env.now - today.opens_s) / interval_s) * interval_s
            if look_s <= today.evening_end_s:
                return look_s
        raise AssertionError("there is always a next day")

    def _next_opening_s(self) -> float:
        return next(today.opens_s for today in map(self._today, count(self._day())) if today.opens_s > self._env.now)

    def _day(self) -> int:
        """The local day, never a later one than it is."""
        return max(0, math.floor((self._env.now - self._today(0).opens_s) / DAY_S))

    def _today(self, day: int) -> OfficeDay:
        return office_day(self._scenario, self.plan.office, day)

    def _until(self, moment_s: float) -> Event:
        return self._env.timeout(max(0.0, moment_s - self._env.now))

    def _row(
        self, citizen: Citizen, stage: Stage, times_s: tuple[float, float, float], server: str, outcome: Status
    ) -> None:
        entered_s, started_s, finished_s = times_s
        self._log.row(
            citizen.name, citizen.office, stage, (entered_s, started_s, started_s, finished_s), server, outcome
        )
