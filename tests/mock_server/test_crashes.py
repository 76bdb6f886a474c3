"""Whatever is killed, and however often the clients ask again: each acknowledged packet becomes one card, once."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import Engine, text

from antrean.postgres import cluster
from mock_server.adapters.signer import create_key
from mock_server.database import engine_of
from mock_server.migrations import VERSION_5_4, migrate
from mock_server.seed import seed_offices
from mock_server.settings import Settings
from model.stages import CENTRAL_STAGES, Stage
from tests.mock_server.commands import Process, first_line, running, start, stop, wait_until
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet

PACKETS, CLERKS = 60, 3
ROLES = ("web", "worker", "matcher", "printers")


class Clerks:
    """Offices that submit packets, and ask again until each is acknowledged."""

    def __init__(self, url: str) -> None:
        self.acknowledged: list[str] = []
        self.refused: Counter[int] = Counter()
        self._went_home = False
        self._url = url
        self._numbers = count(1)
        self._threads = [threading.Thread(target=self._submit) for _ in range(CLERKS)]

    @contextmanager
    def submitting(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._went_home = True
            for thread in self._threads:
                thread.join(20)
        assert len(self.acknowledged) == PACKETS

    def _submit(self) -> None:
        with httpx.Client(base_url=self._url, timeout=5) as client:
            while (number := next(self._numbers)) <= PACKETS:
                packet = Packet(f"A-{number}", person=number, office=OFFICE if number % 2 else OTHER_OFFICE)
                client.headers["Idempotency-Key"] = f"key-{number}"
                while not self._is_acknowledged(client, packet):
                    if self._went_home:
                        return
                    time.sleep(0.05)
                self.acknowledged.append(packet.reference)

    def _is_acknowledged(self, client: httpx.Client, packet: Packet) -> bool:
        try:
            answer = packet.post(client)
        except httpx.TransportError:
            return False
        if answer.status_code == 202:
            return True
        self.refused[answer.status_code] += 1
        return False


@pytest.fixture
def here(settings: Settings) -> Settings:
    """Settings with a port that a successor of the web can take again."""
    return on_a_port(settings)


def on_a_port(settings: Settings) -> Settings:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return settings.model_copy(update={"port": port, "retry_after_s": 1})


def url_of(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.port}"


def all_printed(engine: Engine) -> bool:
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM records WHERE status = 'CARD_PRINTED'")
        return bool(connection.scalar(query) == PACKETS)


def assert_each_became_one_card(engine: Engine, acknowledged: list[str]) -> None:
    once = [*CENTRAL_STAGES, Stage.PRINTING]
    with engine.connect() as connection:
        cards = list(connection.scalars(text("SELECT reference FROM cards")))
        events = connection.execute(text("SELECT citizen, stage FROM stage_events ORDER BY id")).all()
    assert sorted(cards) == sorted(acknowledged)
    assert Counter(events) == {(reference, stage): 1 for reference in acknowledged for stage in once}


@pytest.mark.parametrize("victim", ROLES)
def test_a_process_is_killed(here: Settings, engine: Engine, victim: str) -> None:
    processes: dict[str, Process] = {role: start(here, role) for role in ROLES}
    started = list(processes.values())
    for process in started:
        first_line(process)
    clerks = Clerks(url_of(here))
    with running(*started), clerks.submitting():
        wait_until(lambda: len(clerks.acknowledged) >= PACKETS // 3)
        processes[victim].kill()
        processes[victim].wait()
        heir = start(here, victim)
        started.append(heir)
        with running(heir):
            first_line(heir)
            wait_until(lambda: all_printed(engine))
            processes[victim] = heir
            assert [stop(process) for process in processes.values()] == [0] * len(ROLES)
    assert_each_became_one_card(engine, clerks.acknowledged)


@pytest.fixture
def mortal() -> Iterator[Any]:
    """A PostgreSQL of the test's own, to be killed."""
    with cluster() as server:
        yield server


def kill(server: Any) -> None:
    """Kill the postmaster, and wait for its children, who notice."""
    family = [psutil.Process(server.get_pid())]
    family += family[0].children(recursive=True)
    family[0].kill()
    wait_until(lambda: not any(_lives(process) for process in family), 20)
    # Where nothing reaps orphans, the postmaster stays as a zombie, and its lock files seem to be held.
    for lock in (server.pgdata / "postmaster.pid", *server.pgdata.glob(".s.PGSQL.*.lock")):
        lock.unlink(missing_ok=True)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_the_database_is_killed(mortal: Any, tmp_path: Path) -> None:
    key = tmp_path / "signing-key.pem"
    create_key(key)
    settings = on_a_port(Settings(database_url=mortal.get_uri(), signing_key_file=key, printer_s_per_card=0.05))
    with engine_of(settings.database_url) as engine:
        with engine.connect() as connection:
            migrate(connection, VERSION_5_4)
            with connection.begin():
                seed_offices(connection, {OFFICE: 2, OTHER_OFFICE: 1})
        engine.dispose()
        processes = [start(settings, role) for role in ROLES]
        for process in processes:
            first_line(process)
        clerks = Clerks(url_of(settings))
        with running(*processes), httpx.Client(base_url=url_of(settings)) as client, clerks.submitting():
            wait_until(lambda: len(clerks.acknowledged) >= PACKETS // 3)
            kill(mortal)
            try:
                answer = client.get("/readyz")
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
                assert answer.json()["detail"] == "the database does not answer"
                assert client.get("/livez").status_code == 204
            finally:
                mortal.ensure_postgres_running()
            wait_until(lambda: client.get("/readyz").status_code == 204, 20)
            wait_until(lambda: all_printed(engine))
            assert [process.poll() for process in processes] == [None] * len(ROLES), "nothing was started again"
            assert [stop(process) for process in processes] == [0] * len(ROLES)
        assert set(clerks.refused) <= {503}
        assert_each_became_one_card(engine, clerks.acknowledged)
