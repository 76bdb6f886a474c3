"""Turns to start anew."""

import threading

import pytest
from sqlalchemy import Engine

from mock_server import restarts, worker
from mock_server.settings import Settings
from tests.mock_server.centre import Centre
from tests.mock_server.commands import wait_until
from tests.mock_server.packets import Packet
from tests.mock_server.upgrading import upgrade


def test_one_at_a_time(engine: Engine) -> None:
    with engine.begin() as connection:
        assert restarts.take_turn(connection)
        assert not restarts.take_turn(connection)
        restarts.end_turn(connection)
        assert restarts.take_turn(connection)


def test_who_dies_in_its_turn_holds_up_nobody_for_good(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "TURN_S", 0.0)
    with engine.begin() as connection:
        assert restarts.take_turn(connection)
        assert restarts.take_turn(connection)


def test_a_worker_works_on_with_the_new_version_until_it_has_its_turn(
    centre: Centre, engine: Engine, settings: Settings
) -> None:
    ended = threading.Event()
    outdated: list[bool] = []
    working = threading.Thread(
        target=lambda: outdated.append(worker.run(settings, "worker-1", ended.is_set, lambda: None))
    )
    working.start()
    try:
        Packet("A-1").post(centre.client)
        wait_until(lambda: bool(centre.events("A-1")))
        with engine.begin() as connection:
            assert restarts.take_turn(connection), "another worker starts anew"
        upgrade(settings)
        Packet("A-2", person=2).post(centre.client)
        wait_until(lambda: bool(centre.events("A-2")))
        assert [event.version for event in centre.events("A-2")] == ["5.5"]
        assert working.is_alive()
        with engine.begin() as connection:
            restarts.end_turn(connection)
        working.join(20)
        assert outdated == [True]
    finally:
        ended.set()
        working.join()
