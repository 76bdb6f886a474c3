"""A fleet as `antrean load` starts it: a master and workers, each the real Locust in a process of its own."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from loadtests.fleet_state import events_file
from loadtests.merged import merge_workers
from loadtests.record import read_visits
from model.arrivals import citizens
from model.scenario import Scenario
from model.staffing import plan_offices
from model.stages import Stage
from tests.loadtests.fleet_lab import LocalFleet, local_fleet
from tests.loadtests.stub_server import StubServer


@pytest.fixture
def slow(lab: Scenario) -> Scenario:
    """A day that lasts so long that something can happen in its middle."""
    return lab.model_copy(update={"load": lab.load.model_copy(update={"speedup": 1500.0})})


def with_load(scenario: Scenario, **changes: Any) -> Scenario:
    return scenario.model_copy(update={"load": scenario.load.model_copy(update=changes)})


def arrived(fleet: LocalFleet) -> list[tuple[str, float]]:
    paths = [events_file(fleet.out, index) for index in range(len(fleet.workers))]
    visits = [visit for path in paths if path.exists() for visit in read_visits(path)]
    return sorted((visit.citizen, visit.entered_s) for visit in visits if visit.stage is Stage.ARRIVAL)


def expected(scenario: Scenario) -> list[tuple[str, float]]:
    coming = citizens(scenario, plan_offices(scenario), day=0)
    return sorted((citizen.name, citizen.arrival_s) for citizen in coming)


def test_two_workers_play_the_citizens_that_one_would(tmp_path: Path, lab: Scenario, stub: StubServer) -> None:
    unhurried = with_load(lab, speedup=4000.0)
    with local_fleet(tmp_path, unhurried, stub.host, workers=2) as fleet:
        state = fleet.finish()
        assert arrived(fleet) == expected(lab)
    assert state["over"] is True
    assert "stopped" not in state
    assert [worker["offices"] for worker in state["workers"]] == [["35.07"], ["35.73"]]
    merged = merge_workers(state["workers"], None)
    assert merged["citizens"]["arrivals"] == merged["citizens"]["planned"] == len(expected(lab))
    assert set(stub.received) == {name for name, _ in expected(lab)}
    assert merged["citizens"]["issued"] == len(stub.issued)
    assert merged["steps"]["submission"]["count"] == len(stub.received)
    statistics = json.loads((tmp_path / "out" / "locust.json").read_text(encoding="utf-8"))
    submissions = next(row for row in statistics if row["name"] == "/v1/enrollments")
    assert submissions["num_requests"] == stub.sendings
    assert not list(tmp_path.glob("**/antrean-worker-*"))


def test_a_killed_worker_is_reported_with_its_offices_and_the_run_ends(
    tmp_path: Path, slow: Scenario, stub: StubServer
) -> None:
    with local_fleet(tmp_path, slow, stub.host, workers=2) as fleet:
        fleet.wait_until(
            lambda state: all(worker["progress"].get("arrivals") for worker in state["workers"] or [{"progress": {}}])
        )
        victim = fleet.workers[0]
        victim.kill()
        fleet.wait_until(lambda state: any(worker["lost"] for worker in state["workers"]))
        state = fleet.finish()
        came = {name for name, _ in arrived(fleet)}
    lost = [worker for worker in state["workers"] if worker["lost"]]
    kept = [worker for worker in state["workers"] if not worker["lost"]]
    assert len(lost) == len(kept) == 1
    assert kept[0]["over"] is True
    everybody = {name for name, _ in expected(slow)}
    of_kept = {name for name in everybody if name.split("-")[0] in kept[0]["offices"]}
    # Nobody took over the lost one's offices, and what it had told until then is kept.
    assert of_kept <= came < everybody
    assert came - of_kept


def test_a_spent_error_budget_stops_the_run_and_keeps_what_was_measured(
    tmp_path: Path, slow: Scenario, stub: StubServer
) -> None:
    stub.refuses_every = 2
    with local_fleet(tmp_path, with_load(slow, error_budget=0.1), stub.host, workers=1) as fleet:
        state = fleet.finish()
        came = arrived(fleet)
    assert "the error budget is spent" in state["stopped"]
    assert "load.error_budget allows 10%" in state["stopped"]
    assert 0 < len(came) < len(expected(slow))
    assert state["workers"][0]["summary"]["arrivals"] == len(came)
    assert state["workers"][0]["summary"]["over"] is False


def test_requests_beyond_the_limit_are_held_back_and_nobody_is_lost(
    tmp_path: Path, lab: Scenario, stub: StubServer
) -> None:
    # The small office's part of the limit is less than what its window alone would ask.
    few = with_load(lab, max_rate_per_s=30.0, speedup=2500.0)
    with local_fleet(tmp_path, few, stub.host, workers=2) as fleet:
        state = fleet.finish()
    assert sum(worker["requests"]["held_back"] for worker in state["workers"]) > 0
    assert set(stub.received) == {name for name, _ in expected(few)}


def test_stopping_the_master_keeps_what_was_measured(tmp_path: Path, slow: Scenario, stub: StubServer) -> None:
    with local_fleet(tmp_path, slow, stub.host, workers=2) as fleet:
        fleet.wait_until(lambda state: sum(worker["progress"].get("arrivals", 0) for worker in state["workers"]) > 5)
        fleet.master.terminate()
        state = fleet.finish()
        came = arrived(fleet)
    assert all(worker["over"] for worker in state["workers"])
    assert sum(worker["summary"]["arrivals"] for worker in state["workers"]) == len(came)
    assert 0 < len(came) < len(expected(slow))


@pytest.mark.parametrize(
    ("changes", "target", "message"),
    [
        ({}, "http://cards.example:1", "cards.example is not this machine"),
        ({"max_rate_per_s": 2.0}, None, "busiest second would bring"),
    ],
)
def test_what_may_not_be_played_ends_the_master_with_a_message(
    tmp_path: Path, lab: Scenario, stub: StubServer, changes: dict[str, Any], target: str | None, message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        LocalFleet(tmp_path, with_load(lab, **changes), target or stub.host, 1, ui=False)
    assert not stub.received


def test_a_worker_that_may_not_load_the_target_stops_the_run(tmp_path: Path, lab: Scenario) -> None:
    # The master was told that it may; its workers were not.
    with local_fleet(tmp_path, lab, "http://cards.example:1", 1, permitted_host="cards.example") as fleet:
        state = fleet.finish()
    assert "cards.example is not this machine" in state["stopped"]


def test_a_worker_whose_master_was_killed_loads_nobody_any_more(
    tmp_path: Path, lab: Scenario, stub: StubServer
) -> None:
    # The day would last for minutes.
    with local_fleet(tmp_path, with_load(lab, speedup=200.0), stub.host, workers=1) as fleet:
        fleet.wait_until(lambda state: any(worker["progress"].get("arrivals") for worker in state["workers"]))
        fleet.master.kill()
        assert fleet.workers[0].wait(60) == 0
        assert "the master has been silent" in fleet.log("worker-0")


def test_a_worker_that_is_told_to_end_says_goodbye(tmp_path: Path, slow: Scenario, stub: StubServer) -> None:
    with local_fleet(tmp_path, slow, stub.host, workers=1) as fleet:
        fleet.wait_until(lambda state: any(worker["progress"].get("arrivals") for worker in state["workers"]))
        worker = fleet.workers[0]
        worker.terminate()
        worker.wait(15)
        state = fleet.finish()
    # It said goodbye with everything it had.
    assert state["workers"][0]["over"] is True
    assert time.time() > state["opens_wall_s"]
