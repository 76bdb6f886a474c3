"""The hall: an office as the load plays it, with who waits for a counter and whose record is at the centre."""

import gevent
from gevent.queue import Empty, Queue

from loadtests.wall_clock import WallClock
from model.arrivals import Citizen
from model.errands import Errand, offers
from model.staffing import OfficeDay, OfficePlan, shift_changes_s, works


class Hall:
    """One office on one day: first come, first served, by the operators who are on duty."""

    def __init__(self, plan: OfficePlan, day: OfficeDay, clock: WallClock) -> None:
        self.plan = plan
        self.day = day
        self.at_centre: dict[str, Citizen] = {}
        """Whose packet or order was sent, by reference, until they get the card or are refused."""
        self.version: str | None = None
        """The software version that serves the office, as last heard; None while nobody said."""
        self.at_door: list[Citizen] | None = None
        """Who has come before the office heard which version it is; None where nobody has to wait for that."""
        self._clock = clock
        self._queue: Queue = Queue()

    @property
    def code(self) -> str:
        """The office's code."""
        return self.plan.office.code

    @property
    def waiting(self) -> int:
        """How many wait for a counter."""
        return int(self._queue.qsize())

    def offers(self, errand: Errand) -> bool:
        """Tell whether the version that serves the office offers an errand, as in the simulation; all if unknown."""
        return self.version is None or offers(self.version, errand)

    def admit(self, citizen: Citizen) -> None:
        """Let a citizen take a ticket."""
        self._queue.put(citizen)

    def next_citizen(self, counter: int) -> Citizen | None:
        """Wait until there is somebody for a counter (numbered from 0) on duty; None when its day is over."""
        while (now_s := self._clock.now_s()) < self.day.evening_end_s:
            until_shift_changes_s = self._clock.clock.compressed(self._next_shift_s(now_s) - now_s)
            if not works(self.plan, self.day, counter, now_s):
                gevent.sleep(until_shift_changes_s)
                continue
            try:
                citizen: Citizen = self._queue.get(timeout=until_shift_changes_s)
            except Empty:
                continue
            return citizen
        return None

    def send_home(self) -> int:
        """Send home who still waits; return how many they are."""
        sent_home = self.waiting
        while self.waiting:
            self._queue.get_nowait()
        return sent_home

    def _next_shift_s(self, now_s: float) -> float:
        return next(moment_s for moment_s in shift_changes_s(self.day) if moment_s > now_s)
