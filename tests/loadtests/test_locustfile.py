"""The whole load side, as the campaign starts it, against a server that behaves, stalls or fails."""

import json
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from loadtests.plan import LoadPlan, command
from model.arrivals import citizens
from model.scenario import Scenario
from model.scenario_file import dump
from model.staffing import office_day, plan_offices
from model.stages import Stage, Status
from model.units import HOUR_S
from tests.loadtests.lab import STARTS_IN_S, Run
from tests.loadtests.stub_server import StubServer, serving


def expected(scenario: Scenario) -> dict[str, float]:
    return {citizen.name: citizen.arrival_s for citizen in citizens(scenario, plan_offices(scenario), day=0)}


@pytest.fixture(scope="module")
def busy(lab: Scenario) -> Scenario:
    """Too few counters for the day, so that people wait into the evening."""
    return lab.model_copy(update={"offices": lab.offices.model_copy(update={"counter_utilisation": 1.2})})


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, busy: Scenario) -> Iterator[tuple[Run, StubServer]]:
    """A day played to its end against a server that behaves."""
    with serving() as stub:
        run = Run(tmp_path_factory.mktemp("played"), busy, stub.host)
        run.finish()
        yield run, stub


def test_every_citizen_comes_once_and_leaves_once(played: tuple[Run, StubServer]) -> None:
    run, stub = played
    arrivals = run.events(Stage.ARRIVAL)
    handovers = run.events(Stage.HANDOVER)

    assert Counter(event.citizen for event in arrivals) == Counter(list(expected(run.scenario)))
    assert {event.citizen: event.entered_s for event in arrivals} == expected(run.scenario)
    assert Counter(event.citizen for event in handovers) == Counter(event.citizen for event in arrivals)
    assert set(stub.received) == {event.citizen for event in arrivals}
    assert {event.citizen for event in handovers if event.outcome is Status.CARD_ISSUED} == set(stub.issued)


def test_the_summary_agrees_with_the_events(played: tuple[Run, StubServer]) -> None:
    run, stub = played
    summary = run.summary()
    offices = plan_offices(run.scenario)
    doubles = [citizen for citizen in citizens(run.scenario, offices, day=0) if citizen.duplicate_of]

    assert summary["arrivals"] == summary["planned"] == len(run.events(Stage.ARRIVAL))
    assert summary["issued"] == len(stub.issued) == run.progress()["issued"]
    assert summary["refused"] == len(doubles) > 0
    left_over = ("inside", "failed", "sent_home", "dropped", "unanswered", "retries")
    assert [summary[name] for name in left_over] == [0] * len(left_over)
    assert summary["over"] is True
    assert summary["steps"]["submission"]["actual"]["count"] == summary["submitted"]


def test_packets_have_the_scenarios_size_and_locust_its_statistics(played: tuple[Run, StubServer]) -> None:
    run, stub = played
    bytes_ = run.scenario.load.packet_bytes
    assert all(size == pytest.approx(bytes_, rel=0.02) for size in stub.packet_bytes)
    statistics = {row["name"]: row for row in json.loads((run.out / "locust.json").read_text(encoding="utf-8"))}
    assert statistics["/v1/enrollments"]["num_requests"] == stub.sendings
    assert statistics["/v1/records/{reference}/handover"]["num_requests"] == stub.handovers
    assert (run.out / "locust_stats.csv").is_file()


def test_operators_keep_to_their_shifts_and_serve_one_at_a_time(played: tuple[Run, StubServer]) -> None:
    run, _ = played
    offices = plan_offices(run.scenario)
    by_counter: dict[str, list[tuple[float, float]]] = {}
    for event in run.events(Stage.CAPTURE):
        assert event.outcome is Status.BIO_CAPTURED, "with a server that behaves nobody goes without a counter"
        by_counter.setdefault(event.server, []).append((event.claimed_s, event.finished_s))

    assert len(by_counter) == sum(plan.counters for plan in offices.values())
    late_s = 0.05 * run.clock.speedup
    for server, visits in by_counter.items():
        office, _, number = server.partition("/counter-")
        day = office_day(run.scenario, offices[office].office, 0)
        ends_s = day.evening_end_s if int(number) <= offices[office].evening_counters else day.evening_start_s
        assert max(claimed_s for claimed_s, _ in visits) <= ends_s + late_s
        visits.sort()
        assert all(finished_s <= claimed_s for (_, finished_s), (claimed_s, _) in pairwise(visits))
    assert any(claimed_s > day.evening_start_s for visits in by_counter.values() for claimed_s, _ in visits)


