"""The lab under injected faults: what it breaks it brings back, and nothing that was accepted is lost."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from antrean import processes
from antrean.lab import Lab, Server, open_lab
from antrean.upgrade_day import LockWatch
from loadtests.plan import supervisor_of
from mock_server.access import Role
from model.clock import Clock
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import plan_offices
from model.stages import CENTRAL_STAGES, Stage
from model.strategies import changed
from tests.mock_server.commands import wait_until
from tests.mock_server.packets import OFFICE, Packet
from tests.mock_server.test_features import KITAP

CLOCK = Clock(1.0, origin_wall_s=0.0, origin_scenario_s=0.0)
OUTAGE_S = 5.0


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """One office and few residents."""
    april = load("april-2016")
    return april.model_copy(
        update={
            "offices": april.offices.model_copy(update={"which": [OFFICE]}),
            "centre": april.centre.model_copy(update={"residents": 10}),
        }
    )


@pytest.fixture(scope="module")
def lab(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with a PostgreSQL of its own."""
    with open_lab(tmp_path_factory.mktemp("logs")) as lab:
        lab.seed(scenario, plan_offices(scenario))
        yield lab


@pytest.fixture
def server(lab: Lab, scenario: Scenario) -> Iterator[Server]:
    """A server on a copy of the lab's template, which outlives what the tests do to the cluster."""
    with lab.server("faulty", plan_offices(scenario), 0.0) as server:
        yield server


def client_of(server: Server, holder: str) -> httpx.Client:
    key = json.loads(server.keys_file.read_text())[holder]
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=20)


class Clerk:
    """An office that submits one packet after the other, each until it is acknowledged."""

    def __init__(self, client: httpx.Client) -> None:
        self.acknowledged: list[str] = []
        self.refused: list[httpx.Response] = []
        self._client = client

    def submit_until(self, seen: Callable[[], bool], at_least: int) -> None:
        """Go on until something is seen, and so many more are acknowledged."""
        wait_until(lambda: self._submit() and seen())
        for _ in range(at_least):
            wait_until(self._submit)

    def _submit(self) -> bool:
        number = len(self.acknowledged) + 1
        answer = Packet(f"A-{number}", person=number).post(self._client)
        if answer.status_code not in (200, 202):
            self.refused.append(answer)
            return False
        self.acknowledged.append(f"A-{number}")
        return True


def test_an_office_has_a_supervisor_who_may_book_blank_cards(server: Server) -> None:
    path = f"/v1/offices/{OFFICE}/stock"
    for holder, status in ((OFFICE, 403), (supervisor_of(OFFICE), 200)):
        with client_of(server, holder) as client:
            assert client.post(path, json={"blanks": 5}).status_code == status


def test_whoever_is_seeded_has_a_card_to_replace_and_is_listed_where_somebody_asks(
    server: Server, scenario: Scenario
) -> None:
    asking = changed(scenario, {"demand": {"mix": {"enrollment": 0.9, "correction": 0.1}}})
    assert server.residents_file(scenario) is None
    path = server.residents_file(asking)
    assert path is not None
    listed = json.loads(path.read_text())
    niks = [nik for office in listed.values() for nik in office]
    assert len(set(niks)) == len(niks) == scenario.centre.residents
    assert all(nik.startswith(code.replace(".", "")) for code, office in listed.items() for nik in office)
    with psycopg.connect(server.database_url) as connection:
        connection.execute("UPDATE cards SET status = 'REVOKED' WHERE nik = %s", (niks[0],))
    path = server.residents_file(asking)
    assert path is not None
    assert niks[0] not in path.read_text()


def test_a_lab_whose_scenario_begins_with_5_5_has_its_residents_on_it(scenario: Scenario, tmp_path: Path) -> None:
    newest = changed(scenario, {"centre": {"version": "5.5"}})
    with open_lab(tmp_path) as lab:
        lab.seed(newest, plan_offices(newest))
        with lab.server("newest", plan_offices(newest), 0.0) as server:
            assert server.admin.get("/v1/version")["version"] == "5.5"
            with client_of(server, OFFICE) as office:
                answer = Packet("A-1", biodata={"nationality": "BELANDA"}, permit=KITAP).post(office)
            assert answer.status_code == 202
            with psycopg.connect(server.database_url) as connection:
                row = connection.execute("SELECT count(*) FROM residents WHERE search_key IS NOT NULL").fetchone()
            assert row == (scenario.centre.residents,)


