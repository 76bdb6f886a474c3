"""Restarts of an embedded cluster, as the faults in a server's database ask for them."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from antrean.postgres import cluster, connect_when_back
from antrean.processes import ProcessError
from antrean.restarts import Restarter
from mock_server.database import engine_of
from mock_server.migrations import VERSION_5_4, migrate
from tests.mock_server.commands import wait_until


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A cluster to be stopped, with the server's tables in it."""
    with cluster() as server:
        with engine_of(server.get_uri()) as engine, engine.connect() as connection:
            migrate(connection, VERSION_5_4)
        yield server


@pytest.fixture(autouse=True)
def no_faults(server: Any) -> None:
    with psycopg.connect(server.get_uri()) as connection:
        connection.execute("DELETE FROM faults")


def inject(server: Any, starts_in_s: float, length_s: float, kind: str = "postgres-restart") -> None:
    starts_at = time.time() + starts_in_s
    with psycopg.connect(server.get_uri()) as connection:
        connection.execute(
            "INSERT INTO faults (kind, target, starts_at, ends_at) VALUES (%s, 'database', %s, %s)",
            (kind, starts_at, starts_at + length_s),
        )


def stops(server: Any) -> int:
    return str(server.log.read_text()).count("immediate shutdown request")


def answers(server: Any) -> bool:
    try:
        with psycopg.connect(server.get_uri()):
            return True
    except psycopg.OperationalError:
        return False


def test_only_restarts_are_carried_out_once_each_and_not_one_that_was_ended_before_its_start(server: Any) -> None:
    before = stops(server)
    inject(server, starts_in_s=-2, length_s=100, kind="latency")
    inject(server, starts_in_s=-1, length_s=0)
    inject(server, starts_in_s=600, length_s=1)
    with Restarter(server, server.get_uri()):
        inject(server, starts_in_s=-0.5, length_s=0.6)
        wait_until(lambda: stops(server) == before + 1 and answers(server))
        inject(server, starts_in_s=-0.5, length_s=0.6)
        wait_until(lambda: stops(server) == before + 2 and answers(server))
    assert stops(server) == before + 2


def test_whoever_leaves_while_the_database_is_out_finds_it_running_again(server: Any) -> None:
    inject(server, starts_in_s=0, length_s=600)
    with Restarter(server, server.get_uri()):
        wait_until(lambda: not answers(server))
    with connect_when_back(server.get_uri(), within_s=0.0) as connection:
        assert connection.execute("SELECT count(*) FROM faults").fetchone() == (1,)


def test_a_database_that_cannot_be_stopped_is_an_error(server: Any, tmp_path: Path) -> None:
    nobody = SimpleNamespace(pgdata=tmp_path, log=tmp_path / "log", system_user=None)
    inject(server, starts_in_s=0, length_s=600)
    with pytest.raises(ProcessError, match="could not be restarted"), Restarter(nobody, server.get_uri()):
        wait_until(lambda: "restarts the database" not in {thread.name for thread in threading.enumerate()})
