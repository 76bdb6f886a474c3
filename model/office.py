"""An office at work, and a citizen's visit to it, from the door to the card in hand."""

from collections.abc import Generator, Iterable
from itertools import count

from simpy import Environment, Event

from model.arrivals import Citizen
from model.errands import NEEDS
from model.events import EventLog, Exit
from model.handover import HandoverWindow
from model.logins import logins_of
from model.office_days import OfficeDays, evening_exit
from model.printers import Printers
from model.processing import Centre
from model.scenario import Scenario
from model.sending import Link, goes_home, online_s, sending_s
from model.staffing import OfficePlan, on_duty, shift_changes_s
from model.stages import REFUSED, Stage, Status
from model.station import Station

FIRST = -1.0
"""The rank of an operator who needs the counter to log in."""


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
        self._link = Link(scenario)
        self._days = OfficeDays(scenario, plan.office)

    def open(self, days: int, replication: int = 0) -> None:
        """Begin everything that goes on in the office beside its citizens."""
        self._env.process(self.work(days, replication))
        self._printers.open(days)

    def work(self, days: int, replication: int = 0) -> Generator[Event, object, None]:
        """Open and close the counters by the shifts and breaks, day after day."""
        for day in range(days):
            today = self._days.day(day)
            if today.closed:
                continue
            for moment_s in shift_changes_s(today):
                yield self._until(moment_s)
                if moment_s == today.regular_start_s:
                    # Before anybody is on duty: operators take their counters before any citizen does.
                    for login in logins_of(self._scenario, self.plan, day, replication):
                        self._env.process(self._log_in(login.moment_s, self._counters.seize(FIRST)))
                self._counters.staff(on_duty(self.plan, today, moment_s))
            self._counters.send_home()

    def _log_in(self, moment_s: float, turn: Event) -> Generator[Event, object, None]:
        """Keep a counter from citizens until its operator, who sits down at a moment, has logged in."""
        counter = yield turn
        if isinstance(counter, int):
            yield self._until(moment_s)
            yield from self._centre.log_in(self.plan.office.code, self._counters.server_name(counter))
            self._counters.release(counter)

    def admit(self, citizens: Iterable[Citizen]) -> Generator[Event, object, None]:
        """Let citizens in at their moment, earliest first, each on a visit of their own."""
        for citizen in citizens:
            yield self._until(citizen.arrival_s)
            self._env.process(self.visit(citizen))

    def print_for_absent(self, cards: Iterable[Citizen]) -> Generator[Event, object, None]:
        """Order the cards of people recorded earlier, at the moment given as their arrival."""
        for card in cards:
            yield self._until(card.arrival_s)
            self._env.process(self._order(card))

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
        citizen, place = yield from self._be_sent(citizen, counter)
        citizen, status = yield from self._make_card(citizen, place)
        yield from self._collect(citizen, status)

    def _order(self, card: Citizen) -> Generator[Event, object, None]:
        card = yield from self._over_line(card)
        yield from self._make_card(card)

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
            why = evening_exit(citizen, evenings, self._scenario.demand.returning)
            self._leave(citizen, since_s, why)
            if why is Exit.SENT_HOME_FOR_GOOD:
                return None
            yield self._until(self._days.next_opening_s(self._env.now))
            since_s = self._env.now
        raise AssertionError("there is always another evening")

    def _be_captured(self, citizen: Citizen, counter: int) -> Generator[Event, object, None]:
        started_s = self._env.now
        yield self._env.timeout(citizen.capture_s)
        captured = Status.BIO_CAPTURED if NEEDS[citizen.errand].capture else Status.PROCESSING
        name = self._counters.server_name(counter)
        self._row(citizen, Stage.CAPTURE, (citizen.arrival_s, started_s, self._env.now), name, captured)

    def _be_sent(self, citizen: Citizen, counter: int) -> Generator[Event, object, tuple[Citizen, int | None]]:
        """Have the packet sent: at once by the operator, who waits for the receipt, or later from the office's store.

        Who hears that it cannot be sent today goes home. Returns the citizen, who may not wait any more, and the
        record's place in the centre, where places are counted.
        """
        ready_s = self._env.now
        send_s = sending_s(self._scenario, self.plan.office, ready_s)
        if send_s == ready_s and self._centre.has_room:
            place = yield from self._centre.enter(citizen)
            yield from self._send(citizen, ready_s)
            self._counters.release(counter)
            return citizen, place
        self._counters.release(counter)
        if goes_home(self._scenario, self.plan.office, self._days.at(ready_s), ready_s, send_s):
            citizen = citizen._replace(waits=False)
        yield self._until(send_s)
        place = yield from self._centre.enter(citizen)
        yield from self._send(citizen, ready_s)
        return citizen, place

    def _over_line(self, citizen: Citizen) -> Generator[Event, object, Citizen]:
        """Wait while the line is down; who hears of that goes home, and is returned as somebody who does not wait."""
        back_s = online_s(self._scenario, self.plan.office, self._env.now)
        if back_s == self._env.now:
            return citizen
        yield self._until(back_s)
        return citizen._replace(waits=False)

    def _send(self, citizen: Citizen, ready_s: float) -> Generator[Event, object, None]:
        """Send a packet over the office's line, one after the other, and wait for its receipt."""
        sent_s, through_s = self._link.send(citizen.errand, self._env.now)
        if through_s > self._env.now:
            yield self._until(through_s)
        yield from self._centre.receive(citizen, ready_s, sent_s)

    def _make_card(
        self, citizen: Citizen, place: int | None = None
    ) -> Generator[Event, object, tuple[Citizen, Status]]:
        """Wait until the centre has decided and, unless it refuses, until the card is printed.

        Returns the citizen, who may not wait any more, and the status.
        """
        status, made_s = yield from self._centre.process(citizen, place)
        citizen = yield from self._over_line(citizen)
        if status in REFUSED:
            return citizen, status
        yield from self._printers.print(citizen, online_s(self._scenario, self.plan.office, made_s))
        return citizen, Status.CARD_ISSUED

    def _collect(self, citizen: Citizen, status: Status) -> Generator[Event, object, None]:
        """Get the card, or hear that there is none, when the window next looks or on coming back another day."""
        entered_s = self._env.now
        if not citizen.waits:
            yield self._until(self._days.comes_back_s(citizen, entered_s))
        if self._centre.hands_over_at_once:
            if citizen.waits:
                yield self._until(self._next_look_s())
            seen_s = self._env.now
        else:
            seen = yield self._window.collect(citizen, issued=status is Status.CARD_ISSUED)
            assert isinstance(seen, float)  # noqa: S101 - the window tells when it looked
            seen_s = seen
        self._row(citizen, Stage.HANDOVER, (entered_s, seen_s, self._env.now), self._window_name, status)

    def _next_look_s(self) -> float:
        return self._days.next_look_s(self._env.now, self._scenario.service.handover_s)

    def _leave(self, citizen: Citizen, since_s: float, why: Exit) -> None:
        self._row(citizen, Stage.CAPTURE, (since_s, self._env.now, self._env.now), why, Status.UNREGISTERED)

    def _until(self, moment_s: float) -> Event:
        return self._env.timeout(max(0.0, moment_s - self._env.now))

    def _row(
        self, citizen: Citizen, stage: Stage, times_s: tuple[float, float, float], server: str, outcome: Status
    ) -> None:
        entered_s, started_s, finished_s = times_s
        self._log.row(
            citizen.name, citizen.office, stage, (entered_s, started_s, started_s, finished_s), server, outcome
        )
