"""A station: a queue in front of servers whose number changes with the shifts.

It does what `simpy.Resource` and `PriorityResource` do for the offices, with the three things they lack: a staff that
comes and goes, people sent home at closing time, and the name of the server who serves.
"""

import heapq
import math
from collections.abc import Generator
from itertools import count

from simpy import Environment, Event


class Station:
    """Servers numbered from 0, of whom the first `on_duty` take customers; lowest priority value first, then FIFO."""

    def __init__(self, env: Environment, name: str, servers: int, on_duty: int | None = None) -> None:
        """Make a station of `servers`, all of them on duty unless `on_duty` says how many."""
        self.name = name
        self.on_duty = servers if on_duty is None else on_duty
        self._env = env
        self._idle = list(range(servers))
        self._queue: list[tuple[float, int, Event]] = []
        self._tickets = count()

    @property
    def waiting(self) -> int:
        """How many customers wait."""
        return len(self._queue)

    @property
    def free(self) -> bool:
        """Whether who comes now is served at once."""
        return not self._queue and bool(self._idle) and self._idle[0] < self.on_duty

    def seize(self, priority: float = 0.0) -> Event:
        """Join the queue; the event's value is the number of the server seized, or None if one is sent home."""
        event = Event(self._env)
        heapq.heappush(self._queue, (priority, next(self._tickets), event))
        self._serve()
        return event

    def release(self, server: int) -> None:
        """Give a seized server back."""
        heapq.heappush(self._idle, server)
        self._serve()

    def staff(self, on_duty: int) -> None:
        """Change how many servers take customers; who is busy finishes first."""
        self.on_duty = on_duty
        self._serve()

    def wait(self, patience_s: float = math.inf) -> Generator[Event, object, Event]:
        """Queue for as long as patience lasts; returns the turn, which has not come if patience ended first."""
        turn = self.seize()
        if turn.triggered or math.isinf(patience_s):
            yield turn
            return turn
        yield turn | self._env.timeout(patience_s)
        if not turn.triggered:
            self.leave(turn)
        return turn

    def leave(self, turn: Event) -> None:
        """Give up waiting: take a `turn`, which has not come yet, out of the queue."""
        self._queue = [entry for entry in self._queue if entry[2] is not turn]
        heapq.heapify(self._queue)

    def send_home(self) -> None:
        """Tell everybody who waits that nobody will serve them."""
        queue, self._queue = self._queue, []
        for _, _, event in sorted(queue, key=lambda entry: entry[:2]):
            event.succeed(None)

    def server_name(self, server: int) -> str:
        """Return the name of a server, such as "35.07/counter-3"."""
        return f"{self.name}-{server + 1}"

    def _serve(self) -> None:
        while self._queue and self._idle and self._idle[0] < self.on_duty:
            event = heapq.heappop(self._queue)[2]
            event.succeed(heapq.heappop(self._idle))
