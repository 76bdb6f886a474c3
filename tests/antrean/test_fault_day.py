"""The faults of a lab day: which the server is asked for, and what is read back."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from antrean.admin import Admin, AdminError
from antrean.fault_day import DayFaults, FaultTimes, inject, read_faults, request_of, times_of, why_not
from antrean.lab import worker_count
from antrean.processes import ProcessError
from mock_server import keys
from mock_server.access import Role
from mock_server.adapters.signer import create_key
from mock_server.database import engine_of, libpq_url, sqlalchemy_url
from mock_server.migrations import VERSION_5_4, migrate
from mock_server.seed import seed_offices
from mock_server.settings import Settings
from model.clock import Clock
from model.compression import all_lab_offices
from model.faults import Errors, Fault, Latency, LinkCut, PostgresRestart, PrinterDown, WorkerKilled
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import plan_offices
from model.units import DAY_S, HOUR_S
from tests.mock_server.centre import serving

CLOCK = Clock(3600.0, origin_wall_s=1_000.0, origin_scenario_s=8 * HOUR_S)
"""An hour of the scenario a second; 08:00, when the doors open, is moment 1,000."""
PLAYED, NOT_PLAYED = "35.07", "35.73"


@pytest.fixture(scope="module")
def lab() -> Scenario:
    return all_lab_offices(load("faults-day"))


def between(lab: Scenario, start_h: float, end_h: float) -> dict[str, Any]:
    """Give a fault's start and end by hours since midnight."""
    return {
        "start": lab.scenario.start + timedelta(hours=start_h),
        "end": lab.scenario.start + timedelta(hours=end_h),
    }


def having(lab: Scenario, *faults: Fault) -> Scenario:
    return lab.model_copy(update={"faults": list(faults)})


# What the server is asked


def test_a_fault_is_asked_for_by_the_wall_clock_and_its_delay_is_not_compressed(lab: Scenario) -> None:
    fault = Latency(kind="latency", stage="matching", delay="2 s", **between(lab, 9, 10.5))  # type: ignore[arg-type] # as a file has it
    assert request_of(fault, lab, CLOCK) == {
        "kind": "latency",
        "stage": "matching",
        "delay_s": 2.0,
        "starts_at": 1_001.0,
        "ends_at": 1_002.5,
    }


def test_each_kind_is_asked_for_with_its_own_keys(lab: Scenario) -> None:
    asked = [request_of(fault, lab, CLOCK) for fault in lab.faults]
    assert [set(request) - {"kind", "starts_at", "ends_at"} for request in asked] == [
        {"stage", "delay_s"},
        {"stage", "share"},
        {"office", "printer"},
        {"office"},
        {"worker"},
        set(),
    ]


@pytest.mark.parametrize(
    ("kind", "named", "hours", "why"),
    [
        (LinkCut, {"kind": "link-cut", "office": PLAYED}, (9, 10), None),
        (
            LinkCut,
            {"kind": "link-cut", "office": NOT_PLAYED},
            (9, 10),
            "the lab does not play office 35.73 (Kota Malang)",
        ),
        (
            PrinterDown,
            {"kind": "printer-down", "office": NOT_PLAYED, "printer": 1},
            (9, 10),
            "the lab does not play office 35.73 (Kota Malang)",
        ),
        (PrinterDown, {"kind": "printer-down", "office": PLAYED, "printer": 2}, (9, 10), None),
        (
            PrinterDown,
            {"kind": "printer-down", "office": PLAYED, "printer": 3},
            (9, 10),
            "office 35.07 has no printer 3, but 2 in all",
        ),
        (WorkerKilled, {"kind": "worker-killed", "worker": worker_count()}, (9, 10), None),
        (
            WorkerKilled,
            {"kind": "worker-killed", "worker": worker_count() + 1},
            (9, 10),
            f"there is no worker {worker_count() + 1}, but {worker_count()} in all on this machine",
        ),
        (PostgresRestart, {"kind": "postgres-restart"}, (6, 9), None),
        (PostgresRestart, {"kind": "postgres-restart"}, (6, 8), "it is over before the lab's day begins"),
        (PostgresRestart, {"kind": "postgres-restart"}, (33, 34), "it begins after the one day that the lab plays"),
    ],
)
def test_what_a_lab_cannot_play_is_told_with_the_reason(
    lab: Scenario, kind: type[Fault], named: dict[str, Any], hours: tuple[float, float], why: str | None
) -> None:
    fault = kind(**named, **between(lab, *hours))
    assert why_not(fault, lab, CLOCK, plan_offices(lab)) == why


