"""The bell rings with the commit that brings a record to a stage."""

import time

import psycopg
import pytest
from sqlalchemy import Engine, text

from mock_server.bell import Bell
from mock_server.outages import NO_ANSWER, reason_of
from mock_server.settings import Settings
from model.stages import Stage
from tests.mock_server.centre import Centre
from tests.mock_server.packets import Packet


def never() -> bool:
    return False


def test_it_rings_for_its_stages_alone(centre: Centre) -> None:
    with Bell(centre.settings, Stage.VALIDATION) as received, Bell(centre.settings, Stage.MATCHING) as validated:
        began_s = time.monotonic()
        Packet("A-1").post(centre.client)
        received.wait(30, never)
        assert not validated.rang()
        centre.work()
        validated.wait(30, never)
        assert not received.rang()
        assert time.monotonic() - began_s < 25, "both rang"


def test_it_rings_with_the_commit_and_not_before(centre: Centre, engine: Engine) -> None:
    Packet("A-1").post(centre.client)
    with Bell(centre.settings, Stage.MATCHING) as bell, engine.connect() as connection:
        connection.execute(text("UPDATE records SET stage = 'matching'"))
        assert not bell.rang()
        connection.commit()
        began_s = time.monotonic()
        bell.wait(30, never)
        assert time.monotonic() - began_s < 15


def test_who_does_not_listen_hears_nothing_and_waits_its_time(centre: Centre) -> None:
    deaf = centre.settings.model_copy(update={"listen": False})
    with Bell(deaf, Stage.VALIDATION) as bell:
        Packet("A-1").post(centre.client)
        began_s = time.monotonic()
        bell.wait(0.2, never)
        assert time.monotonic() - began_s >= 0.2


def test_a_wait_ends_when_told_to_stop(settings: Settings) -> None:
    with Bell(settings, Stage.VALIDATION) as bell:
        began_s = time.monotonic()
        bell.wait(60, lambda: time.monotonic() > began_s + 0.2)
        assert time.monotonic() - began_s < 10


def test_a_lost_connection_is_an_outage(settings: Settings, engine: Engine) -> None:
    with Bell(settings, Stage.VALIDATION) as bell:
        with engine.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        with pytest.raises(psycopg.OperationalError) as lost:
            bell.wait(10, never)
    assert reason_of(lost.value) == NO_ANSWER
