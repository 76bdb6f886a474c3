"""Processor sharing: services that go on at once share the processors, and all slow down when there are many.

With n under way each passes its work at the rate 1 / (1 + slope * max(0, n - cores)). With slope = 1 / cores these are
`cores` processors shared evenly (Kleinrock, Queueing Systems II, ch. 4). As all pass at one rate, one clock of work
passed serves them all: a service ends when that clock shows what it showed at its start plus its work. So a change of
n costs one look at a heap, however many are under way.
"""

import heapq
import math
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from simpy import Environment, Event

from model.later import after

TICK_S = 1e-7
"""What is shorter counts as no time: sums of times are no more exact than that after some days."""


class Sharing(NamedTuple):
    """How services slow each other."""

    cores: float = math.inf
    """Services that go on at once without slowing each other."""
    slope: float = 0.0
    """What each further one adds to the time of all, relative to the time alone."""
    web: int = 1
    """Cores that requests to the web server can take at most, however many there are: its processes."""

    def slowdown(self, services: float, requests: float) -> float:
        """Return how many times longer everything takes beside so many services and requests."""
        if not self.slope:
            return 1.0
        return 1.0 + self.slope * max(0.0, services + min(requests, self.web) - self.cores)


class Processors:
    """Processors that share their time among the services under way."""

    def __init__(self, env: Environment, sharing: Sharing) -> None:
        """Make processors with nothing to do."""
        self._env = env
        self._sharing = sharing
        self._under_way: list[tuple[float, int, bool, Callable[[], None]]] = []
        self._tickets = count()
        self._services = self._requests = 0
        self._passed_s = self._since_s = 0.0
        self._slowdown = 1.0
        self._next_look_s = math.inf

    def run(self, work_s: float, done: Callable[[], None], request: bool = False) -> None:
        """Begin a service of so much work; `done` is called when it has passed."""
        if not self._sharing.slope:
            after(self._env, work_s, done)
            return
        self._pass()
        heapq.heappush(self._under_way, (self._passed_s + work_s, next(self._tickets), request, done))
        self._count(request, 1)
        self._plan()

    def service(self, work_s: float, request: bool = False) -> Event:
        """Begin a service of so much work; the event happens when it has passed."""
        if not self._sharing.slope:
            return self._env.timeout(work_s)
        ended = Event(self._env)

        def end() -> None:
            ended.succeed()

        self.run(work_s, end, request)
        return ended

    def _count(self, request: bool, change: int) -> None:
        if request:
            self._requests += change
        else:
            self._services += change

    def _pass(self) -> None:
        """Bring the clock of work passed to the present."""
        self._passed_s += (self._env.now - self._since_s) / self._slowdown
        self._since_s = self._env.now

    def _plan(self) -> None:
        """Look again when the next service ends, at the slow-down from now on."""
        self._slowdown = self._sharing.slowdown(self._services, self._requests)
        if not self._under_way:
            return
        look_s = self._env.now + max(0.0, self._under_way[0][0] - self._passed_s) * self._slowdown
        # A look that comes too early plans again, so only an earlier one than is planned has to be made.
        if look_s < self._next_look_s:
            self._next_look_s = look_s
            after(self._env, look_s - self._env.now, self._look)

    def _look(self) -> None:
        """End the services whose work has passed."""
        self._pass()
        if self._env.now >= self._next_look_s - TICK_S:
            self._next_look_s = math.inf
        ended = []
        while self._under_way and (self._under_way[0][0] - self._passed_s) * self._slowdown <= TICK_S:
            _, _, request, done = heapq.heappop(self._under_way)
            self._count(request, -1)
            ended.append(done)
        for done in ended:
            done()
        self._plan()
