"""The counter: an operator takes the next citizen, captures or looks at papers, and asks the centre, now or later."""

import logging
import math
from collections import deque
from collections.abc import Iterator
from typing import ClassVar

import gevent
from locust import task
from locust.exception import StopUser

from loadtests.day import Day
from loadtests.desk import Desk
from loadtests.errand import Ask
from loadtests.hall import Hall
from loadtests.login import LetsIn, log_in
from loadtests.store import Stored
from loadtests.targets import TargetError
from model.arrivals import Citizen
from model.sending import goes_home, sending_s

log = logging.getLogger(__name__)


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
        self._logins = deque(self.day.logins(self.hall, self.counter))

    @task
    def serve(self) -> None:
        """Serve the next citizen, from the ticket called until the packet is sent or stored."""
        citizen = self._next_citizen()
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

    def _next_citizen(self) -> Citizen | None:
        """Wait for the next citizen, and log in before the first of a shift; None when the last day is over."""
        while True:
            login = self._logins[0] if self._logins else None
            citizen = self.hall.next_citizen(self.counter, login.from_s if login else math.inf)
            if citizen is not None or login is None:
                return citizen
            self._logins.popleft()
            self._log_in(login.moment_s)

    def _log_in(self, login_s: float) -> None:
        """Log in at a moment, where operators do; who is refused serves nobody."""
        target = self.target
        if not isinstance(target, LetsIn):
            return
        password = self.keys.get(self.server)
        if password is None:
            log.warning("%s has no password among the keys, and works without logging in", self.server)
            return
        clock, record = self.day.clock, self.day.record
        clock.sleep_until(login_s)
        asked_s = clock.now_s()
        try:
            log_in(target, self.server, password, self.day.scenario.seed, gevent.sleep, record.failed_request)
        except TargetError as error:
            log.error("%s cannot log in: %s", self.server, error)
            record.refused_login((login_s, asked_s, clock.now_s()))
            raise StopUser from None
        record.login(self.server, self.hall.code, (login_s, asked_s, clock.now_s()))

    def _be_sent(self, citizen: Citizen, ask: Ask, ready_s: float) -> None:
        """Ask the centre at once and wait for the receipt, or put it into the office's store when it is for later."""
        send_s = sending_s(self.day.scenario, self.hall.plan.office, ready_s)
        if send_s == ready_s:
            self.send(citizen, ask, ready_s)
            return
        today = self.hall.days.at(ready_s)
        if goes_home(self.day.scenario, self.hall.plan.office, today, ready_s, send_s):
            citizen = citizen._replace(waits=False)
        self.hall.store.put(Stored(citizen, ready_s, send_s))
        self.hall.goes_home(citizen)
