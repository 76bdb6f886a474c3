"""The routes, and the errors they tell."""

import json
import threading
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from mock_server.settings import Settings
from tests.mock_server.centre import Centre, serving
from tests.mock_server.packets import BIOMETRICS, OFFICE, OTHER_OFFICE, PHOTO, Packet, biodata, face


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["title"]
    return found


def post_record(centre: Centre, record: str) -> httpx.Response:
    files = {"photo": PHOTO, "template": face(1).tobytes(), "biometrics": BIOMETRICS}
    return centre.client.post("/v1/enrollments", data={"record": record}, files=files)


def test_sending_a_packet_again_is_harmless(centre: Centre) -> None:
    assert Packet("A-1").post(centre.client).status_code == 202
    again = Packet("A-1", person=2).post(centre.client)
    assert (again.status_code, again.json()["status"]) == (200, "RECEIVED_AT_CENTRAL")
    centre.settle()
    later = Packet("A-1").post(centre.client)
    assert (later.status_code, later.json()) == (200, {"reference": "A-1", "status": "SENT_FOR_CARD_PRINTING"})
    assert centre.work() == 0
    assert [event.stage for event in centre.events()] == ["validation", "matching", "personalisation"]
    assert centre.record("A-1")["nik"] == biodata(1)["nik"]


def test_one_reference_sent_many_times_at_once_is_one_record(centre: Centre) -> None:
    codes: list[int] = []
    clerks = [
        threading.Thread(target=lambda: codes.append(Packet("A-1").post(centre.client).status_code)) for _ in range(8)
    ]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    assert sorted(codes) == [200] * 7 + [202]
    centre.settle()
    assert len(centre.events()) == 3


def test_an_unknown_office_may_not_submit(centre: Centre) -> None:
    found = problem(Packet("A-1", office="99.99").post(centre.client), 422)
    assert found["detail"] == "record.office: no office '99.99' may submit records"
    problem(centre.client.get("/v1/records/A-1"), 404)


def test_a_template_of_another_size_is_refused(centre: Centre) -> None:
    found = problem(Packet("A-1", template=b"1234").post(centre.client), 422)
    assert found["detail"] == "template: 4 bytes instead of 2048 (512 float32, little endian)"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reference": "A/1"}, "record.reference"),
        ({"reference": ""}, "record.reference"),
        ({"office": 3507}, "record.office"),
        ({"speed": 1}, "record.speed"),
        ({"biodata": {"name": "A"}}, "record.biodata.nik"),
        ({"biodata": biodata(shoe_size="41")}, "record.biodata.shoe_size"),
        ({"biodata": biodata(name="A" * 201)}, "record.biodata.name"),
        ({"biodata": biodata(name="A\0B")}, "record.biodata.name"),
    ],
)
def test_a_malformed_record_names_its_field(centre: Centre, changes: dict[str, object], field: str) -> None:
    found = problem(post_record(centre, json.dumps(Packet("A-1").record() | changes)), 422)
    assert [error["field"] for error in found["errors"]] == [field]
    assert found["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize("record", ["", "{", '"text"', '{"reference": "\\ud800"}'])
def test_what_is_no_json_object_is_refused(centre: Centre, record: str) -> None:
    assert problem(post_record(centre, record), 422)["errors"][0]["field"].startswith("record")


def test_missing_parts_are_named_all_at_once(centre: Centre) -> None:
    answer = centre.client.post("/v1/enrollments", files={"photo": PHOTO})
    assert [error["field"] for error in problem(answer, 422)["errors"]] == ["record", "template", "biometrics"]


def test_an_upload_that_is_too_large_is_refused(centre: Centre) -> None:
    found = problem(Packet("A-1", biometrics=bytes(1_000_001)).post(centre.client), 413)
    assert found["detail"] == "the request is larger than 1000000 bytes"


def test_an_upload_of_undeclared_length_is_measured_as_it_comes(centre: Centre) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="p"\r\n\r\n'
    pieces = iter([head, *[bytes(100_000)] * 11, b"\r\n--x--\r\n"])
    answer = centre.client.post(
        "/v1/enrollments", content=pieces, headers={"content-type": "multipart/form-data; boundary=x"}
    )
    problem(answer, 413)


def test_a_hand_over_needs_a_printed_card(centre: Centre) -> None:
    Packet("A-1").post(centre.client)
    found = problem(centre.client.post("/v1/records/A-1/handover"), 409)
    assert "cannot go from RECEIVED_AT_CENTRAL to CARD_ISSUED" in found["detail"]
    centre.settle()
    centre.print_all({OFFICE: 1})
    assert centre.client.post("/v1/records/A-1/handover").status_code == 200
    problem(centre.client.post("/v1/records/A-1/handover"), 409)
    assert centre.status("A-1") == "CARD_ISSUED"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/records/A-9"),
        ("POST", "/v1/records/A-9/handover"),
        ("GET", "/v1/records/A-9/card"),
        ("GET", "/v1/records/A-9/card/front.jpg"),
    ],
)
def test_an_unknown_record_is_not_found(centre: Centre, method: str, path: str) -> None:
    assert problem(centre.client.request(method, path), 404)["detail"] == "no record 'A-9'"


