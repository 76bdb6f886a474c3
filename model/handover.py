"""The hand-over window of an office whose centre wants to hear of every card: one clerk, one request after the other.

The clerk looks for decided records at set times, and tells everybody seen in a look before looking again
(loadtests/window.py). When a request takes long, the window falls behind its printers.
"""

from collections.abc import Callable, Generator

from simpy import Environment, Event

from model.arrivals import Citizen


class HandoverWindow:
    """A clerk who works while somebody waits for a card."""

    def __init__(
        self, env: Environment, next_look_s: Callable[[], float], hand_over: Callable[[Citizen], Event]
    ) -> None:
        """Make a window that looks when `next_look_s` says; `hand_over` happens when the centre has answered."""
        self._env = env
        self._next_look_s = next_look_s
        self._hand_over = hand_over
        self._decided: list[tuple[Citizen, bool, Event]] = []
        self._at_work = False

    def collect(self, citizen: Citizen, issued: bool) -> Event:
        """Wait for the clerk, who gives the card or says that there is none; the event's value is when it was seen."""
        told = Event(self._env)
        self._decided.append((citizen, issued, told))
        if not self._at_work:
            self._at_work = True
            self._env.process(self._look())
        return told

    def _look(self) -> Generator[Event, object, None]:
        while self._decided:
            yield self._env.timeout(self._next_look_s() - self._env.now)
            seen_s = self._env.now
            seen, self._decided = self._decided, []
            for citizen, issued, told in seen:
                if issued:
                    yield self._hand_over(citizen)
                told.succeed(seen_s)
        self._at_work = False
