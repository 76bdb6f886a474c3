"""The forwarder: an office's computer that sends what lies in its store, when the moment has come."""

from collections.abc import Iterator
from typing import ClassVar

from locust import task
from locust.exception import StopUser

from loadtests.day import Day
from loadtests.desk import Desk
from loadtests.hall import Hall


class Forwarder(Desk):
    """One for each office; it sends one packet after the other, by night as well."""

    _halls: ClassVar[Iterator[Hall]]

    @classmethod
    def staff(cls, day: Day) -> None:
        """Put a forwarder into each of the day's offices."""
        cls.day = day
        cls.fixed_count = len(day.halls)
        cls._halls = iter(day.halls.values())

    def on_start(self) -> None:
        """Take the store of an office that has no forwarder yet."""
        hall = next(self._halls, None)
        if hall is None:
            raise StopUser
        self.hall = hall
        self.connect(hall.code)
        self.server = f"{hall.code}/forwarder"

    @task
    def forward(self) -> None:
        """Send the first packet in the store when it is due; it leaves the store when the centre has answered."""
        clock, store = self.day.clock, self.hall.store
        left_s = self.day.ends_s - clock.now_s()
        stored = store.first(clock.clock.compressed(left_s)) if left_s > 0 else None
        if stored is None or stored.send_s > self.day.ends_s:
            raise StopUser
        ask = self.day.errands.prepare(stored.citizen)
        clock.sleep_until(stored.send_s)
        self.send(stored.citizen, ask, stored.ready_s)
        store.drop_first()
