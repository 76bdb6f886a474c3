"""The counter: an operator takes the next citizen, captures or looks at papers, asks the centre and waits for it."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

import gevent
from locust import task
from locust.exception import StopUser

from loadtests.day import Day
from loadtests.errand import Ask
from loadtests.hall import Hall
from loadtests.submission import submit
from loadtests.targets import TargetError
from loadtests.terminal import Terminal
from model.arrivals import Citizen


class Operator(Terminal):
    """One counter of one office; serves a citizen at a time, and none while the centre has not answered."""

    day: ClassVar[Day]
    """Given by `staff`: Locust makes its users itself."""
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
        """Serve the next citizen, from the ticket called to the centre's receipt."""
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
        self._submit(citizen, ask, captured_s)

    def _submit(self, citizen: Citizen, ask: Ask, captured_s: float) -> None:
        now_s, record = self.day.clock.now_s, self.day.record
        # From now on the centre may have it, even if its answer is lost: the window looks out for the card.
        self.hall.at_centre[citizen.name] = citizen
        record.sent()
        sent_s = now_s()
        try:
            submit(partial(ask, self.target), citizen.name, self.day.scenario.seed, gevent.sleep, record.failed_request)
        except TargetError:
            record.gave_up(citizen, captured_s, sent_s, now_s(), self.server)
        else:
            record.submission(citizen, captured_s, sent_s, now_s(), self.server)
