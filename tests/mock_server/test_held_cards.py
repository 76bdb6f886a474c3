"""Cards that nobody waits for: held until their office says so."""

import pytest
from sqlalchemy import Engine, text

from mock_server.access import Role
from mock_server.audit import Action
from mock_server.pipeline.versions import Version
from mock_server.settings import Settings
from tests.mock_server.centre import Centre, serving
from tests.mock_server.commands import wait_until
from tests.mock_server.keyholders import Showing, issue
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet, biodata
from tests.mock_server.test_http import problem
from tests.mock_server.test_printers import printing
from tests.mock_server.upgrading import upgrade

HELD = f"/v1/offices/{OFFICE}/held-cards"


def send(centre: Centre, *held: bool) -> list[str]:
    """Send packets whose cards are held or not, and let the centre do all but print."""
    references = [f"A-{number}" for number in range(len(held))]
    for number, hold in enumerate(held):
        Packet(references[number], person=number + 1, hold_print=hold).post(centre.client)
        # One after the other, so that their cards are made in this order.
        centre.settle()
    return references


def held(centre: Centre) -> list[str]:
    return [row["reference"] for row in centre.client.get(HELD).json()]


def release(centre: Centre, *references: str, **headers: str) -> list[str]:
    answer = centre.client.post(f"{HELD}/print", json={"references": references}, headers=headers)
    assert answer.status_code == 200, answer.text
    released: list[str] = answer.json()["released"]
    return released


def printed(centre: Centre, room: int) -> list[str]:
    return [visit.reference for visit in centre.print_all({OFFICE: room})]


def test_a_held_card_waits_for_its_release_and_is_no_queue_of_the_printers(centre: Centre) -> None:
    first, second, third = send(centre, True, False, True)
    assert held(centre) == [first, third]
    assert centre.client.get("/v1/queues").json()["printing"]["waiting"] == 1
    assert printed(centre, 9) == [second]
    assert centre.status(first) == "SENT_FOR_CARD_PRINTING"
    assert release(centre, first) == [first]
    assert held(centre) == [third]
    assert centre.client.get("/v1/queues").json()["printing"]["waiting"] == 1
    assert printed(centre, 9) == [first]


def test_released_cards_queue_behind_those_that_wait_and_keep_their_order(centre: Centre) -> None:
    first, second, third, fourth = send(centre, True, True, True, False)
    assert release(centre, third, first, second) == [first, second, third]
    Packet("A-9", person=9).post(centre.client)
    centre.settle()
    assert [printed(centre, 1)[0] for _ in range(5)] == [fourth, first, second, third, "A-9"]


def test_releasing_again_changes_nothing(centre: Centre) -> None:
    first, second = send(centre, True, False)
    assert release(centre, first, second) == [first], "the second was not held"
    assert release(centre, first) == []
    assert printed(centre, 9) == [second, first]
    assert release(centre, first) == [], "it is printed already"
    assert release(centre, first, **{"Idempotency-Key": "night-1"}) == []


def test_the_first_answer_is_given_again_to_the_same_key(centre: Centre) -> None:
    (first,) = send(centre, True)
    for _ in range(2):
        assert release(centre, first, **{"Idempotency-Key": "night-1"}) == [first]


def test_a_card_can_be_released_before_it_is_made(centre: Centre) -> None:
    Packet("A-0", hold_print=True).post(centre.client)
    assert held(centre) == []
    assert release(centre, "A-0") == ["A-0"]
    centre.settle()
    assert printed(centre, 1) == ["A-0"]


def test_one_record_that_is_not_the_offices_keeps_all_held(centre: Centre) -> None:
    send(centre, True)
    Packet("B-0", person=2, office=OTHER_OFFICE, hold_print=True).post(centre.client)
    for references in (["A-0", "B-0"], ["A-0", "nobody"]):
        found = problem(centre.client.post(f"{HELD}/print", json={"references": references}), 404)
        assert found["detail"] == f"no record {references[1]!r}"
    assert held(centre) == ["A-0"]
    problem(centre.client.post(f"{HELD}/print", json={"references": []}), 422)
    problem(centre.client.get("/v1/offices/99.99/held-cards"), 404)


