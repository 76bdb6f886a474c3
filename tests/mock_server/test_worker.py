"""The worker: batches, faults, and death in the middle of the work."""

import signal
import time
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from mock_server.adapters.renderer import CardRenderer
from mock_server.pipeline.ports import CardFace
from mock_server.settings import Settings
from mock_server.worker import make_worker, work_batch
from tests.mock_server.centre import Centre
from tests.mock_server.commands import Process, first_line, running, start, stop, wait_until
from tests.mock_server.packets import Packet
from tests.mock_server.upgrading import upgrade


class JammedRenderer(CardRenderer):
    """Cannot draw one person's card."""

    def front(self, face: CardFace) -> bytes:
        if face.name == "JAM":
            raise RuntimeError("no ink")
        return super().front(face)


def test_a_card_that_cannot_be_made_does_not_stop_the_others(
    centre: Centre, engine: Engine, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    Packet("A-1", person=1).post(centre.client)
    Packet("A-2", person=2, biodata={"name": "JAM"}).post(centre.client)
    Packet("A-3", person=3).post(centre.client)
    centre.work()
    centre.match()
    worker = replace(make_worker(settings, "worker-1"), renderer=JammedRenderer())
    assert work_batch(engine, worker) == 3
    assert work_batch(engine, worker) == 0
    assert [centre.status(f"A-{number}") for number in (1, 2, 3)] == [
        "SENT_FOR_CARD_PRINTING",
        "PRINT_READY_RECORD",
        "SENT_FOR_CARD_PRINTING",
    ]
    assert centre.record("A-2")["reasons"] == ["personalisation: no ink"]
    assert "personalisation of A-2 failed" in caplog.text


def test_card_numbers_are_never_given_twice(centre: Centre) -> None:
    for number in range(6):
        Packet(f"A-{number}", person=number + 1).post(centre.client)
    centre.settle()
    numbers = {centre.client.get(f"/v1/records/A-{number}/card").json()["number"] for number in range(6)}
    assert len(numbers) == 6


def test_a_worker_killed_in_the_middle_of_its_work_loses_nothing_and_does_nothing_twice(
    centre: Centre, engine: Engine, settings: Settings
) -> None:
    references = [f"A-{number}" for number in range(40)]
    for number, reference in enumerate(references):
        Packet(reference, person=number + 1).post(centre.client)
    # With everything waiting for personalisation, a batch takes long enough to be caught in.
    while centre.work() + centre.match():
        with engine.begin() as connection:
            connection.execute(text("UPDATE records SET stage = NULL WHERE status = 'PRINT_READY_RECORD'"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE records SET stage = 'personalisation'"))

    victim = start(settings, "worker", "--name", "victim")
    with running(victim):
        _freeze_in_a_transaction(engine, victim)
        done_before = len(centre.events()) - 80
        assert done_before < 40
        victim.kill()
        victim.wait()
    heir = start(settings, "worker", "--name", "heir")
    with running(heir):
        wait_until(lambda: all(centre.status(reference) == "SENT_FOR_CARD_PRINTING" for reference in references))
        assert stop(heir) == 0

    for reference in references:
        stages = [event.stage for event in centre.events(reference)]
        assert stages == ["validation", "matching", "personalisation"]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM cards")) == 40
    made_by_heir = [event for event in centre.events() if event.server == "heir"]
    assert len(made_by_heir) == 40 - done_before > 0


def _freeze_in_a_transaction(engine: Engine, process: Process) -> None:
    """Stop a process at a moment at which it holds claimed rows and computes."""
    mid_work = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE state = 'idle in transaction' AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    for _ in range(500):
        process.send_signal(signal.SIGSTOP)
        with engine.connect() as connection:
            if connection.scalar(mid_work):
                return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.003)
    raise AssertionError("the worker was never in the middle of its work")


def test_a_new_version_comes_with_new_workers(centre: Centre, settings: Settings) -> None:
    working = start(settings, "worker", "--name", "worker-1")
    with running(working):
        assert first_line(working) == {"ready": True}
        upgrade(settings)
        assert first_line(working) == {"ready": True}, "it has begun anew, in its own place"
        Packet("A-1").post(centre.client)
        wait_until(lambda: bool(centre.events("A-1")))
        assert stop(working) == 0
    assert [(event.server, event.version) for event in centre.events("A-1")] == [("worker-1", "5.5")]