def test_what_cannot_be_a_reference_is_refused(centre: Centre) -> None:
    problem(centre.client.get("/v1/records/A%001"), 422)
    problem(centre.client.get("/v1/no-such-path"), 404)
    problem(centre.client.delete("/v1/version"), 405)


def test_an_office_lists_its_own_records_by_status_oldest_first(centre: Centre) -> None:
    for number, office in enumerate([OFFICE, OFFICE, OTHER_OFFICE, OFFICE]):
        template = face(1) if number == 3 else face(number + 1)
        Packet(f"A-{number}", person=number + 1, office=office, template=template).post(centre.client)
    centre.settle()
    centre.print_all({OFFICE: 1, OTHER_OFFICE: 1})

    def listed(**query: Any) -> list[tuple[str, str]]:
        answer = centre.client.get("/v1/records", params={"office": OFFICE, **query})
        return [(row["reference"], row["status"]) for row in answer.json()]

    both = ["DUPLICATE_RECORD", "CARD_PRINTED"]
    assert listed(status=both) == [("A-3", "DUPLICATE_RECORD"), ("A-0", "CARD_PRINTED")]
    assert listed(status="SENT_FOR_CARD_PRINTING") == [("A-1", "SENT_FOR_CARD_PRINTING")]
    assert listed(status=both, limit=1) == [("A-3", "DUPLICATE_RECORD")]
    printed_at = centre.record("A-0")["since"]
    assert listed(status=both, since=printed_at) == [("A-0", "CARD_PRINTED")]
    problem(centre.client.get("/v1/records", params={"office": OFFICE}), 422)
    problem(centre.client.get("/v1/records", params={"office": OFFICE, "status": "LOST"}), 422)


def test_queues_tell_how_many_wait_and_how_long(centre: Centre) -> None:
    empty = {"waiting": 0, "oldest_wait_s": 0.0}
    stages = ["validation", "matching", "personalisation", "printing"]
    assert centre.client.get("/v1/queues").json() == dict.fromkeys(stages, empty)
    before = time.time()
    Packet("A-1", person=1).post(centre.client)
    Packet("A-2", person=2).post(centre.client)
    queue = centre.client.get("/v1/queues").json()["validation"]
    assert queue["waiting"] == 2
    assert 0 < queue["oldest_wait_s"] <= time.time() - before
    centre.work()
    assert centre.client.get("/v1/queues").json()["matching"]["waiting"] == 2


def test_the_version_before_any_upgrade(centre: Centre) -> None:
    told = centre.client.get("/v1/version").json()
    assert told == {"version": "5.4", "upgraded_zones": [], "phase": "", "upgrade": []}


def test_health(centre: Centre) -> None:
    assert centre.client.get("/livez").status_code == 204
    assert centre.client.get("/readyz").status_code == 204


def test_without_a_database_the_server_lives_but_is_not_ready(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/nowhere"})
    with serving(nowhere) as client:
        assert client.get("/livez").status_code == 204
        assert problem(client.get("/readyz"), 503)["detail"] == "the database does not answer"


def test_a_fault_of_ours_is_told_without_its_insides(centre: Centre, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE upgrade_phases RENAME TO lost"))
    found = problem(centre.client.get("/v1/version"), 500)
    assert "SELECT" not in json.dumps(found)
