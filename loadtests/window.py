"""The window: an office's clerk looks for printed cards and refused records, and tells the citizens.

Who waits hears of it when the window looks; who went home comes another day, at the time of the first visit.
"""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Protocol

from locust import task
from locust.exception import StopUser

from loadtests.batch_orders import BatchOrders
from loadtests.day import Day
from loadtests.hall import Hall
from loadtests.printing_clerk import PrintingClerk, wants_clerk
from loadtests.targets import PrintRoom, Standing, TargetError
from loadtests.terminal import Terminal
from model.compression import window_interval_s
from model.stages import Status

log = logging.getLogger(__name__)


class Clerk(Protocol):
    """Somebody who works beside the window, on its terminal."""

    def begin(self) -> None:
        """Go to work, in a greenlet of the clerk's own."""

    def leave(self) -> None:
        """Stop."""


class Window(Terminal):
    """One office's window, from each opening until the evening's end."""

    day: ClassVar[Day]
    """Given by `staff`: Locust makes its users itself."""
    _halls: ClassVar[Iterator[Hall]]
    _clerks: tuple[Clerk, ...] = ()

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
        # Beside the looks: who waits for a card must not wait for what nobody waits for.
        self._clerks = (*self._printing_clerk(), BatchOrders(self.day, self.hall, self.target, self.supervisor))
        for clerk in self._clerks:
            clerk.begin()

    def on_stop(self) -> None:
        """Send the clerks home, too."""
        for clerk in self._clerks:
            clerk.leave()

    def _printing_clerk(self) -> tuple[PrintingClerk, ...]:
        """Send a clerk to the print room, over this terminal, if there is anything to do."""
        if not wants_clerk(self.day.scenario, self.day.days):
            return ()
        if not (isinstance(self.target, PrintRoom) and isinstance(self.supervisor, PrintRoom)):
            log.warning(
                "office %s: the adapter has no print room, so the scenario's printing hours and blank cards are not "
                "played; loadtests/targets/__init__.py describes it",
                self.hall.code,
            )
            return ()
        return (PrintingClerk(self.day, self.hall.plan, self.target, self.supervisor),)

    @task
    def look(self) -> None:
        """Wait for the next look, or for somebody who comes back; then tell whoever is there."""
        clock, hall = self.day.clock, self.hall
        # While the line is down the window learns nothing.
        look_s = hall.days.next_look_s(hall.online_s(clock.now_s()), self._interval_s)
        comes_s = min((comes_s for comes_s, _ in hall.to_collect.values()), default=math.inf)
        if min(look_s, comes_s) > hall.ends_s:
            raise StopUser
        clock.sleep_until(min(look_s, comes_s))
        if comes_s < look_s:
            self._tell_who_came_back(comes_s)
            return
        self._ask_version()
        with self._again_next_time():
            # Nobody of the day can have been decided before the run began; what earlier runs left is not ours.
            decided = self.target.decided(hall.code, clock.clock.origin_wall_s)
            self._tell_all(decided, clock.now_s())

    def _tell_who_came_back(self, now_s: float) -> None:
        collect = self.hall.to_collect
        for reference in [reference for reference, (comes_s, _) in collect.items() if comes_s <= now_s]:
            comes_s, standing = collect.pop(reference)
            # Whom the server fails now waits for the next look.
            with self._again_next_time():
                self._tell(standing, comes_s)

    def _ask_version(self) -> None:
        """Hear which version serves the office now, if what is offered depends on it; what was heard last holds on."""
        if not self.day.asks_version:
            return
        version = self.hall.version
        with self._again_next_time():
            version = self.target.version(self.hall.code)
        self.day.hear(self.hall, version)

    def _tell_all(self, decided: list[Standing], seen_s: float) -> None:
        for standing in decided:
            if standing.reference in self.hall.at_centre and self._is_there(standing, seen_s):
                with self._again_next_time():
                    self._tell(standing, seen_s)
        listed = {standing.reference for standing in decided}
        for standing in [standing for standing in self._unsure.values() if standing.reference not in listed]:
            with self._again_next_time():
                self._make_sure(standing, seen_s)

    def _is_there(self, standing: Standing, seen_s: float) -> bool:
        """Tell whether the citizen is at the window; who is not will come for it later."""
        hall, citizen = self.hall, self.hall.at_centre[standing.reference]
        if standing.reference in hall.to_collect:
            return False
        since_s = self._since_s(standing, seen_s)
        ready_s = hall.online_s(since_s)
        if citizen.waits and ready_s == since_s:
            return True
        # Who heard that the line was down when the centre decided has gone home.
        hall.at_home.add(standing.reference)
        comes_s = hall.days.comes_back_s(citizen, ready_s)
        if comes_s > seen_s:
            hall.to_collect[standing.reference] = (comes_s, standing)
        return comes_s <= seen_s

    def _since_s(self, standing: Standing, seen_s: float) -> float:
        """When the centre decided, in scenario seconds; where the server does not say, when it was seen."""
        clock = self.day.clock.clock
        return seen_s if standing.since_wall_s is None else clock.to_scenario_s(standing.since_wall_s)

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
        self._unsure.pop(standing.reference, None)
        citizen = self.hall.at_centre.pop(standing.reference)
        self.hall.at_home.discard(standing.reference)
        since_s, now_s = self._since_s(standing, seen_s), self.day.clock.now_s()
        self.day.record.handover(citizen, since_s, seen_s, now_s, self.server, outcome)
