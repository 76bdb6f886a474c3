"""Parked records: beside their queue with a reason, and back in it when an injected fault was why and is over."""

import pytest
from sqlalchemy import Engine

from mock_server import claims, parking
from mock_server.settings import Settings
from mock_server.worker import look_around, make_worker, work_batch
from tests.mock_server.centre import Centre
from tests.mock_server.packets import Packet
from tests.mock_server.test_faults import end, inject


def test_a_parked_record_leaves_the_queue_with_a_reason(centre: Centre, engine: Engine) -> None:
    Packet("A-1").post(centre.client)
    with engine.begin() as connection:
        (task,) = claims.claim_tasks(connection, 1)
        parking.park(connection, task.visit, "why not")
    record = centre.record("A-1")
    assert (record["status"], record["stage"]) == ("RECEIVED_AT_CENTRAL", None)
    assert record["reasons"] == ["validation: why not"]
    assert centre.work() == 0


@pytest.mark.parametrize("stage", ["validation", "personalisation"])
def test_records_that_a_fault_fails_are_parked_until_it_is_over_and_then_finished(
    centre: Centre, engine: Engine, settings: Settings, stage: str
) -> None:
    worker = make_worker(settings, "worker-1")
    look_around(engine, worker)
    fault = inject(centre.client, kind="errors", stage=stage, share=1)
    Packet("A-1").post(centre.client)
    look_around(engine, worker)
    centre.settle()
    look_around(engine, worker)
    record = centre.record("A-1")
    assert record["stage"] is None
    assert record["reasons"] == [f"{stage}: injected fault {fault['id']}"]
    end(centre.client, fault)
    look_around(engine, worker)
    centre.settle()
    assert centre.status("A-1") == "SENT_FOR_CARD_PRINTING"
    assert centre.record("A-1")["reasons"] is None
    assert [event.stage for event in centre.events("A-1")] == ["validation", "matching", "personalisation"]


def test_a_fault_may_be_over_before_the_next_look(centre: Centre, engine: Engine, settings: Settings) -> None:
    worker = make_worker(settings, "worker-1")
    look_around(engine, worker)
    Packet("A-1").post(centre.client)
    fault = inject(centre.client, kind="errors", stage="validation", share=1)
    assert work_batch(engine, worker) == 1
    end(centre.client, fault)
    assert centre.record("A-1")["stage"] is None
    look_around(engine, worker)
    assert centre.record("A-1")["stage"] == "validation"


def test_a_worker_that_begins_puts_back_what_one_that_died_has_left_and_nothing_else(
    centre: Centre, engine: Engine, settings: Settings
) -> None:
    over = inject(centre.client, kind="errors", stage="validation", share=1)
    Packet("A-1").post(centre.client)
    centre.settle()
    end(centre.client, over)
    inject(centre.client, kind="errors", stage="validation", share=1)
    Packet("A-2", person=2).post(centre.client)
    centre.settle()
    look_around(engine, make_worker(settings, "worker-1"))
    assert [centre.record(reference)["stage"] for reference in ("A-1", "A-2")] == ["validation", None]
