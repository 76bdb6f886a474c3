"""The hall: an office as the load plays it, with who waits for a counter, what is in its store, who is at home.

It keeps the rules of `model/office.py`. People leave and are sent home at the moment meant, which the row tells,
however late the generator gets round to it.
"""

import heapq
import math
from dataclasses import dataclass
from itertools import count

import gevent
from gevent.event import Event
from gevent.queue import Empty, Queue

from loadtests.record import Record
from loadtests.store import Store
from loadtests.targets import Standing
from loadtests.wall_clock import WallClock
from model.arrivals import Citizen
from model.errands import Errand, offers
from model.events import Exit
from model.office_days import OfficeDays, evening_exit
from model.scenario import Scenario
from model.sending import Link, online_s
from model.staffing import OfficePlan, shift_changes_s, works


@dataclass(eq=False)
class Ticket:
    """A place in the queue for a counter."""

    citizen: Citizen
    since_s: float
    evenings: int = 0
    """How often the citizen was sent home."""
    valid: bool = True
    """Whether the citizen still waits."""

    @property
    def until_s(self) -> float:
        """When patience ends."""
        return self.since_s + self.citizen.patience_s


class Hall:
    """One office for some days: first come, first served, by the operators who are on duty."""

    def __init__(self, scenario: Scenario, plan: OfficePlan, numbers: range, clock: WallClock, record: Record) -> None:
        """Make the office of the days with these numbers; nobody is in it yet."""
        self.plan = plan
        self._scenario = scenario
        self.days = OfficeDays(scenario, plan.office)
        self.open_days = [day for day in map(self.days.day, numbers) if not day.closed]
        self.ends_s = self.days.day(numbers[-1]).evening_end_s
        """The last evening's end."""
        self.link = Link(scenario)
        self.store = Store()
        self.at_centre: dict[str, Citizen] = {}
        """Whose packet or order was sent, by reference, until they get the card or are refused."""
        self.to_collect: dict[str, tuple[float, Standing]] = {}
        """Of them, whom the centre has decided of and who come another day to hear of it: when."""
        self.at_home: set[str] = set()
        """Who is expected on another day, for a counter or for the card."""
        self.hours_over = not self.open_days
        """Whether everybody was sent home on the last evening."""
        self.left = 0
        """Citizens whose patience ended."""
        self.version: str | None = None
        """The software version that serves the office, as last heard; None while nobody said."""
        self.at_door: list[Citizen] | None = None
        """Who has come before the office heard which version it is; None where nobody has to wait for that."""
        self._clock = clock
        self._record = record
        self._queue: Queue[Ticket] = Queue()
        self._waiting = 0
        self._impatient: list[tuple[float, int, Ticket]] = []
        self._came = Event()
        self._tickets = count()
        self._back: list[Ticket] = []

    @property
    def code(self) -> str:
        """The office's code."""
        return self.plan.office.code

    @property
    def waiting(self) -> int:
        """How many wait for a counter."""
        return self._waiting

    def online_s(self, moment_s: float) -> float:
        """Return the first moment from `moment_s` on at which the office has a line to the centre."""
        return online_s(self._scenario, self.plan.office, moment_s)

    def doors_closed(self, now_s: float) -> bool:
        """Tell whether nobody comes any more."""
        return not self.open_days or now_s >= self.open_days[-1].closes_s

    def offers(self, errand: Errand) -> bool:
        """Tell whether the version that serves the office offers an errand, as in the simulation; all if unknown."""
        return self.version is None or offers(self.version, errand)

    def admit(self, citizen: Citizen) -> None:
        """Let a citizen take a ticket."""
        self._queue_up(Ticket(citizen, citizen.arrival_s))

    def goes_home(self, citizen: Citizen) -> None:
        """Let somebody go who was served, and who may not want to wait for the card."""
        if not citizen.waits:
            self.at_home.add(citizen.name)

    def next_citizen(self, counter: int, before_s: float = math.inf) -> Citizen | None:
        """Wait until there is somebody for a counter (numbered from 0) on duty.

        None when its last day is over, or at `before_s`.
        """
        before_s = min(before_s, self.ends_s)
        while (now_s := self._clock.now_s()) < before_s:
            until_shift_changes_s = self._clock.clock.compressed(min(self._next_change_s(now_s), before_s) - now_s)
            if not works(self.plan, self.days.at(now_s), counter, now_s):
                gevent.sleep(until_shift_changes_s)
                continue
            try:
                ticket: Ticket = self._queue.get(timeout=until_shift_changes_s)
            except Empty:
                continue
            if self._still_waits(ticket, self._clock.now_s()):
                self._void(ticket)
                return ticket.citizen
        return None

    def keep_hours(self) -> None:
        """Let in who was sent home when the doors open, and send home who waits when the evening ends.

        The body of a greenlet, for all days.
        """
        for today in self.open_days:
            self._clock.sleep_until(today.opens_s)
            back, self._back = self._back, []
            for ticket in back:
                self.at_home.discard(ticket.citizen.name)
                self._queue_up(ticket)
            self._clock.sleep_until(today.evening_end_s)
            self._send_home(today.evening_end_s)
        self.hours_over = True

    def keep_patience(self) -> None:
        """Let people go whose patience ends; the body of a greenlet, for all days."""
        while (now_s := self._clock.now_s()) < self.ends_s:
            self._came.clear()
            while self._impatient and self._impatient[0][0] <= now_s:
                self._still_waits(heapq.heappop(self._impatient)[2], now_s)
            next_s = min([self.ends_s, *(until_s for until_s, _, _ in self._impatient[:1])])
            self._came.wait(self._clock.clock.compressed(next_s - now_s))

    def _queue_up(self, ticket: Ticket) -> None:
        self._waiting += 1
        self._queue.put(ticket)
        if ticket.until_s < math.inf:
            heapq.heappush(self._impatient, (ticket.until_s, next(self._tickets), ticket))
            self._came.set()

    def _void(self, ticket: Ticket) -> None:
        ticket.valid = False
        self._waiting -= 1

    def _still_waits(self, ticket: Ticket, now_s: float) -> bool:
        """Tell whether somebody has not left by now; who has is taken out of the queue."""
        if ticket.valid and ticket.until_s <= now_s:
            self._void(ticket)
            self.left += 1
            self._record.exit(ticket.citizen, ticket.since_s, ticket.until_s, Exit.LEFT)
        return ticket.valid

    def _send_home(self, evening_end_s: float) -> None:
        while self._queue.qsize():
            ticket = self._queue.get_nowait()
            if not self._still_waits(ticket, evening_end_s):
                continue
            self._void(ticket)
            why = evening_exit(ticket.citizen, ticket.evenings + 1, self._scenario.demand.returning)
            self._record.exit(ticket.citizen, ticket.since_s, evening_end_s, why)
            if why is Exit.SENT_HOME:
                since_s = self.days.next_opening_s(evening_end_s)
                self._back.append(Ticket(ticket.citizen, since_s, ticket.evenings + 1))
                self.at_home.add(ticket.citizen.name)

    def _next_change_s(self, now_s: float) -> float:
        changes_s = (moment_s for today in self.days.open_from(now_s) for moment_s in shift_changes_s(today))
        return min(self.ends_s, next(moment_s for moment_s in changes_s if moment_s > now_s))
