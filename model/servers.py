"""Servers of one kind: each takes the oldest records that wait, a batch at a time, and moves them on all at once.

A slot of the national centre takes one record at a time, and nothing between two. A worker process of the measured
server claims up to eight and commits their results together; only then can they be claimed for their next stage
(mock_server/worker.py, claims.py). What a commit and a claim take is the gap before the next batch, or part of the
notice of a server that had nothing to do.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import NamedTuple, Protocol, Self

from simpy import Environment, Event

from model.arrivals import Citizen
from model.later import after
from model.periods import Period
from model.processor_sharing import Processors
from model.stages import Stage, Status


class Kind(NamedTuple):
    """A kind of server; times in scenario seconds."""

    name: str
    stages: tuple[Stage, ...]
    """What it works on."""
    servers: int
    batch: int = 1
    """Most records that it claims at once."""
    gap_s: float = 0.0
    """Between two batches when work is waiting: a commit and a claim."""
    fixed_s: float | None = None
    """The work of a batch beside its records, of servers that work on a batch as one; None for one after the other."""
    per_record_s: float = 0.0
    """What each record adds to that."""

    def whole_s(self, size: int) -> float:
        """Return the work of a batch that is worked on as one."""
        return (self.fixed_s or 0.0) + size * self.per_record_s


@dataclass(slots=True)
class Record:
    """A record on its way through the centre."""

    citizen: Citizen
    rank_s: float
    """Lower goes first."""
    status: Status
    stages: tuple[Stage, ...]
    """Before it when it came."""
    period: Period
    """In which work on it last began."""
    done: Event
    """Happens, with its status, when the centre has nothing more to do for it."""
    place: int | None
    """Its place inside, where places are counted."""
    entered_s: float
    step: int = 0
    claimed_s: float = 0.0
    started_s: float = 0.0
    finished_s: float = 0.0

    @property
    def stage(self) -> Stage:
        """The stage at which it waits or is worked on."""
        return self.stages[self.step]


class Rules(Protocol):
    """What servers ask their centre, and tell it."""

    def still_until_s(self, record: Record) -> float | None:
        """Return until when the centre stands still for a record; None if it does not."""

    def notice_s(self, record: Record) -> float:
        """Return how long an idle server takes to notice a record."""

    def gap_s(self, kind: Kind) -> float:
        """Return how long a gap between two batches is now."""

    def begun(self, record: Record) -> None:
        """Note that work on a record begins."""

    def work_s(self, record: Record) -> float:
        """Return the work that a record is at its stage now."""

    def heaviness(self, record: Record) -> float:
        """Return the same relative to the stage's usual work."""

    def finished(self, record: Record, server: str) -> "Servers | None":
        """Note what came of a record, and give it to the servers of its next stage; returns them."""


class Servers:
    """Servers numbered from 0, of whom the first `on_duty` take records."""

    def __init__(self, env: Environment, kind: Kind, on_duty: int, processors: Processors, rules: Rules) -> None:
        """Make servers that have nothing to do."""
        self.kind = kind
        self._env = env
        self._on_duty = on_duty
        self._processors = processors
        self._rules = rules
        self._idle = list(range(kind.servers))
        self._queue: list[tuple[float, int, Record]] = []
        self._tickets = count()
        self._about_to_claim = 0

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return len(self._queue)

    def staff(self, on_duty: int) -> None:
        """Change how many servers take records; who is busy finishes first."""
        self._on_duty = on_duty
        self.wake()

    def give(self, record: Record) -> Self:
        """Put a record in the queue; `wake` is to be called when all that come at once are in it."""
        heapq.heappush(self._queue, (record.rank_s, next(self._tickets), record))
        return self

    def wake(self) -> None:
        """Let idle servers see what waits."""
        while self._idle and self._idle[0] < self._on_duty and self._unnoticed:
            self._claim_after(self._rules.notice_s(self._queue[0][2]), heapq.heappop(self._idle))

    @property
    def _unnoticed(self) -> bool:
        """Whether more is waiting than those who are about to claim can take."""
        return len(self._queue) > self._about_to_claim * self.kind.batch

    def _claim_after(self, delay_s: float, server: int) -> None:
        self._about_to_claim += 1
        if delay_s:
            after(self._env, delay_s, partial(self._claim, server))
        else:
            self._claim(server)

    def _claim(self, server: int) -> None:
        self._about_to_claim -= 1
        batch = self._take()
        if not batch:
            # Somebody else was first.
            heapq.heappush(self._idle, server)
            return
        for record in batch:
            record.claimed_s = self._env.now
        begin = self._work_on if self.kind.fixed_s is None else self._work_on_all
        after(self._env, 0.0, partial(begin, server, batch, 0))

    def _take(self) -> list[Record]:
        """Take the oldest records; those for which the centre stands still come back when it goes on."""
        batch: list[Record] = []
        while self._queue and len(batch) < self.kind.batch:
            record = heapq.heappop(self._queue)[2]
            goes_on_s = self._rules.still_until_s(record)
            if goes_on_s is None:
                batch.append(record)
            else:
                after(self._env, goes_on_s - self._env.now, partial(self._come_back, record))
        return batch

    def _come_back(self, record: Record) -> None:
        self.give(record).wake()

    def _work_on(self, server: int, batch: Sequence[Record], index: int) -> None:
        """Work on a batch's records one after the other."""
        record = batch[index]
        self._rules.begun(record)
        self._processors.run(self._rules.work_s(record), partial(self._worked_on, server, batch, index))

    def _worked_on(self, server: int, batch: Sequence[Record], index: int) -> None:
        batch[index].finished_s = self._env.now
        if index + 1 < len(batch):
            self._work_on(server, batch, index + 1)
        else:
            self._commit(server, batch)

    def _work_on_all(self, server: int, batch: Sequence[Record], _index: int) -> None:
        """Work on a batch as one; each record is charged an equal share of the time."""
        for record in batch:
            self._rules.begun(record)
        work_s = self.kind.whole_s(len(batch)) * self._rules.heaviness(batch[0])
        self._processors.run(work_s, partial(self._worked_on_all, server, batch))

    def _worked_on_all(self, server: int, batch: Sequence[Record]) -> None:
        began_s = batch[0].started_s
        share_s = (self._env.now - began_s) / len(batch)
        for index, record in enumerate(batch):
            record.started_s = began_s + index * share_s
            record.finished_s = began_s + (index + 1) * share_s
        self._commit(server, batch)

    def _commit(self, server: int, batch: Sequence[Record]) -> None:
        waiting = bool(self._queue)
        name = f"centre/{self.kind.name}-{server + 1}"
        given = [self._rules.finished(record, name) for record in batch]
        if waiting and server < self._on_duty:
            # The records moved on are in the queues already: the oldest goes on before a younger one begins.
            self._claim_after(self._rules.gap_s(self.kind), server)
        else:
            heapq.heappush(self._idle, server)
        for servers in dict.fromkeys((self, *given)):
            if servers is not None:
                servers.wake()
