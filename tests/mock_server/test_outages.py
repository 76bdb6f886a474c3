"""A database that is lost, full or busy: said plainly, and over when it is over."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import Engine, exc, text

from mock_server.database import engine_of, libpq_url, sqlalchemy_url
from mock_server.outages import DISK_FULL, LONGEST_WAIT_S, NO_ANSWER, Backoff, keep_at, reason_of
from mock_server.settings import Settings
from mock_server.worker import run
from tests.mock_server.centre import Centre, serving
from tests.mock_server.commands import wait_until
from tests.mock_server.packets import Packet
from tests.mock_server.test_http import problem


def wrapped(error: psycopg.Error) -> exc.DBAPIError:
    found = exc.DBAPIError.instance("SELECT 1", None, error, psycopg.Error)
    assert isinstance(found, exc.DBAPIError)
    return found


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.DiskFull(), DISK_FULL),
        (errors.OutOfMemory(), "the database lacks resources"),
        (errors.TooManyConnections(), "the database takes no more connections"),
        (errors.AdminShutdown(), NO_ANSWER),
        (errors.CrashShutdown(), NO_ANSWER),
        (errors.CannotConnectNow(), NO_ANSWER),
        (errors.IoError(), "the database's system has an error"),
        (errors.DeadlockDetected(), "the database had to break off the transaction"),
        (psycopg.OperationalError("server closed the connection unexpectedly"), NO_ANSWER),
        (errors.UndefinedTable(), None),
        (errors.UniqueViolation(), None),
        (errors.QueryCanceled(), None),
        (psycopg.ProgrammingError("the query has 1 placeholder"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_passes_is_told_from_a_fault_of_ours(error: psycopg.Error, reason: str | None) -> None:
    assert reason_of(wrapped(error)) == reason


def test_the_waits_double_up_to_the_longest() -> None:
    backoff = Backoff()
    waits = [backoff.after(wrapped(errors.AdminShutdown())) for _ in range(8)]
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, LONGEST_WAIT_S, LONGEST_WAIT_S]


def test_work_is_begun_anew_after_an_outage_and_not_after_a_fault() -> None:
    ends: list[Exception | None] = [wrapped(errors.AdminShutdown()), None]

    def work() -> None:
        if (end := ends.pop(0)) is not None:
            raise end

    keep_at(work, lambda: False)
    assert ends == []
    ends = [wrapped(errors.UndefinedTable()), None]
    with pytest.raises(exc.ProgrammingError):
        keep_at(work, lambda: False)


def test_all_connections_in_use_is_said_soon_and_passes(settings: Settings, engine: Engine) -> None:
    narrow = settings.model_copy(update={"web_connections": 1, "pool_timeout_s": 0.1, "retry_after_s": 7})
    with serving(narrow) as client:
        with engine.begin() as holder:
            holder.execute(text("LOCK TABLE records"))
            waiting = threading.Thread(target=Packet("A-1").post, args=(client,))
            waiting.start()
            wait_until(lambda: client.get("/readyz").status_code == 503)
            answer = client.get("/v1/version")
            assert problem(answer, 503)["detail"] == "all database connections are in use"
            assert answer.headers["Retry-After"] == "7"
        waiting.join(10)
        assert client.get("/readyz").status_code == 204
        assert client.get("/v1/records/A-1").status_code == 200


def test_a_worker_whose_connection_is_cut_goes_on(centre: Centre, engine: Engine, settings: Settings) -> None:
    ended, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=run, args=(settings, "worker-1", ended.is_set, ready.set))
    thread.start()
    try:
        assert ready.wait(10)
        with engine.begin() as connection:
            wait_until(lambda: connection.scalar(text(_CUT_THE_OTHERS)) > 0)
        wait_until(lambda: Packet("A-1").post(centre.client).status_code in (200, 202))
        wait_until(lambda: len(centre.events("A-1")) == 1)
    finally:
        ended.set()
        thread.join(10)
    assert not thread.is_alive()


_CUT_THE_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 24 MB that the embedded PostgreSQL, which runs as a user of its own, may write to."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system; the errors themselves are tested above")
    folder = Path(tempfile.mkdtemp(prefix="antrean-small-disk-"))
    folder.chmod(0o755)
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    try:
        if subprocess.run(command, check=False).returncode != 0:
            pytest.skip("this container may not mount a file system")
        try:
            data = folder / "data"
            data.mkdir()
            shutil.chown(data, "embedded_postgres")
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607 - as the system has it
    finally:
        folder.rmdir()


@pytest.fixture
def cramped(settings: Settings, postgres: str, template_5_4: str, small_disk: Path) -> Iterator[Settings]:
    """Settings with a database on the small disk."""
    with engine_of(postgres) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"CREATE TABLESPACE small LOCATION '{small_disk / 'data'}'"))
        connection.execute(text(f"CREATE DATABASE cramped TEMPLATE {template_5_4} TABLESPACE small"))
        try:
            url = libpq_url(sqlalchemy_url(postgres).set(database="cramped"))
            yield settings.model_copy(update={"database_url": url})
        finally:
            connection.execute(text("DROP DATABASE cramped WITH (FORCE)"))
            connection.execute(text("DROP TABLESPACE small"))


def test_a_full_disk_is_said_and_passes_when_there_is_room(cramped: Settings, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(bytes(free - 1_000_000))
    with serving(cramped) as client:
        acknowledged = []
        for number in range(1, 30):
            answer = Packet(f"A-{number}", person=number).post(client)
            if answer.status_code == 503:
                break
            acknowledged.append(f"A-{number}")
        assert problem(answer, 503)["detail"] == DISK_FULL
        assert int(answer.headers["Retry-After"]) == cramped.retry_after_s
        assert problem(client.get("/readyz"), 503)["detail"] == DISK_FULL
        assert problem(client.get("/readyz"), 503)["detail"] == DISK_FULL, "and again: asking does not make room"
        ballast.unlink()
        assert client.get("/readyz").status_code == 204
        assert Packet(f"A-{number}", person=number).post(client).status_code == 202
        for reference in acknowledged:
            assert client.get(f"/v1/records/{reference}").status_code == 200
