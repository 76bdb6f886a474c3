"""Idempotency keys: the same request asked again is answered again, and carried out once."""

import threading

import httpx
import pytest
from sqlalchemy import Engine, text

from mock_server.settings import Settings
from tests.mock_server.centre import Centre, serving
from tests.mock_server.packets import OFFICE, Packet
from tests.mock_server.test_http import problem

KEY = {"Idempotency-Key": "k-1"}


def keys_kept(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT key FROM idempotency_keys ORDER BY key")))


def submit(client: httpx.Client, packet: Packet, key: str = "k-1") -> httpx.Response:
    client.headers["Idempotency-Key"] = key
    return packet.post(client)


def test_the_first_answer_is_given_again_whatever_became_of_the_record(centre: Centre) -> None:
    first = submit(centre.client, Packet("A-1"))
    centre.settle()
    again = submit(centre.client, Packet("A-1"))
    assert (first.status_code, "Idempotency-Replayed" in first.headers) == (202, False)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert again.json() == first.json() == {"reference": "A-1", "status": "RECEIVED_AT_CENTRAL"}
    boundaries = {answer.request.headers["content-type"] for answer in (first, again)}
    assert len(boundaries) == 2, "the form is written anew each time, its parts are the same"
    assert len(centre.events()) == 3


@pytest.mark.parametrize("other", [Packet("A-2"), Packet("A-1", person=2), Packet("A-1", biometrics=bytes(60_000))])
def test_a_key_is_for_one_request_alone(centre: Centre, other: Packet) -> None:
    submit(centre.client, Packet("A-1"))
    assert "'k-1' was used for another request" in problem(submit(centre.client, other), 422)["detail"]
    problem(centre.client.post("/v1/records/A-1/handover", headers=KEY), 422)
    assert centre.client.get("/v1/records/A-2").status_code == 404


def test_a_hand_over_asked_again_is_no_conflict(centre: Centre) -> None:
    Packet("A-1").post(centre.client)
    centre.settle()
    # Refused, it changes nothing, and the key is free for when there is a card.
    problem(centre.client.post("/v1/records/A-1/handover", headers=KEY), 409)
    centre.print_all({OFFICE: 1})
    first = centre.client.post("/v1/records/A-1/handover", headers=KEY)
    again = centre.client.post("/v1/records/A-1/handover", headers=KEY)
    assert first.json() == again.json() == {"reference": "A-1", "status": "CARD_ISSUED"}
    assert (first.status_code, again.status_code) == (200, 200)


def test_one_key_sent_many_times_at_once_is_one_change_and_one_answer(centre: Centre) -> None:
    Packet("A-1").post(centre.client)
    centre.settle()
    centre.print_all({OFFICE: 1})
    answers: list[httpx.Response] = []

    def hand_over() -> None:
        answers.append(centre.client.post("/v1/records/A-1/handover", headers=KEY))

    clerks = [threading.Thread(target=hand_over) for _ in range(8)]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 7


def test_a_request_that_fails_leaves_its_key_free(centre: Centre, engine: Engine) -> None:
    problem(submit(centre.client, Packet("A-1", office="99.99")), 422)
    assert keys_kept(engine) == []
    assert submit(centre.client, Packet("A-1")).status_code == 202
    assert keys_kept(engine) == ["k-1"]


def test_keys_expire_and_are_swept(settings: Settings, engine: Engine) -> None:
    forgetful = settings.model_copy(update={"idempotency_keep_s": 60.0})
    with serving(forgetful) as client:
        for number in (1, 2):
            submit(client, Packet(f"A-{number}"), f"k-{number}")
        with engine.begin() as connection:
            connection.execute(text("UPDATE idempotency_keys SET created_at = created_at - 61"))
        # Its answer is forgotten: the record is found instead, and the key is another's too.
        assert submit(client, Packet("A-1"), "k-1").status_code == 200
        assert keys_kept(engine) == ["k-1"]


@pytest.mark.parametrize("key", ["", "a b", "k" * 201])
def test_what_cannot_be_a_key_is_refused(centre: Centre, key: str) -> None:
    found = problem(submit(centre.client, Packet("A-1"), key), 422)
    assert found["errors"][0]["field"] == "header.Idempotency-Key"
