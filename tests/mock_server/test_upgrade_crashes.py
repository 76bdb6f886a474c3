"""An upgrade killed in each of its phases: the system works on in one version, and the next program finishes."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from sqlalchemy import Connection, Engine, text

from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import Lock, engine_of
from mock_server.pipeline.versions import Version
from mock_server.seed import seed_residents
from mock_server.settings import Settings
from mock_server.upgrade.orders import State
from tests.mock_server.centre import Centre
from tests.mock_server.commands import first_line, run, running, start, wait_until
from tests.mock_server.packets import OFFICE, Packet
from tests.mock_server.upgrading import check_version, faces, residents, upgrade

EAST = "91.71"
VERSION_HELD = f"SELECT pg_advisory_lock_shared({Lock.VERSION:d})"
"""As a matcher in the middle of a batch: no version changes."""
WRITING = "LOCK TABLE residents IN ROW EXCLUSIVE MODE"
"""As somebody who enrolls: no schema changes, and no index is finished."""
NOTES_HELD = "SELECT FROM upgrade_phases FOR UPDATE"
"""The step is in the middle of its transaction when it wants to tell how far it is."""
HELD_SINCE = {"index": "backfill", "contract": "backfill WIT", "big-bang": "big-bang"}
"""From which phase on the lock is held, where those before it need it too."""

CASES = [
    ("online", "expand", WRITING),
    ("online", "backfill", None),
    ("online", "index", WRITING),
    ("online", "switch", VERSION_HELD),
    ("rolling", "switch WIT", VERSION_HELD),
    ("rolling", "backfill WIB", None),
    ("rolling", "contract", WRITING),
    ("big-bang", "big-bang", NOTES_HELD),
]


@pytest.fixture
def seeded(engine: Engine, settings: Settings) -> int:
    with engine.begin() as connection:
        signer = EcdsaSigner.load(settings.signing_key_file)
        seed_residents(connection, 400, 1, {OFFICE: 2, EAST: 1}, signer)
    return 400


@contextmanager
def holding(url: str, statement: str | None, since: str | None = None) -> Iterator[None]:
    """Keep a step from its end: somebody holds what it needs, from the start or since a phase has begun."""
    taken, released = threading.Event(), threading.Event()

    def hold() -> None:
        assert statement is not None
        with engine_of(url) as engine, engine.connect() as connection:
            if since is not None:
                wait_until(lambda: has_begun(connection, since))
            connection.execute(text(statement))
            taken.set()
            released.wait()
            connection.invalidate()

    if statement is None:
        yield
        return
    thread = threading.Thread(target=hold)
    thread.start()
    try:
        if since is None:
            taken.wait()
        yield
    finally:
        released.set()
        thread.join()


def has_begun(connection: Connection, phase: str) -> bool:
    found = connection.scalar(text("SELECT 1 FROM upgrade_phases WHERE phase = :phase"), {"phase": phase})
    connection.rollback()
    return bool(found)


def phase(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT phase FROM system")))


def kill_in(settings: Settings, engine: Engine, at: str, statement: str | None, *arguments: str) -> None:
    """Start an upgrade and kill its program, and nobody else, when it is in the middle of a phase."""
    throttle = ("--batch", "20", "--parallelism", "1") + (() if statement else ("--pause-s", "0.2"))
    upgrading = start(settings, "upgrade", *throttle, *arguments)

    def is_there() -> bool:
        with engine.begin() as connection:
            done = connection.scalar(text("SELECT rows_done FROM upgrade_phases WHERE phase = :phase"), {"phase": at})
            return phase(connection) == at and (statement is not None or bool(done))

    with running(upgrading):
        wait_until(lambda: upgrading.poll() is not None or is_there())
        assert upgrading.poll() is None, "it was over before it could be killed"
        children = psutil.Process(upgrading.pid).children(recursive=True)
        os.kill(upgrading.pid, signal.SIGKILL)
        upgrading.wait()
    # Its processes notice that they are alone.
    psutil.wait_procs(children, timeout=20)
    assert not [child for child in children if child.is_running()]


@pytest.mark.parametrize(("plan", "at", "statement"), CASES, ids=[f"{plan}: {at}" for plan, at, _ in CASES])
def test_killed_in_a_phase_it_goes_on_from_there(
    centre: Centre, engine: Engine, settings: Settings, seeded: int, plan: str, at: str, statement: str | None
) -> None:
    before = faces(engine, Version.V5_4)
    with holding(settings.database_url, statement, HELD_SINCE.get(at)):
        kill_in(settings, engine, at, statement, "--plan", plan)
    # The offices work on, each in the version it had.
    Packet("A-1", person=1).post(centre.client)
    centre.settle()
    assert {event.version for event in centre.events("A-1")} == {"5.5" if at == "contract" else "5.4"}
    assert len(residents(engine)) == seeded + 1
    finished = run(settings, "upgrade", "--plan", plan)
    assert finished.returncode == 0, finished.stderr
    check_version(engine, settings, Version.V5_5)
    after = faces(engine, Version.V5_5)
    assert len(after) == seeded + 1
    assert all(abs(float(after[nik] @ before[nik]) - 1) < 1e-5 for nik in before)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM upgrades")) == 1, "it is the same upgrade"


@pytest.mark.parametrize(("at", "statement"), [("expand", WRITING), ("backfill", None), ("switch", VERSION_HELD)])
def test_killed_on_the_way_back_it_goes_on_from_there(
    centre: Centre, engine: Engine, settings: Settings, seeded: int, at: str, statement: str | None
) -> None:
    before = faces(engine, Version.V5_4)
    assert upgrade(settings) is State.DONE
    with holding(settings.database_url, statement):
        kill_in(settings, engine, at, statement, "--to", "5.4")
    Packet("A-1", person=1).post(centre.client)
    centre.settle()
    assert {event.version for event in centre.events("A-1")} == {"5.5"}
    assert run(settings, "upgrade", "--to", "5.4").returncode == 0
    check_version(engine, settings, Version.V5_4)
    after = faces(engine, Version.V5_4)
    assert len(after) == seeded + 1
    assert all(abs(float(after[nik] @ before[nik]) - 1) < 1e-5 for nik in before)


def test_the_upgrader_goes_on_with_an_upgrade_whose_program_was_killed(
    centre: Centre, engine: Engine, settings: Settings, seeded: int
) -> None:
    assert seeded
    asked = {"batch": 10, "pause_s": 0.2, "parallelism": 1}
    assert centre.client.post("/v1/upgrades", json=asked).status_code == 202
    first = start(settings, "upgrader")
    with running(first):
        assert first_line(first) == {"ready": True}
        wait_until(lambda: any(row["rows_done"] for row in centre.client.get("/v1/upgrades/1").json()["phases"]))
    second = start(settings, "upgrader")
    with running(second):
        wait_until(lambda: centre.client.get("/v1/upgrades/1").json()["state"] == "done")
    check_version(engine, settings, Version.V5_5)
