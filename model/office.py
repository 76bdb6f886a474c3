"""An office at work, and a citizen's visit to it, from the door to the card in hand."""

import math
from collections.abc import Generator, Iterable
from itertools import count

from simpy import Environment, Event

from model.arrivals import Citizen
from model.centre import Centre
from model.errands import NEEDS
from model.events import EventLog, Exit
from model.handover import HandoverWindow
from model.printers import Printers
from model.scenario import Scenario
from model.sending import sending_s
from model.staffing import OfficeDay, OfficePlan, office_day, on_duty, shift_changes_s
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
        self._printers = Printers(env, scenario, plan, log, centre.delays)
        self._window = HandoverWindow(env, self._next_look_s, centre.hand_over, centre.delays)
        self._window_name = f"{code}/window"
        self._link_free_s = -math.inf
        self._days: list[OfficeDay] = []

    def open(self, days: int) -> None:
        """Begin everything that goes on in the office beside its citizens."""
        self._env.process(self.work(days))
        self._printers.open(days)

    def work(self, days: int) -> Generator[Event, object, None]:
        """Open and close the counters by the shifts and breaks, day after day."""
        for day in range(days):
            today = self._today(day)
            if today.closed:
                continue
            for moment_s in shift_changes_s(today):
                yield self._until(moment_s)
                self._counters.staff(on_duty(self.plan, today, moment_s))
            self._counters.send_home()

    def admit(self, citizens: Iterable[Citizen]) -> Generator[Event, object, None]:
        """Let citizens in at their moment, earliest first, each on a visit of their own."""
        for citizen in citizens:
            yield self._until(citizen.arrival_s)
            self._env.process(self.visit(citizen))

    def print_for_absent(self, cards: Iterable[Citizen]) -> Generator[Event, object, None]:
        """Order the cards of people recorded earlier, at the moment given as their arrival."""
        for card in cards:
            yield self._until(card.arrival_s)
            self._env.process(self._make_card(card))

    def visit(self, citizen: Citizen) -> Generator[Event, object, None]:
        """Take a ticket, be served at a counter, wait for the centre and the printer, collect the card."""
        self._row(citizen, Stage.ARRIVAL, (citizen.arrival_s,) * 3, "door", Status.UNREGISTERED)
        if not self._centre.offers(citizen):
            self._leave(citizen, citizen.arrival_s, Exit.TURNED_AWAY)
            return
        counter = yield from self._wait_for_counter(citizen)
        if counter is None:
            return
        yield from self._be_captured(citizen, counter)
        place = yield from self._be_sent(citizen, counter)
        status = yield from self._make_card(citizen, place)
        yield from self._collect(citizen, status)

    def _wait_for_counter(self, citizen: Citizen) -> Generator[Event, object, int | None]:
        """Queue at the counters; who is sent home in the evening may come back when the doors next open."""
        since_s = citizen.arrival_s
        for evenings in count(1):
            turn = yield from self._counters.wait(citizen.patience_s)
            if not turn.triggered:
                self._leave(citizen, since_s, Exit.LEFT)
                return None
            counter = turn.value
            if isinstance(counter, int):
                return counter
            if citizen.constancy >= self._scenario.demand.returning**evenings:
                self._leave(citizen, since_s, Exit.SENT_HOME_FOR_GOOD)
                return None
            self._leave(citizen, since_s, Exit.SENT_HOME)
            yield self._until(self._next_opening_s())
            since_s = self._env.now
        raise AssertionError("there is always another evening")

    def _be_captured(self, citizen: Citizen, counter: int) -> Generator[Event, object, None]:
        started_s = self._env.now
        yield self._env.timeout(citizen.capture_s)
        captured = Status.BIO_CAPTURED if NEEDS[citizen.errand].capture else Status.PROCESSING
        name = self._counters.server_name(counter)
        self._row(citizen, Stage.CAPTURE, (citizen.arrival_s, started_s, self._env.now), name, captured)

    def _be_sent(self, citizen: Citizen, counter: int) -> Generator[Event, object, int | None]:
        """Have the packet sent: at once by the operator, who waits for the receipt, or later from the office's store.

        Returns the record's place in the centre, where places are counted.
        """
        ready_s = self._env.now
        send_s = sending_s(self._scenario, self.plan.office, ready_s)
        if send_s == ready_s and self._centre.has_room:
            place = yield from self._centre.enter(citizen)
            yield from self._send(citizen, ready_s)
            self._counters.release(counter)
            return place
        self._counters.release(counter)
        yield self._until(send_s)
        place = yield from self._centre.enter(citizen)
        yield from self._send(citizen, ready_s)
        return place

    def _send(self, citizen: Citizen, ready_s: float) -> Generator[Event, object, None]:
        """Send a packet over the office's line, one after the other, and wait for its receipt."""
        sent_s = self._env.now
        rate = self._scenario.offices.link_bits_per_s
        # A request for a replacement is a line of text: only captured packets fill the link.
        if rate is not None and NEEDS[citizen.errand].capture:
            sent_s = max(sent_s, self._link_free_s)
            self._link_free_s = sent_s + self._scenario.load.packet_bytes * 8 / rate
            yield self._until(self._link_free_s)
        yield from self._centre.receive(citizen, ready_s, sent_s)

    def _make_card(self, citizen: Citizen, place: int | None = None) -> Generator[Event, object, Status]:
        """Wait until the centre has decided and, unless it refuses, until the card is printed; returns the status."""
        status, made_s = yield from self._centre.process(citizen, place)
        if status in REFUSED:
            return status
        yield from self._printers.print(citizen, made_s)
        return Status.CARD_ISSUED

    def _collect(self, citizen: Citizen, status: Status) -> Generator[Event, object, None]:
        """Get the card, or hear that there is none, when the window next looks or on coming back another day."""
        entered_s = self._env.now
        if not citizen.waits:
            yield self._until(self._comes_back_s(citizen))
        if self._centre.hands_over_at_once:
            if citizen.waits:
                yield self._until(self._next_look_s())
            seen_s = self._env.now
        else:
            seen = yield self._window.collect(citizen, issued=status is Status.CARD_ISSUED)
            assert isinstance(seen, float)  # noqa: S101 - the window tells when it looked
            seen_s = seen
        self._row(citizen, Stage.HANDOVER, (entered_s, seen_s, self._env.now), self._window_name, status)

    def _leave(self, citizen: Citizen, since_s: float, why: Exit) -> None:
        self._row(citizen, Stage.CAPTURE, (since_s, self._env.now, self._env.now), why, Status.UNREGISTERED)

    def _next_look_s(self) -> float:
        """When the hand-over window next looks for cards: at its interval while somebody works, else at opening."""
        for today in self._days_from_now():
            if self._env.now <= today.opens_s:
                return today.opens_s
            interval_s = self._scenario.service.handover_s
            look_s = today.opens_s + math.ceil((self._env.now - today.opens_s) / interval_s) * interval_s
            if look_s <= today.evening_end_s:
                return look_s
        raise AssertionError("there is always a next day")

    def _comes_back_s(self, citizen: Citizen) -> float:
        """When somebody comes for a card that is ready now: a later day, at the time of the first visit."""
        came = self._today(self._day(citizen.arrival_s))
        time_s = citizen.arrival_s - came.opens_s
        return next(
            today.opens_s + time_s
            for today in self._days_from_now()
            if today.opens_s > came.opens_s and today.opens_s + time_s >= self._env.now
        )

    def _next_opening_s(self) -> float:
        return next(today.opens_s for today in self._days_from_now() if today.opens_s > self._env.now)

    def _days_from_now(self) -> Iterable[OfficeDay]:
        """The days on which the office is open, from the present one on."""
        return (today for today in map(self._today, count(self._day(self._env.now))) if not today.closed)

    def _day(self, moment_s: float) -> int:
        """The local day of a moment, never a later one than it is."""
        return max(0, math.floor((moment_s - self._today(0).opens_s) / DAY_S))

    def _today(self, day: int) -> OfficeDay:
        while len(self._days) <= day:
            self._days.append(office_day(self._scenario, self.plan.office, len(self._days)))
        return self._days[day]

    def _until(self, moment_s: float) -> Event:
        return self._env.timeout(max(0.0, moment_s - self._env.now))

    def _row(
        self, citizen: Citizen, stage: Stage, times_s: tuple[float, float, float], server: str, outcome: Status
    ) -> None:
        entered_s, started_s, finished_s = times_s
        self._log.row(
            citizen.name, citizen.office, stage, (entered_s, started_s, started_s, finished_s), server, outcome
        )
