"""A day of every errand, played by the real Locust and simulated: the same citizens with the same errands."""

import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from loadtests.fleet_state import events_file
from loadtests.merged import merge_workers
from loadtests.record import read_visits
from loadtests.residents import dealt
from loadtests.steps import BATCH
from model.arrivals import absent_of, citizens
from model.centre import national_centre
from model.errands import NEEDS, Errand, offers
from model.events import Exit
from model.nation import simulate
from model.scenario import Scenario
from model.staffing import plan_offices
from model.stages import Stage, Status
from model.strategies import changed
from tests.loadtests.fleet_lab import local_fleet
from tests.loadtests.lab import Run
from tests.loadtests.mixed import RESIDENTS, mixed, residents_file
from tests.loadtests.stub_server import StubServer, serving

STARTS_IN_S = 6.0


@pytest.fixture(scope="module")
def errands(lab: Scenario) -> Scenario:
    """The day of two offices, with everything that people come for."""
    return mixed(lab)


def start(folder: Path, scenario: Scenario, stub: StubServer) -> Run:
    """Start the day with more time ahead than Locust needs on a busy machine: nobody may be sent home for its sake."""
    return Run(
        folder, scenario, stub.host, residents_file=residents_file(folder), origin_wall_s=time.time() + STARTS_IN_S
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, errands: Scenario) -> Iterator[tuple[Run, StubServer]]:
    with serving() as stub:
        run = start(tmp_path_factory.mktemp("played"), errands, stub)
        run.finish()
        yield run, stub


def who_comes_for(scenario: Scenario, *errands: Errand) -> set[str]:
    everybody = citizens(scenario, plan_offices(scenario), day=0)
    return {citizen.name for citizen in everybody if citizen.errand in errands}


def absent(scenario: Scenario) -> set[str]:
    return {card.name for office in plan_offices(scenario).values() for card in absent_of(scenario, office, 0)}


def test_everybody_asks_for_what_the_scenario_says(played: tuple[Run, StubServer], errands: Scenario) -> None:
    run, stub = played
    ordered = {Errand.REPLACEMENT, Errand.REPLACEMENT_AWAY, Errand.CORRECTION}
    assert set(stub.replacements) == who_comes_for(errands, *ordered) | absent(errands)
    assert set(stub.received) - set(stub.replacements) == who_comes_for(
        errands, Errand.ENROLLMENT, Errand.FOREIGN_RESIDENT
    )
    niks = dealt(run.plan, errands)
    assert {reference: order["nik"] for reference, order in stub.replacements.items()} == niks
    assert set(stub.corrections) == {niks[name] for name in who_comes_for(errands, Errand.CORRECTION)}
    for name, order in stub.replacements.items():
        away = order["nik"] not in RESIDENTS[order["office"]]
        assert away == (name in who_comes_for(errands, Errand.REPLACEMENT_AWAY))
        assert (order["police_letter"] is not None) == (away and order["reason"] == "lost")


def test_everybody_gets_the_card_and_nobody_waits_for_the_absent_ones(
    played: tuple[Run, StubServer], errands: Scenario
) -> None:
    run, stub = played
    summary = run.summary()
    assert (summary["failed"], summary["inside"], summary["turned_away"]) == (0, 0, 0)
    assert summary["submitted"] == summary["planned"] == summary["issued"] + summary["refused"]
    assert not absent(errands) & set(stub.issued)
    steps = {step: seen["actual"]["count"] for step, seen in summary["steps"].items()}
    assert steps["submission"] == len(who_comes_for(errands, Errand.ENROLLMENT, Errand.FOREIGN_RESIDENT))
    assert steps["replacement"] == len(who_comes_for(errands, Errand.REPLACEMENT, Errand.REPLACEMENT_AWAY))
    assert steps["correction"] == len(stub.corrections)
    assert steps[BATCH] == len(absent(errands)) > 0


def test_the_simulated_day_has_the_same_errands_a_citizen(played: tuple[Run, StubServer], errands: Scenario) -> None:
    newest = changed(errands, {"centre": {"version": "5.5"}})
    simulated = simulate(newest, national_centre(newest), days=1)
    captures = simulated.filter(pl.col("stage") == Stage.CAPTURE).select("citizen", "outcome").rows()
    assert {(event.citizen, event.outcome) for event in played[0].events(Stage.CAPTURE)} == set(captures)
    made = simulated.filter(pl.col("stage") == Stage.PERSONALISATION)["citizen"]
    assert set(played[1].replacements) <= set(made)


def test_on_5_4_the_same_citizens_are_turned_away_as_in_the_simulation(
    tmp_path: Path, errands: Scenario, stub: StubServer
) -> None:
    stub.version = "5.4"
    run = start(tmp_path, errands, stub)
    run.finish()
    away = {event.citizen for event in run.events(Stage.CAPTURE) if event.server == Exit.TURNED_AWAY}
    simulated = simulate(errands, national_centre(errands), days=1)
    assert away == set(simulated.filter(pl.col("server") == Exit.TURNED_AWAY)["citizen"])
    assert away == who_comes_for(errands, *(errand for errand in Errand if not offers("5.4", errand)))
    assert run.summary()["turned_away"] == len(away) > 0
    assert run.summary()["inside"] == 0
    assert not away & set(stub.received)


def test_the_version_is_asked_for_only_where_it_matters(tmp_path: Path, lab: Scenario, stub: StubServer) -> None:
    at_home = changed(lab, {"demand": {"mix": {"enrollment": 0.7, "replacement": 0.3}}})
    start(tmp_path, at_home, stub).finish()
    assert stub.replacements
    assert stub.version_looks == 0


def test_a_refused_replacement_ends_the_visit_like_a_packet_given_up(
    tmp_path: Path, errands: Scenario, stub: StubServer
) -> None:
    stub.refuses_replacements = True
    run = start(tmp_path, errands, stub)
    run.finish()
    summary = run.summary()
    refused = who_comes_for(errands, *(errand for errand in Errand if not NEEDS[errand].capture))
    assert summary["failed"] == len(refused)
    assert (summary["retries"], summary["inside"]) == (0, 0)
    assert summary["failed_requests"]["count"] == len(refused) + len(absent(errands))
    given_up = [event for event in run.events(Stage.SUBMISSION) if event.outcome is Status.SENT_FOR_ENROLLMENT]
    assert {event.citizen for event in given_up} == refused


def test_two_workers_ask_for_the_same_residents_as_one(tmp_path: Path, errands: Scenario, stub: StubServer) -> None:
    slow = errands.model_copy(update={"load": errands.load.model_copy(update={"speedup": 4000.0})})
    with local_fleet(tmp_path, slow, stub.host, workers=2, residents_file=residents_file(tmp_path)) as fleet:
        state = fleet.finish()
        visits = [visit for index in range(2) for visit in read_visits(events_file(fleet.out, index))]
        niks = dealt(fleet.plan.load, slow)
    assert {visit.citizen for visit in visits} == who_comes_for(errands, *Errand)
    assert {reference: order["nik"] for reference, order in stub.replacements.items()} == niks
    assert len(set(niks.values())) == len(niks)
    merged = merge_workers(state["workers"], None)
    assert list(merged["steps"]) == ["capture", "submission", "replacement", "correction", "batch", "handover"]
    assert merged["steps"]["correction"]["count"] == len(stub.corrections)
