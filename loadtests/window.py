"""The window: an office's clerk looks for printed cards and refused records, and tells the citizens."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import ClassVar

import gevent
from locust import task
from locust.exception import StopUser

from loadtests.day import Day
from loadtests.hall import Hall
from loadtests.schedule import next_look_s
from loadtests.steps import BATCH
from loadtests.submission import submit
from loadtests.targets import Standing, TargetError
from loadtests.terminal import Terminal
from model.compression import window_interval_s
from model.stages import Status


class Window(Terminal):
    """One office's window, from opening until the evening's end."""

    day: ClassVar[Day]
    """Given by `staff`: Locust makes its users itself."""
    _halls: ClassVar[Iterator[Hall]]
    _orders: gevent.Greenlet | None = None

    @classmethod
    def staff(cls, day: Day) -> None:
        """Put a clerk at the window of each of the day's offices."""
        cls.day = day
        cls.fixed_count = len(day.halls)
        cls._halls = iter(day.halls.values())

    def on_start(self) -> None:
        """Sit down at a window that has no clerk yet."""
        hall = next(self._halls, None)
        if hall is None:
            raise StopUser
        self.hall = hall
        self.connect(self.hall.code)
        self.server = f"{self.hall.code}/window"
        self._interval_s = window_interval_s(self.day.scenario)
        self._unsure: dict[str, Standing] = {}
        """Cards handed over without the centre confirming it."""
        self._ask_version()
        # Beside the looks: who waits for a card must not wait for the orders of who does not.
        self._orders = gevent.spawn(self._order_for_absent)

    def on_stop(self) -> None:
        """Order nothing any more."""
        if self._orders is not None:
            self._orders.kill()

    @task
    def look(self) -> None:
        """Wait for the next look; then tell everybody of whom the centre has decided."""
        clock = self.day.clock
        moment_s = next_look_s(clock.now_s(), self.hall.day.opens_s, self._interval_s)
        if moment_s > self.hall.day.evening_end_s:
            raise StopUser
        clock.sleep_until(moment_s)
        self._ask_version()
        with self._again_next_time():
            # Nobody of the day can have been decided before the run began; what earlier runs left is not ours.
            decided = self.target.decided(self.hall.code, clock.clock.origin_wall_s)
            self._tell_all(decided, clock.now_s())

    def _ask_version(self) -> None:
        """Hear which version serves the office now, if what is offered depends on it; what was heard last holds on."""
        if not self.day.asks_version:
            return
        version = self.hall.version
        with self._again_next_time():
            version = self.target.version(self.hall.code)
        self.day.hear(self.hall, version)

    def _order_for_absent(self) -> None:
        """At opening order the cards of people recorded earlier, one after the other; nobody waits for them."""
        day, now_s = self.day, self.day.clock.now_s
        for card in day.absent[self.hall.code]:
            day.clock.sleep_until(card.arrival_s)
            ask, sent_s = day.errands.prepare(card), now_s()
            count = day.record.measure
            try:
                submit(partial(ask, self.target), card.name, day.scenario.seed, gevent.sleep, day.record.failed_request)
            except TargetError:
                count = day.record.measure_failure
            ended_s, wall = now_s(), day.clock.clock.compressed
            count(BATCH, wall(ended_s - card.arrival_s), wall(ended_s - sent_s))

    def _tell_all(self, decided: list[Standing], seen_s: float) -> None:
        for standing in decided:
            if standing.reference in self.hall.at_centre:
                with self._again_next_time():
                    self._tell(standing, seen_s)
        listed = {standing.reference for standing in decided}
        for standing in [standing for standing in self._unsure.values() if standing.reference not in listed]:
            with self._again_next_time():
                self._make_sure(standing, seen_s)

    def _tell(self, standing: Standing, seen_s: float) -> None:
        """Hand the card over, or say that there is none."""
        if standing.status is Status.CARD_PRINTED:
            self._unsure[standing.reference] = standing
            self.target.hand_over(standing.reference)
            self._leave(standing, seen_s, Status.CARD_ISSUED)
        else:
            self._leave(standing, seen_s, standing.status)

    def _make_sure(self, standing: Standing, seen_s: float) -> None:
        """Ask about a card that is no longer in the tray, and whose hand-over was not answered."""
        if self.target.status(standing.reference) is Status.CARD_ISSUED:
            self._leave(standing, seen_s, Status.CARD_ISSUED)

    @contextmanager
    def _again_next_time(self) -> Iterator[None]:
        """Leave to the next look what the server did not do now."""
        wall_s = self.day.clock.wall_s
        asked_s = wall_s()
        try:
            yield
        except TargetError:
            self.day.record.failed_request(wall_s() - asked_s)

    def _leave(self, standing: Standing, seen_s: float, outcome: Status) -> None:
        clock = self.day.clock
        self._unsure.pop(standing.reference, None)
        citizen = self.hall.at_centre.pop(standing.reference)
        since_s = seen_s if standing.since_wall_s is None else clock.clock.to_scenario_s(standing.since_wall_s)
        self.day.record.handover(citizen, since_s, seen_s, clock.now_s(), self.server, outcome)
