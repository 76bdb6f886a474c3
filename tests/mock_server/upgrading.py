"""Upgrades for the tests: carried out in this process, and what must hold of the residents afterwards."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, text

from mock_server import matcher, worker
from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import upgrade_engine_of
from mock_server.migrations import revision_of
from mock_server.pipeline.names import search_key
from mock_server.pipeline.versions import Version, denationalise, unpack
from mock_server.settings import Settings
from mock_server.upgrade import orders
from mock_server.upgrade.orders import State, Throttle, Wish
from mock_server.upgrade.upgrader import carry_out
from mock_server.upgrade.windows import Span
from model.upgrade import Plan

QUICK = Throttle(batch=100, pause_s=0.0, parallelism=1)


def upgrade(
    settings: Settings,
    plan: Plan = Plan.ONLINE,
    to: Version = Version.V5_5,
    *,
    at: Callable[[str], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    throttle: Throttle = QUICK,
    windows: tuple[Span, ...] = (),
) -> State:
    """Upgrade, or go on with an upgrade, calling `at` with each phase's name as it begins."""

    def report(line: dict[str, object]) -> None:
        if not line["finished"] and line["elapsed_s"] == pytest.approx(0, abs=0.05):
            at(str(line["phase"]))

    with upgrade_engine_of(settings.database_url) as engine:
        with engine.begin() as connection:
            if orders.find_unfinished(connection) is None:
                orders.ask(connection, Wish(to, plan, throttle, windows), None)
            order = orders.find_unfinished(connection)
        assert order is not None
        return carry_out(engine, settings, order, stop, report)


@contextmanager
def processes(settings: Settings) -> Iterator[None]:
    """A worker and a matcher at work, in threads; the worker is started again when the version has changed."""
    ended = threading.Event()

    def work() -> None:
        while worker.run(settings, "worker-1", ended.is_set, lambda: None):
            pass

    threads = [
        threading.Thread(target=work),
        threading.Thread(target=matcher.run, args=(settings, ended.is_set, lambda: None)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def residents(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM residents ORDER BY nik")))


def check_version(engine: Engine, settings: Settings, version: Version) -> None:
    """Make sure that the database is whole, everybody's entry in the form of one version."""
    with engine.connect() as connection:
        software = connection.execute(text("SELECT version, phase, upgraded_zones FROM system")).one()
        assert (software.version, software.phase, software.upgraded_zones) == (version, "", [])
        assert revision_of(connection) == version
    signer = EcdsaSigner.load(settings.signing_key_file)
    people = residents(engine)
    for person in people:
        if version == Version.V5_5:
            assert person.search_key == search_key(person.name)
        if person.chip_payload is not None:
            assert signer.verify(person.chip_payload, person.chip_signature)
            assert json.loads(person.chip_payload)["profile"] == version


def faces(engine: Engine, version: Version) -> dict[str, np.ndarray]:
    """Everybody's template in 5.4's encoding, whichever version the database has."""
    people = residents(engine)
    templates = unpack([person.template for person in people])
    if version == Version.V5_5:
        templates = denationalise(templates)
    return dict(zip([person.nik for person in people], templates, strict=True))