def test_a_stall_makes_people_queue_and_they_keep_coming(tmp_path: Path, lab: Scenario, stub: StubServer) -> None:
    stall_begins_s = time.time() + STARTS_IN_S + 0.4
    stub.stalls_wall_s = (stall_begins_s, stall_begins_s + 0.8)
    run = Run(tmp_path, lab, stub.host)
    run.finish()
    begins_s, ends_s = (run.clock.to_scenario_s(moment_s) for moment_s in stub.stalls_wall_s)
    during = [event for event in run.events(Stage.ARRIVAL) if begins_s < event.entered_s < ends_s]

    assert {event.citizen: event.entered_s for event in run.events(Stage.ARRIVAL)} == expected(lab)
    assert len(during) > 20
    lags_s = sorted(run.clock.compressed(event.finished_s - event.entered_s) for event in during)
    assert lags_s[len(lags_s) // 2] < 0.02
    assert lags_s[-1] < 0.3
    waits_s = [event.claimed_s - event.entered_s for event in run.events(Stage.CAPTURE)]
    assert max(waits_s) > 0.7 * (ends_s - begins_s)
    assert run.summary()["issued"] + run.summary()["refused"] == run.summary()["arrivals"]
    steps = run.summary()["steps"]
    assert steps["submission"]["actual"]["max_ms"] > 600
    assert steps["submission"]["actual"]["p90_ms"] < steps["capture"]["intended"]["p90_ms"]


def test_failed_requests_are_counted_and_tried_again_and_nobody_is_lost(
    tmp_path: Path, lab: Scenario, stub: StubServer
) -> None:
    stub.refuses_every, stub.loses_every, stub.loses_handovers_every = 5, 7, 9
    run = Run(tmp_path, lab, stub.host)
    run.finish()
    summary = run.summary()

    submissions = Counter(event.citizen for event in run.events(Stage.SUBMISSION))
    assert submissions == Counter(list(expected(lab)))
    assert summary["retries"] >= stub.sendings - len(submissions) > 20
    assert summary["issued"] + summary["refused"] == len(submissions)
    assert summary["failed"] == summary["inside"] == 0
    assert sorted(stub.issued) == sorted(set(stub.issued))


def test_without_a_server_every_packet_fails_and_is_counted(tmp_path: Path, lab: Scenario, unused_host: str) -> None:
    demand = lab.demand.model_copy(update={"volume": 0.01})
    run = Run(tmp_path, lab.model_copy(update={"demand": demand}), unused_host)
    run.finish()
    summary = run.summary()

    assert summary["failed"] > 0
    assert summary["failed"] + summary["sent_home"] + summary["inside"] == summary["arrivals"] == summary["planned"]
    assert {event.outcome for event in run.events(Stage.SUBMISSION)} == {Status.SENT_FOR_ENROLLMENT}


@pytest.fixture
def unused_host() -> str:
    """Nothing listens on the discard port of this machine."""
    return "http://127.0.0.1:9"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_quickly_with_everything_written(
    tmp_path: Path, lab: Scenario, stub: StubServer, number: signal.Signals
) -> None:
    # Operators who wait for an answer must not hold up the end.
    stall_begins_s = time.time() + STARTS_IN_S + 0.2
    stub.stalls_wall_s = (stall_begins_s, stall_begins_s + 2.0)
    run = Run(tmp_path, lab, stub.host)
    run.wait_for_arrivals(30)
    asked_s = time.monotonic()
    run.process.send_signal(number)
    run.finish(timeout_s=5)

    assert time.monotonic() - asked_s < 2
    summary = run.summary()
    assert 0 < summary["arrivals"] < summary["planned"]
    assert summary["over"] is False
    assert summary["arrivals"] == len(run.events(Stage.ARRIVAL))
    assert summary["submitted"] == len(run.events(Stage.SUBMISSION))
    assert summary["unanswered"] > 0


def test_a_kill_leaves_what_had_been_measured(tmp_path: Path, lab: Scenario, stub: StubServer) -> None:
    run = Run(tmp_path, lab, stub.host)
    run.wait_for_arrivals(5)
    run.kill()

    assert len(run.events(Stage.ARRIVAL)) >= 5
    assert run.summary()["schema_version"] == 1
    assert run.progress()["arrivals"] <= len(run.events(Stage.ARRIVAL))


def test_a_run_that_cannot_write_any_more_ends_as_a_failure(tmp_path: Path, lab: Scenario, stub: StubServer) -> None:
    run = Run(tmp_path, lab, stub.host)
    run.wait_for_arrivals(1)
    shutil.rmtree(run.out)
    try:
        assert run.process.wait(timeout=5) == 1
    finally:
        run.kill()


def test_capacity_is_measured_with_as_many_in_flight_as_asked(tmp_path: Path, lab: Scenario, stub: StubServer) -> None:
    stub.printed_after_s = 0.18
    run = Run(tmp_path, lab, stub.host, mode="capacity", in_flight=4, window_s=1.5)
    run.finish()
    summary = run.summary()

    # Four at a time, each there for 0.18 s and noticed within the polling interval of 0.05 s.
    assert 4 / 0.30 < summary["capacity_per_s"] < 4 / 0.18
    assert summary["completions"] == pytest.approx(summary["capacity_per_s"] * summary["window_s"])
    assert summary["window_s"] == pytest.approx(1.5)
    assert summary["in_flight"] == 4
    assert summary["valid_for_latency"] is False
    assert {event.citizen for event in run.events(Stage.SUBMISSION)} <= set(stub.received)
    assert "capacity-00000" in stub.received


def test_a_plan_that_cannot_be_played_ends_with_a_message(tmp_path: Path, lab: Scenario, stub: StubServer) -> None:
    load = lab.load.model_copy(update={"max_rate_per_s": 5.0})
    (tmp_path / "scenario.toml").write_text(dump(lab.model_copy(update={"load": load})), encoding="utf-8")
    plan = LoadPlan(
        scenario=tmp_path / "scenario.toml",
        mode="day",
        origin_wall_s=time.time(),
        origin_scenario_s=8 * HOUR_S,
        out=tmp_path / "out",
    )
    plan.write(tmp_path / "plan.json")

    result = subprocess.run(
        command(tmp_path / "plan.json", stub.host, tmp_path / "out"), capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert "the busiest second would bring" in result.stderr
    assert "Traceback" not in result.stderr
    assert not stub.received


@pytest.mark.parametrize("mode", [{"mode": "day"}, {"mode": "capacity", "in_flight": 4, "window_s": 1.0}])
def test_every_request_shows_the_key_of_its_citizens_office(
    tmp_path: Path, lab: Scenario, stub: StubServer, mode: dict[str, object]
) -> None:
    keys_file = tmp_path / "keys.json"
    keys_file.write_text(json.dumps({"35.07": "ank_a_secret", "35.73": "ank_b_secret"}))
    Run(tmp_path, lab, stub.host, keys_file=keys_file, **mode).finish()

    assert {(office, key) for _, office, key in stub.shown} == {
        ("35.07", "Bearer ank_a_secret"),
        ("35.73", "Bearer ank_b_secret"),
    }
    assert {"POST /v1/enrollm", "GET /v1/records"} <= {request for request, _, _ in stub.shown}
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert written
    assert not any(b"_secret" in path.read_bytes() for path in written)
    assert b"_secret" not in (tmp_path / "plan.json").read_bytes()


def test_without_keys_no_request_shows_one(played: tuple[Run, StubServer]) -> None:
    assert {key for _, _, key in played[1].shown} == {None}
