"""The count of finished visits, which must see each event once however it comes."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, insert

from mock_server.console.throughput import BAR_S, MINUTES, SETTLED_S, Throughput
from mock_server.database import make_async_engine
from mock_server.settings import Settings
from mock_server.tables import stage_events

NOW = 1_000_000.0
PRINTING = "printing"


def finish(connection: Connection, *moments_s: float, stage: str = PRINTING) -> None:
    """Write events that ended at these moments."""
    for moment_s in moments_s:
        times = dict.fromkeys(("entered_at", "claimed_at", "started_at", "finished_at"), moment_s)
        words = dict.fromkeys(("citizen", "office", "server", "outcome", "source", "version", "phase"), "")
        connection.execute(insert(stage_events).values(stage=stage, **times, **words))


Read = Callable[[Throughput, float], None]


@pytest.fixture
def read(settings: Settings) -> Read:
    """Read at a moment, as a look at the database does."""

    def read(throughput: Throughput, now: float) -> None:
        async def once() -> None:
            engine = make_async_engine(settings.database_url, 1, 2.0)
            async with engine.connect() as connection:
                await throughput.read(connection, now)
            await engine.dispose()

        asyncio.run(once())

    return read


def test_each_visit_counts_once_however_often_one_looks(engine: Engine, read: Read) -> None:
    throughput = Throughput()
    for second in range(3 * SETTLED_S):
        with engine.begin() as connection:
            finish(connection, NOW + second, NOW + second)
            finish(connection, NOW + second, stage="matching")
        read(throughput, NOW + second)
        assert throughput.per_minute(PRINTING, NOW + second) == 2 * (second + 1)
    assert throughput.per_minute("matching", NOW + second) == second + 1


def test_an_event_that_is_visible_later_than_its_successor_counts_too(engine: Engine, read: Read) -> None:
    throughput = Throughput()
    with engine.begin() as late, engine.connect() as other:
        finish(late, NOW)
        finish(other, NOW)
        other.commit()
        read(throughput, NOW)
        assert throughput.per_minute(PRINTING, NOW) == 1
    read(throughput, NOW + 1)
    read(throughput, NOW + SETTLED_S)
    assert throughput.per_minute(PRINTING, NOW + SETTLED_S) == 2


def test_bars_hold_what_is_over_and_the_oldest_are_forgotten(engine: Engine, read: Read) -> None:
    throughput = Throughput()
    with engine.begin() as connection:
        finish(connection, NOW - MINUTES * 60 - 1, NOW - MINUTES * 60, NOW - BAR_S, NOW - 1, NOW)
    read(throughput, NOW)
    bars = throughput.bars(PRINTING, NOW)
    assert len(bars) == MINUTES * 60 // BAR_S
    assert (bars[0], bars[-1], sum(bars)) == (1, 2, 3)
    assert throughput.bars(PRINTING, NOW + BAR_S)[-2:] == [2, 1]