class Refusing(Admin):
    """Refuses everything with one status."""

    def __init__(self, status: int) -> None:
        super().__init__("http://127.0.0.1:1", "ank_x")
        self.status = status

    def post(self, path: str, content: dict[str, Any]) -> Any:
        raise AdminError(f"POST {path}: the server refused, {self.status}: no {content['kind']}", self.status)


def test_a_fault_that_a_server_cannot_bring_about_is_told_and_the_others_go_on(lab: Scenario) -> None:
    left_out = inject(Refusing(409), having(lab, *lab.faults[:2]), CLOCK)
    assert left_out == [
        "faults[0], latency, was not injected: POST /v1/faults: the server refused, 409: no latency.",
        "faults[1], errors, was not injected: POST /v1/faults: the server refused, 409: no errors.",
    ]
    with pytest.raises(ProcessError, match=r"faults\[0\]: .* 422: no latency"):
        inject(Refusing(422), lab, CLOCK)


# What is read back


def told(start_s: float, end_s: float, **more: Any) -> dict[str, Any]:
    common = {"id": 1, "kind": "latency", "target": "matching", "delay_s": 0.1, "share": None}
    return common | {"starts_at": start_s, "ends_at": end_s} | more


def test_faults_are_read_back_in_scenario_time_as_far_as_they_have_been() -> None:
    read = times_of([told(1_001, 1_002), told(1_004, 1_009), told(1_006, 1_007), told(1_002, 1_002)], CLOCK, 1_005.0)
    assert [(fault.start_s, fault.end_s) for fault in read] == [(9 * HOUR_S, 10 * HOUR_S), (12 * HOUR_S, 13 * HOUR_S)]
    assert read[0].name == "latency, matching"


def test_a_fault_of_everything_is_nowhere() -> None:
    (read,) = times_of([told(1_001, 1_002, kind="postgres-restart", target="", delay_s=None)], CLOCK, 1_005.0)
    assert read.name == "postgres-restart"


def test_what_is_kept_is_made_of_plain_values() -> None:
    fault = FaultTimes("errors", "matching", 1.0, 2.0, None, 0.3)
    kept = DayFaults([fault], ["not this one"]).as_json()
    assert kept["left_out"] == ["not this one"]
    assert [FaultTimes(**read) for read in kept["injected"]] == [fault]


# A real server


@pytest.fixture(scope="module")
def admin(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admin]:
    """Give the administrator's side of a server whose office has two printers."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE fault_day")
    database = libpq_url(sqlalchemy_url(postgres).set(database="fault_day"))
    signing_key = tmp_path_factory.mktemp("fault_day") / "key.pem"
    create_key(signing_key)
    with engine_of(database) as engine, engine.connect() as connection:
        migrate(connection, VERSION_5_4)
        with connection.begin():
            seed_offices(connection, {PLAYED: 2})
            key = keys.issue(connection, Role.ADMIN, None, DAY_S)
    with serving(Settings(database_url=database, signing_key_file=signing_key)) as client:
        yield Admin(str(client.base_url), str(key))
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE fault_day (FORCE)")


def test_a_server_is_under_the_faults_it_was_asked_for_and_tells_when(lab: Scenario, admin: Admin) -> None:
    now_s = time.time()
    clock = Clock(3600.0, origin_wall_s=now_s, origin_scenario_s=8 * HOUR_S)
    ever = between(lab, 8, 20)
    day = having(
        lab,
        Errors(kind="errors", stage="matching", share=0.5, **ever),
        LinkCut(kind="link-cut", office=NOT_PLAYED, **ever),
        PrinterDown(kind="printer-down", office=PLAYED, printer=2, **ever),
        Errors(kind="errors", stage="submission", share=1.0, **between(lab, 19, 20)),
    )
    left_out = inject(admin, day, clock)
    assert left_out == ["faults[1], link-cut, was not injected: the lab does not play office 35.73 (Kota Malang)."]
    while time.time() < now_s + 0.1:
        time.sleep(0.01)
    read = read_faults(admin, clock)
    assert [fault.name for fault in read] == ["errors, matching", "printer-down, 35.07/printer-2"]
    assert [fault.share for fault in read] == [0.5, None]
    for fault in read:
        # A fault begins when it is asked for at the earliest.
        assert 8 * HOUR_S <= fault.start_s < fault.end_s <= clock.to_scenario_s(time.time())


def test_a_fault_that_the_server_refuses_ends_the_day_with_its_words(lab: Scenario, admin: Admin) -> None:
    clock = Clock(3600.0, origin_wall_s=time.time() - 60, origin_scenario_s=8 * HOUR_S)
    past = having(lab, PrinterDown(kind="printer-down", office=PLAYED, printer=1, **between(lab, 9, 10)))
    with pytest.raises(
        ProcessError, match=r"faults\[0\]: POST /v1/faults: the server refused, 422: ends_at: must come"
    ):
        inject(admin, past, clock)
