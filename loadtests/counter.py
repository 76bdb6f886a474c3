"""The counter: an operator takes the next citizen, captures, submits the packet and waits for the receipt."""

import logging
from collections.abc import Iterator
from typing import ClassVar

import gevent
from locust import task
from locust.exception import StopUser

from loadtests.day import Day
from loadtests.hall import Hall
from loadtests.login import LetsIn, log_in
from loadtests.people import Packet
from loadtests.submission import submit
from loadtests.targets import TargetError
from loadtests.terminal import Terminal
from model.arrivals import Citizen

log = logging.getLogger(__name__)


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
        self._logged_in = False

    def _log_in(self) -> None:
        """Log in when the shift begins, where operators do; who is refused serves nobody."""
        self._logged_in = True
        login_s, target = self.day.login_s(self.hall, self.counter), self.target
        if login_s is None or not isinstance(target, LetsIn):
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

    @task
    def serve(self) -> None:
        """Serve the next citizen, from the ticket called to the centre's receipt; before the first, log in."""
        if not self._logged_in:
            self._log_in()
        citizen = self.hall.next_citizen(self.counter)
        if citizen is None:
            raise StopUser
        clock = self.day.clock
        claimed_s = clock.now_s()
        # Made while the capture lasts: the generator's own work must not delay the sending.
        packet = self.day.people.packet(citizen)
        captured_s = claimed_s + citizen.capture_s
        clock.sleep_until(captured_s)
        self.day.record.capture(citizen, claimed_s, captured_s, self.server)
        self._submit(citizen, packet, captured_s)

    def _submit(self, citizen: Citizen, packet: Packet, captured_s: float) -> None:
        now_s, record = self.day.clock.now_s, self.day.record
        # From now on the centre may have it, even if its answer is lost: the window looks out for the card.
        self.hall.at_centre[citizen.name] = citizen
        record.sent()
        sent_s = now_s()
        try:
            submit(self.target, packet, self.day.scenario.seed, gevent.sleep, record.failed_request)
        except TargetError:
            record.gave_up(citizen, captured_s, sent_s, now_s(), self.server)
        else:
            record.submission(citizen, captured_s, sent_s, now_s(), self.server)
