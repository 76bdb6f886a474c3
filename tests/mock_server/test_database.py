"""Connections and locks."""

import threading

import pytest
from sqlalchemy import Engine

from mock_server.database import (
    Lock,
    hold_version,
    hold_version_alone,
    libpq_url,
    make_engine,
    sqlalchemy_url,
    try_lock,
)
from mock_server.settings import Settings


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres:@/postgres?host=/tmp/socket",
        "postgresql://user:p%40ss@db.example:5433/antrean?sslmode=require",
        "postgresql://localhost/antrean",
    ],
)
def test_a_libpq_address_becomes_sqlalchemys_and_comes_back(url: str) -> None:
    ours = sqlalchemy_url(url)
    assert ours.drivername == "postgresql+psycopg"
    assert sqlalchemy_url(libpq_url(ours)) == ours
    assert "+psycopg" not in libpq_url(ours)


def test_the_short_scheme_is_understood() -> None:
    assert sqlalchemy_url("postgres://h/d") == sqlalchemy_url("postgresql://h/d")


def test_a_lock_is_one_connections_at_a_time(engine: Engine) -> None:
    with engine.connect() as one, engine.connect() as other:
        assert try_lock(one, Lock.MATCHER)
        assert not try_lock(other, Lock.MATCHER)
        assert try_lock(other, Lock.PRINTERS)
        one.invalidate()
        other.invalidate()


def test_the_switch_waits_for_those_who_rely_on_the_version_and_they_for_it(settings: Settings) -> None:
    engine = make_engine(settings.database_url)
    switched = threading.Event()

    def switch() -> None:
        with engine.begin() as connection:
            hold_version_alone(connection)
            switched.set()

    with engine.begin() as relying:
        hold_version(relying)
        switching = threading.Thread(target=switch)
        switching.start()
        assert not switched.wait(0.3)
    assert switched.wait(5)
    switching.join()
    engine.dispose()