def test_a_replacement_can_be_held_and_a_spoiled_card_is_printed_again_at_once(centre: Centre) -> None:
    send(centre, False)
    printed(centre, 1)
    centre.client.post("/v1/records/A-0/handover")
    asked = {"reference": "R-0", "nik": biodata(1)["nik"], "office": OFFICE, "reason": "lost", "hold_print": True}
    assert centre.client.post("/v1/replacements", json=asked).status_code == 202
    centre.settle()
    assert (held(centre), printed(centre, 1)) == (["R-0"], [])
    release(centre, "R-0")
    assert printed(centre, 1) == ["R-0"]
    centre.client.post("/v1/records/R-0/spoiled", json={"reason": "smeared"})
    centre.settle()
    assert printed(centre, 1) == ["R-0"]


def test_a_new_capture_says_anew_whether_the_card_is_held(centre: Centre) -> None:
    Packet("A-0", photo=b"no JPEG", hold_print=False).post(centre.client)
    centre.settle()
    assert centre.status("A-0") == "ENROLL_FAILURE_AT_CENTRAL"
    Packet("A-0", hold_print=True).post(centre.client, path="/v1/records/A-0/recapture")
    centre.settle()
    assert held(centre) == ["A-0"]


def test_running_printers_leave_held_cards_and_begin_them_when_they_are_released(
    centre: Centre, settings: Settings
) -> None:
    first, second = send(centre, True, False)
    with printing(settings):
        wait_until(lambda: centre.status(second) == "CARD_PRINTED")
        assert centre.status(first) == "SENT_FOR_CARD_PRINTING"
        release(centre, first)
        wait_until(lambda: centre.status(first) == "CARD_PRINTED")


def test_an_upgrade_and_the_way_back_keep_what_is_held_and_switched_off(
    centre: Centre, engine: Engine, settings: Settings
) -> None:
    first, _ = send(centre, True, False)
    centre.client.put(f"/v1/offices/{OFFICE}/printers", json={"on": False})
    for version in (Version.V5_5, Version.V5_4):
        upgrade(settings, to=version)
        assert held(centre) == [first], version
        assert printed(centre, 9) == [], version
    centre.client.put(f"/v1/offices/{OFFICE}/printers", json={"on": True})
    release(centre, first)
    assert len(printed(centre, 9)) == 2
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version FROM system")) == "5.4"


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR])
def test_an_office_holds_and_releases_and_the_audit_log_tells(
    centre: Centre, settings: Settings, engine: Engine, role: Role, showing: Showing
) -> None:
    send(centre, True)
    issue(engine, Role.ADMIN)
    with serving(settings) as client:
        auditor = showing(client, issue(engine, Role.AUDITOR))
        assert [row["reference"] for row in auditor.get(HELD).json()] == ["A-0"]
        problem(auditor.post(f"{HELD}/print", json={"references": ["A-0"]}), 403)
        officer = showing(client, issue(engine, role, OFFICE))
        assert officer.put(f"/v1/offices/{OFFICE}/printers", json={"on": False}).json()["printers_on"] is False
        assert officer.post(f"{HELD}/print", json={"references": ["A-0"]}).json() == {"released": ["A-0"]}
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT action, detail FROM audit_log ORDER BY id"))
        written = {row.action: row.detail for row in rows}
    assert written[Action.SWITCH_PRINTERS] == f'{{"of": "{OFFICE}", "on": false}}'
    assert written[Action.RELEASE_HELD_CARDS] == f'{{"of": "{OFFICE}", "references": ["A-0"]}}'
    assert Action.LIST_HELD_CARDS in written
