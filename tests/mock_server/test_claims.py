"""The queue."""

import time

import pytest
from sqlalchemy import Engine, text

from mock_server import claims
from mock_server.claims import Finished, Visit
from mock_server.tables import HELD, QUEUED_AT, WAITS_FOR_PRINTER
from model.stages import IllegalTransitionError, Stage, Status
from tests.mock_server.centre import Centre
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet


def submit(centre: Centre, *references: str, office: str = OFFICE) -> None:
    for reference in references:
        number = int(reference.rpartition("-")[2])
        assert Packet(reference, person=number, office=office).post(centre.client).status_code == 202


def finished(visit: Visit, outcome: Status, next_stage: Stage | None = None) -> Finished:
    return Finished(visit, visit.claimed_s, time.time(), outcome, next_stage, "test")


def test_claims_go_oldest_first_and_past_those_in_other_hands(centre: Centre, engine: Engine) -> None:
    submit(centre, "A-1", "A-2", "A-3")
    with engine.begin() as one, engine.begin() as other:
        assert [task.visit.reference for task in claims.claim_tasks(one, 2)] == ["A-1", "A-2"]
        assert [task.visit.reference for task in claims.claim_tasks(other, 2)] == ["A-3"]
    with engine.begin() as later:
        assert len(claims.claim_tasks(later, 9)) == 3, "not finished, so back in the queue"


def test_a_worker_finishes_earlier_records_before_it_begins_later_ones(centre: Centre, engine: Engine) -> None:
    submit(centre, "A-1", "A-2")
    centre.settle()
    with engine.begin() as connection:
        connection.execute(text("UPDATE records SET stage = 'personalisation' WHERE reference = 'A-2'"))
    submit(centre, "A-3")
    with engine.begin() as connection:
        tasks = claims.claim_tasks(connection, 9)
    assert [(task.visit.reference, task.visit.stage) for task in tasks] == [
        ("A-2", Stage.PERSONALISATION),
        ("A-3", Stage.VALIDATION),
    ]
    assert [task.biometrics is None for task in tasks] == [False, True]
    assert tasks[1].biometrics_bytes == 60_000


def test_an_illegal_outcome_changes_nothing(centre: Centre, engine: Engine) -> None:
    submit(centre, "A-1", "A-2")
    with engine.begin() as connection:
        one, other = (task.visit for task in claims.claim_tasks(connection, 2))
        software = claims.read_system(connection)
        outcomes = [finished(one, Status.PRINT_READY_RECORD), finished(other, Status.CARD_ISSUED)]
        with pytest.raises(IllegalTransitionError):
            claims.finish(connection, software, outcomes)
    assert centre.status("A-1") == centre.status("A-2") == "RECEIVED_AT_CENTRAL"
    assert centre.events() == []


def test_a_status_keeps_its_beginning_while_the_stage_changes(centre: Centre) -> None:
    submit(centre, "A-1")
    before = centre.record("A-1")
    centre.work()
    after = centre.record("A-1")
    assert (before["stage"], after["stage"]) == ("validation", "matching")
    assert before["since"] == after["since"] == after["received_at"]
    centre.match()
    assert centre.record("A-1")["since"] > before["since"]


def test_each_office_gets_as_many_cards_as_it_has_room_for_oldest_first(centre: Centre, engine: Engine) -> None:
    submit(centre, "A-1", "A-2", "A-3")
    submit(centre, "B-4", "B-5", office=OTHER_OFFICE)
    centre.settle()
    room = {OFFICE: 2, OTHER_OFFICE: 1}
    with engine.begin() as connection:
        taken = claims.claim_prints(connection, room)
        assert {visit.reference for visit in taken} == {"A-1", "A-2", "B-4"}
        assert claims.claim_prints(connection, {}) == []
    with engine.begin() as connection:
        again = claims.claim_prints(connection, room)
        assert {visit.reference for visit in again} == {"A-3", "B-5"}


def test_released_cards_are_back_at_their_old_places(centre: Centre, engine: Engine) -> None:
    submit(centre, "A-1", "A-2")
    centre.settle()
    with engine.begin() as connection:
        claims.claim_prints(connection, {OFFICE: 1})
    with engine.begin() as connection:
        assert claims.release_prints(connection) == 1
        taken = claims.claim_prints(connection, {OFFICE: 2})
    assert [visit.reference for visit in taken] == ["A-1", "A-2"]


@pytest.mark.parametrize(
    ("queue", "index"),
    [
        ("stage IN ('validation', 'personalisation') ORDER BY received_at", "records_for_worker"),
        ("stage = 'matching' ORDER BY received_at", "records_for_matcher"),
        (
            f"{WAITS_FOR_PRINTER} AND office = '35.07' ORDER BY {QUEUED_AT}, stage_entered_at",
            "records_for_printer",
        ),
        (f"{HELD} AND office = '35.07'", "records_held"),
    ],
)
def test_each_queue_is_read_by_its_own_index(engine: Engine, queue: str, index: str) -> None:
    with engine.begin() as connection:
        # An empty table is quicker to sort than to look up; a full one is not.
        connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
        plan = connection.scalars(text(f"EXPLAIN SELECT 1 FROM records WHERE {queue} LIMIT 4")).all()  # noqa: S608 - ours
    assert any(index in line for line in plan)
    assert not any("Sort" in line for line in plan)
