"""The counter: an operator takes the next citizen, captures or looks at papers, and asks the centre, now or later."""

from collections.abc import Iterator
from typing import ClassVar

from locust import task
from locust.exception import StopUser

from loadtests.day import Day
from loadtests.desk import Desk
from loadtests.errand import Ask
from loadtests.hall import Hall
from loadtests.store import Stored
from model.arrivals import Citizen
from model.sending import sending_s


class Operator(Desk):
    """One counter of one office; serves a citizen at a time, and none while the centre has not answered."""

    _counters: ClassVar[Iterator[tuple[Hall, int]]]

    @classmethod
    def staff(cls, day: Day) -> None:
        """Put an operator at every counter of the day's offices."""
        cls.day = day
        cls.fixed_count = sum(1 for _ in day.counters())
        cls._counters = day.counters()

    def on_start(self) -> None:
        """Sit down at a counter that has no operator yet."""
        seat = next(self._counters, None)
        if seat is None:
            raise StopUser
        self.hall, self.counter = seat
        self.connect(self.hall.code)
        self.server = f"{self.hall.code}/counter-{self.counter + 1}"

    @task
    def serve(self) -> None:
        """Serve the next citizen, from the ticket called until the packet is sent or stored."""
        citizen = self.hall.next_citizen(self.counter)
        if citizen is None:
            raise StopUser
        clock = self.day.clock
        claimed_s = clock.now_s()
        # Made while the capture lasts: the generator's own work must not delay the sending.
        ask = self.day.errands.prepare(citizen)
        captured_s = claimed_s + citizen.capture_s
        clock.sleep_until(captured_s)
        self.day.record.capture(citizen, claimed_s, captured_s, self.server)
        self._be_sent(citizen, ask, captured_s)

    def _be_sent(self, citizen: Citizen, ask: Ask, ready_s: float) -> None:
        """Ask the centre at once and wait for the receipt, or put it into the office's store when it is for later."""
        send_s = sending_s(self.day.scenario, self.hall.plan.office, ready_s)
        if send_s == ready_s:
            self.send(citizen, ask, ready_s)
        else:
            self.hall.store.put(Stored(citizen, ready_s, send_s))
            self.hall.goes_home(citizen)