def test_a_restarted_database_loses_nothing_and_the_server_outlives_it(server: Server) -> None:
    with client_of(server, OFFICE) as office:
        clerk = Clerk(office)
        clerk.submit_until(lambda: True, at_least=5)
        began = started_at(server)
        with LockWatch(server.database_url) as watch:
            server.admin.post("/v1/faults", {"kind": "postgres-restart", "ends_at": time.time() + OUTAGE_S})
            clerk.submit_until(lambda: bool(clerk.refused), at_least=5)
            assert {answer.status_code for answer in clerk.refused} == {503}
            assert all(int(answer.headers["Retry-After"]) >= 1 for answer in clerk.refused)
            assert started_at(server) > began
            see_a_wait(server, watch)
        wait_until(lambda: server.events(CLOCK).height == (len(CENTRAL_STAGES) + 1) * len(clerk.acknowledged))
        server.processes.check()
        assert not (server.processes.logs / processes.KILLED).exists(), "all of them waited"
        each_became_one_card(server, clerk.acknowledged)


def started_at(server: Server) -> float:
    with psycopg.connect(server.database_url) as connection:
        row = connection.execute("SELECT extract(epoch FROM pg_postmaster_start_time())::float8").fetchone()
    assert row is not None
    return float(row[0])


def see_a_wait(server: Server, watch: LockWatch) -> None:
    """Have somebody wait for a lock until the watch, which lost its database, tells of it."""
    with psycopg.connect(server.database_url) as holder, psycopg.connect(server.database_url) as waiter:
        holder.execute("LOCK TABLE corrections")
        waiter.execute("SET lock_timeout = '500ms'")
        before = len(watch.waits(CLOCK))
        while len(watch.waits(CLOCK)) == before:
            with pytest.raises(psycopg.errors.LockNotAvailable), waiter.transaction():
                waiter.execute("LOCK TABLE corrections")


def each_became_one_card(server: Server, references: list[str]) -> None:
    with psycopg.connect(server.database_url) as connection:
        cards = [reference for (reference,) in connection.execute("SELECT reference FROM cards").fetchall()]
        events = connection.execute("SELECT citizen, stage FROM stage_events").fetchall()
    assert sorted(card for card in cards if card is not None) == sorted(references)
    once = [*CENTRAL_STAGES, Stage.PRINTING]
    assert Counter(events) == {(reference, stage): 1 for reference in references for stage in once}


def test_a_killed_worker_is_started_again_and_works_when_the_fault_is_over(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "REVIVE_AFTER_S", 0.1)
    with client_of(server, OFFICE) as office, client_of(server, Role.ADMIN) as admin:
        fault = server.admin.post("/v1/faults", {"kind": "worker-killed", "worker": 1, "ends_at": time.time() + 600})

        def deaths() -> list[str]:
            server.processes.check()
            told = server.processes.logs / processes.KILLED
            lines = told.read_text().splitlines() if told.exists() else []
            return [json.loads(line)["process"] for line in lines]

        wait_until(lambda: len(deaths()) >= 2)
        assert admin.delete(f"/v1/faults/{fault['id']}").status_code == 200
        clerk = Clerk(office)
        clerk.submit_until(lambda: bool(deaths()) and "worker-1" in set(server.events(CLOCK)["server"]), at_least=0)
        assert set(deaths()) == {"worker-1"}


def test_the_lab_gives_operators_passwords_where_they_log_in(lab: Lab, scenario: Scenario) -> None:
    plans = plan_offices(scenario)
    with lab.server("logins", plans, 0.0, logins=True) as server:
        held = json.loads(server.keys_file.read_text())
        names = [f"{OFFICE}/counter-{number + 1}" for number in range(plans[OFFICE].counters)]
        assert set(held) == {OFFICE, supervisor_of(OFFICE), Role.ADMIN, *names}
        with client_of(server, OFFICE) as client:
            login = {"operator": names[-1], "password": held[names[-1]]}
            answer = client.post("/v1/sessions", json=login)
            assert answer.status_code == httpx.codes.CREATED
            session = {"Authorization": f"Bearer {answer.json()['token']}"}
            assert client.get("/v1/queues", headers=session).is_success
