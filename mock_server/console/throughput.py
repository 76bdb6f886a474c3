"""Throughput: how many visits each stage finished, second by second, over the last minutes.

The events are read as they come and counted here: `stage_events` grows all day and has an index by number only.
"""

from collections import Counter

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.tables import stage_events

MINUTES = 10
BAR_S = 10
"""The length of time that one bar of the chart stands for."""
SETTLED_S = 5
"""An event is counted for good when it was there this long: numbers are drawn a little before they commit."""
READ_BACK = 50_000
"""How many events are looked through at most, when nobody has watched for a while."""

Counts = Counter[tuple[str, int]]
"""Finished visits by stage and second since the epoch."""


class Throughput:
    """Finished visits of the last `MINUTES`, by stage and second."""

    def __init__(self) -> None:
        self._settled = Counts()
        self._unsettled = Counts()
        self._from_id = 0
        """The first event that is not settled."""
        self._next_id, self._next_s = 0, 0.0
        """The first event that was not there yet at this time: until then all settle next."""

    async def read(self, connection: AsyncConnection, now: float) -> None:
        """Take in the events since the last call."""
        newest = await connection.scalar(select(func.max(stage_events.c.id))) or 0
        settle_to = self._next_id if now - self._next_s >= SETTLED_S else self._from_id
        second = cast(func.floor(stage_events.c.finished_at), BigInteger)
        settles = stage_events.c.id < settle_to
        query = (
            select(stage_events.c.stage, second, settles, func.count())
            # Between two numbers, though none is above the newest: a prepared plan takes an open end for a third of
            # the table, which it then reads whole.
            .where(stage_events.c.id.between(max(self._from_id, newest - READ_BACK), newest))
            .where(stage_events.c.finished_at >= now - MINUTES * 60)
            .group_by(stage_events.c.stage, second, settles)
        )
        self._unsettled = Counts()
        for stage, moment, settled, count in await connection.execute(query):
            (self._settled if settled else self._unsettled)[stage, moment] += count
        if settle_to > self._from_id or not self._next_s:
            self._from_id, self._next_id, self._next_s = settle_to, newest + 1, now
        self._forget(now)

    def per_minute(self, stage: str, now: float) -> int:
        """Return how many visits a stage finished in the last minute."""
        return sum(self._count(stage, int(now) - age) for age in range(60))

    def bars(self, stage: str, now: float) -> list[int]:
        """Return how many visits a stage finished in each `BAR_S` of the last `MINUTES`, oldest first.

        The last is the last that is over: one that still grows would look like a fall.
        """
        end = int(now) // BAR_S * BAR_S
        starts = range(end - MINUTES * 60, end, BAR_S)
        return [sum(self._count(stage, start + second) for second in range(BAR_S)) for start in starts]

    def _count(self, stage: str, second: int) -> int:
        return self._settled[stage, second] + self._unsettled[stage, second]

    def _forget(self, now: float) -> None:
        oldest = now - (MINUTES + 1) * 60
        self._settled = Counts({key: count for key, count in self._settled.items() if key[1] >= oldest})
