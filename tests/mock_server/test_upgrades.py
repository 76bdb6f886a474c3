"""Upgrades over HTTP."""

import time

import pytest
from sqlalchemy import Engine, text

from mock_server.pipeline.versions import Version
from mock_server.settings import Settings
from mock_server.upgrade.orders import State
from model.upgrade import Plan
from tests.mock_server.centre import Centre
from tests.mock_server.commands import first_line, running, start, stop, wait_until
from tests.mock_server.test_http import problem
from tests.mock_server.upgrading import check_version, upgrade


def test_an_upgrade_is_asked_for_and_carried_out_at_its_time(
    centre: Centre, engine: Engine, settings: Settings
) -> None:
    upgrader = start(settings, "upgrader")
    with running(upgrader):
        assert first_line(upgrader) == {"ready": True}
        start_at = time.time() + 1.0
        asked = centre.client.post("/v1/upgrades", json={"plan": "online", "start_at": start_at})
        assert asked.status_code == 202
        assert (asked.json()["id"], asked.json()["state"], asked.json()["phases"]) == (1, "asked", [])
        wait_until(lambda: centre.client.get("/v1/upgrades/1").json()["state"] == "done")
        assert stop(upgrader) == 0
    told = centre.client.get("/v1/upgrades/1").json()
    assert start_at <= told["started_at"] <= told["phases"][0]["started_at"] <= told["ended_at"]
    assert [phase["phase"] for phase in told["phases"]] == ["expand", "backfill", "index", "switch"]
    assert all(phase["longest_lock_s"] >= 0 and phase["rows_left"] == 0 for phase in told["phases"])
    assert centre.client.get("/v1/upgrades").json() == [told]
    check_version(engine, settings, Version.V5_5)


def test_the_request_is_written_down_and_a_repeated_one_asks_once(centre: Centre, engine: Engine) -> None:
    key = {"Idempotency-Key": "once"}
    wish = {"plan": "rolling", "start_at": time.time() + 3_600, "windows": [{"opens_at": 1.0, "closes_at": 2.0}]}
    first, second = (centre.client.post("/v1/upgrades", json=wish, headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert first.json()["windows"] == wish["windows"]
    with engine.connect() as connection:
        actions = connection.scalars(text("SELECT action FROM audit_log")).all()
        assert actions == ["ask_for_upgrade"]


def test_a_second_upgrade_waits_for_the_first(centre: Centre) -> None:
    later = {"start_at": time.time() + 3_600}
    assert centre.client.post("/v1/upgrades", json=later).status_code == 202
    refused = problem(centre.client.post("/v1/upgrades", json={}), 409)
    assert refused["detail"] == "upgrade 1 is asked; stop it first, or wait for its end"
    assert centre.client.delete("/v1/upgrades/1").json()["state"] == "stopped"
    assert problem(centre.client.delete("/v1/upgrades/1"), 409)["detail"].startswith("upgrade 1 is stopped")
    assert centre.client.post("/v1/upgrades", json=later).json()["id"] == 2


def test_an_upgrade_to_the_version_that_runs_is_refused(centre: Centre, settings: Settings) -> None:
    refused = problem(centre.client.post("/v1/upgrades", json={"to": "5.4"}), 409)
    assert refused["detail"] == "the system has version 5.4 already"
    assert upgrade(settings, Plan.BIG_BANG) is State.DONE
    refused = problem(centre.client.post("/v1/upgrades", json={}), 409)
    assert refused["detail"] == "the system has version 5.5 already"
    refused = problem(centre.client.post("/v1/upgrades", json={"to": "5.4", "plan": "rolling"}), 409)
    assert "a downgrade is online or big-bang" in refused["detail"]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"to": "5.6"}, "to"),
        ({"plan": "bold"}, "plan"),
        ({"batch": 0}, "batch"),
        ({"pause_s": -1}, "pause_s"),
        ({"parallelism": 1_000}, "parallelism"),
        ({"windows": [{"opens_at": 2, "closes_at": 1}]}, "windows.0"),
        ({"when": "now"}, "when"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(centre: Centre, wish: dict[str, object], field: str) -> None:
    errors = problem(centre.client.post("/v1/upgrades", json=wish), 422)["errors"]
    assert [error["field"] for error in errors] == [field]


def test_an_upgrade_that_nobody_asked_for_is_missing(centre: Centre) -> None:
    assert problem(centre.client.get("/v1/upgrades/7"), 404)["detail"] == "no upgrade 7"
    assert problem(centre.client.delete("/v1/upgrades/7"), 404)["detail"] == "no upgrade 7"
