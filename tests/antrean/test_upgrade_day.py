"""The upgrade of a lab day: what the server is asked, and what is read back."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import create_engine

from antrean.upgrade_day import LockWatch, read_upgrade, request_of, words_of
from mock_server.database import libpq_url, sqlalchemy_url
from mock_server.migrations import VERSION_5_4, migrate
from model.clock import Clock
from model.scenario import Scenario
from model.scenario_file import load
from model.strategies import without_upgrade
from model.units import HOUR_S, DayWindow
from model.upgrade import Plan
from tests.mock_server.upgrades import put_upgrade

CLOCK = Clock(3600.0, origin_wall_s=1_000.0, origin_scenario_s=6 * HOUR_S)
"""An hour of the scenario a second; 06:00 is moment 1,000."""


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE upgrade_day")
        yield libpq_url(sqlalchemy_url(postgres).set(database="upgrade_day"))
        connection.execute("DROP DATABASE upgrade_day (FORCE)")


def april(*hours: DayWindow) -> Scenario:
    scenario = load("april-2016")
    assert scenario.upgrade is not None
    start = scenario.scenario.start + timedelta(hours=8)
    upgrade = scenario.upgrade.model_copy(update={"start": start, "hours": list(hours), "plan": Plan.ROLLING})
    return scenario.model_copy(update={"upgrade": upgrade})


def test_the_server_is_asked_by_the_wall_clock() -> None:
    asked = request_of(april(DayWindow(18 * HOUR_S, 20 * HOUR_S)), CLOCK)
    assert asked == {
        "to": "5.5",
        "plan": "rolling",
        "batch": 200,
        "pause_s": 0.0,
        "parallelism": 4,
        "start_at": 1_002.0,
        "windows": [{"opens_at": 1_012.0 + 24 * day, "closes_at": 1_014.0 + 24 * day} for day in range(3)],
    }
    assert request_of(april(), CLOCK)["windows"] == []


def test_a_scenario_without_an_upgrade_asks_for_none() -> None:
    with pytest.raises(ValueError, match="no \\[upgrade\\]"):
        request_of(without_upgrade(april()), CLOCK)


@pytest.mark.parametrize(
    ("state", "phases", "words"),
    [
        ("asked", [], ""),
        ("running", [{"phase": "expand", "finished_at": None, "rows_done": 0, "rows_total": 0}], "  upgrade: expand"),
        (
            "running",
            [
                {"phase": "expand", "finished_at": 5.0, "rows_done": 0, "rows_total": 0},
                {"phase": "backfill WIT", "finished_at": None, "rows_done": 30, "rows_total": 120},
            ],
            "  upgrade: backfill WIT 25 %",
        ),
        ("done", [], "  upgraded"),
        ("failed", [], "  upgrade failed"),
        ("stopped", [], "  upgrade stopped"),
    ],
)
def test_progress_is_told_in_a_few_words(state: str, phases: list[dict[str, object]], words: str) -> None:
    assert words_of({"state": state, "phases": phases}) == words


def test_an_upgrade_is_read_back_in_scenario_time(database: str) -> None:
    engine = create_engine(sqlalchemy_url(database))
    with engine.connect() as connection:
        migrate(connection, VERSION_5_4)
        assert read_upgrade(database, CLOCK) is None
        with connection.begin():
            phases = (
                {"phase": "expand", "started_at": 1_002.0, "finished_at": 1_002.5},
                {"phase": "backfill", "started_at": 1_002.5},
            )
            put_upgrade(connection, *phases, state="failed", ended_at=1_003.0, error="a false chip")
    engine.dispose()
    assert read_upgrade(database, CLOCK) == (
        8 * HOUR_S,
        None,
        (("expand", 8 * HOUR_S, 8.5 * HOUR_S), ("backfill", 8.5 * HOUR_S, None)),
        "online",
        "a false chip",
    )


def wait_for_lock(database: str, name: str) -> threading.Thread:
    """Wait, under a name, for a lock on the table until it is free."""

    def wait() -> None:
        with psycopg.connect(database, application_name=name) as connection:
            connection.execute("LOCK TABLE held")

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.parametrize(("name", "seen"), [("worker-1", True), ("antrean-upgrade backfill", False)])
def test_waits_for_locks_are_seen_but_not_those_of_the_upgrade_itself(database: str, name: str, seen: bool) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND clock_timestamp() - waitstart > interval '0.3 s'"
    with psycopg.connect(database, autocommit=True) as looking, LockWatch(database) as watch:
        looking.execute("CREATE TABLE held ()")
        with psycopg.connect(database) as holding:
            holding.execute("LOCK TABLE held")
            waiter = wait_for_lock(database, name)
            deadline = time.monotonic() + 30
            while looking.execute(waiting).fetchone() == (0,):
                assert time.monotonic() < deadline, "nobody waits"
                time.sleep(0.01)
            if seen:
                while not watch.waits(CLOCK) or watch.waits(CLOCK)[-1][1] < 0.3:
                    assert time.monotonic() < deadline, "the wait is not seen"
                    time.sleep(0.01)
        waiter.join()
    assert bool(watch.waits(CLOCK)) == seen
    now_s = CLOCK.to_scenario_s(time.time())
    assert all(now_s - 60 * 3600 < at_s <= now_s for at_s, _ in watch.waits(CLOCK))


def test_a_watch_survives_a_database_that_is_not_there() -> None:
    with LockWatch("postgresql://127.0.0.1:1/nowhere") as watch:
        time.sleep(0.2)
    assert watch.waits(CLOCK) == []
