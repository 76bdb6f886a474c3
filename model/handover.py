"""The hand-over window of an office whose centre wants to hear of every card: one clerk, one request after the other.

The clerk looks for decided records at set times, and tells everybody seen in a look before looking again
(loadtests/window.py). When a request takes long, the window falls behind its printers.
"""

from collections.abc import Callable, Generator
from typing import NamedTuple

from simpy import Environment, Event

from model.arrivals import Citizen
from model.centre import Delays


class Decided(NamedTuple):
    """A citizen of whose record the centre has decided."""

    visible_s: float
    """From when a look shows it."""
    citizen: Citizen
    issued: bool
    """Whether there is a card."""
    told: Event


class HandoverWindow:
    """A clerk who works while somebody waits for a card."""

    def __init__(
        self,
        env: Environment,
        next_look_s: Callable[[], float],
        hand_over: Callable[[Citizen], Event],
        delays: Delays,
    ) -> None:
        """Make a window that looks when `next_look_s` says; `hand_over` happens when the centre has answered."""
        self._env = env
        self._next_look_s = next_look_s
        self._hand_over = hand_over
        self._delays = delays
        self._decided: list[Decided] = []
        self._at_work = False

    def collect(self, citizen: Citizen, issued: bool) -> Event:
        """Wait for the clerk, who gives the card or says that there is none; the event's value is when it was seen."""
        told = Event(self._env)
        self._decided.append(Decided(self._env.now + self._delays.tray_s, citizen, issued, told))
        if not self._at_work:
            self._at_work = True
            self._env.process(self._look())
        return told

    def _look(self) -> Generator[Event, object, None]:
        while self._decided:
            yield self._env.timeout(self._next_look_s() - self._env.now)
            seen = [record for record in self._decided if record.visible_s <= self._env.now]
            self._decided = self._decided[len(seen) :]
            yield self._env.timeout(self._delays.look_s)
            seen_s = self._env.now
            for record in seen:
                if record.issued:
                    yield self._hand_over(record.citizen)
                record.told.succeed(seen_s)
        self._at_work = False
