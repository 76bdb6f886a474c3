"""Turns to start anew."""

import pytest
from sqlalchemy import Engine

from mock_server import restarts


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
