"""What the versions can and cannot do, as an office meets it."""

import json
from base64 import b64decode

import httpx
import pytest
from sqlalchemy import Engine

from mock_server.database import hold_version_alone
from mock_server.pipeline.versions import FEATURES, Feature, Version, brought_by
from mock_server.problems import UNSUPPORTED
from mock_server.settings import Settings
from tests.mock_server.centre import Centre
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet, biodata
from tests.mock_server.test_http import problem
from tests.mock_server.upgrading import upgrade

AWAY = Packet("B-1", person=1, office=OTHER_OFFICE, home=OFFICE)
KITAP = {"kind": "KITAP", "number": "2C21JE0042-T", "expires": "2999-12-31"}
FOREIGN = Packet("F-1", person=2, biodata={"nationality": "BELANDA"}, permit=KITAP)


def unsupported(answer: httpx.Response) -> str:
    """Make sure that an answer says which version is missing; returns what it says is missing."""
    assert answer.status_code == 409, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["type"], told["version"], told["since"]) == (UNSUPPORTED, "5.4", "5.5")
    assert told["title"] == "Unsupported by this version"
    assert told["detail"].startswith("version 5.4 runs, which lacks ")
    assert told["detail"].endswith("; version 5.5 brings it")
    return str(told["detail"])


def test_what_a_version_can_do_the_next_one_can() -> None:
    assert FEATURES[Version.V5_4] < FEATURES[Version.V5_5] == frozenset(Feature)
    assert {brought_by(feature) for feature in Feature} == {Version.V5_5}


def test_5_4_enrolls_at_the_home_office_only_and_5_5_anywhere(centre: Centre, settings: Settings) -> None:
    assert "it enrolls people at their home office only" in unsupported(AWAY.post(centre.client))
    problem(centre.client.get("/v1/records/B-1"), 404)
    assert upgrade(settings)
    assert AWAY.post(centre.client).status_code == 202
    assert AWAY.post(centre.client).status_code == 200
    centre.settle()
    record = centre.record("B-1")
    assert (record["office"], record["home"], record["status"]) == (OTHER_OFFICE, OFFICE, "SENT_FOR_CARD_PRINTING")
    assert centre.client.get(f"/v1/residents/{biodata(1)['nik']}").json()["office"] == OFFICE


def test_a_home_that_is_the_submitting_office_is_nothing_new(centre: Centre) -> None:
    for number, home in ((1, None), (2, OFFICE)):
        assert Packet(f"A-{number}", person=number, home=home).post(centre.client).status_code == 202
        assert centre.record(f"A-{number}")["home"] == OFFICE


def test_a_common_packet_does_not_ask_for_the_version(centre: Centre, engine: Engine) -> None:
    with engine.begin() as connection:
        # Whoever asks waits until this transaction ends.
        hold_version_alone(connection)
        assert Packet("A-1").post(centre.client).status_code == 202


@pytest.mark.parametrize("upgraded", [False, True])
def test_a_home_outside_the_nation_is_malformed(centre: Centre, settings: Settings, upgraded: bool) -> None:
    if upgraded:
        assert upgrade(settings)
    refused = problem(Packet("A-1", home="99.99").post(centre.client), 422)
    assert refused["detail"] == "record.home: the nation has no office '99.99'"


def test_5_4_gives_cards_to_citizens_only_and_5_5_to_foreign_residents(centre: Centre, settings: Settings) -> None:
    assert "it gives cards to citizens only" in unsupported(FOREIGN.post(centre.client))
    assert upgrade(settings)
    assert FOREIGN.post(centre.client).status_code == 202
    centre.settle()
    card = centre.client.get("/v1/records/F-1/card").json()
    assert card["expires"] == "2999-12-31"
    chip = json.loads(b64decode(card["payload"]))
    assert (chip["holder"], chip["expires"]) == ("foreign resident", "2999-12-31")
    assert chip["permit"] == {"kind": "KITAP", "number": "2C21JE0042-T"}


@pytest.mark.parametrize(
    "packet", [Packet("F-1", biodata={"nationality": "BELANDA"}), Packet("F-1", permit=KITAP)], ids=["nation", "permit"]
)
def test_either_sign_of_a_foreign_resident_needs_5_5(centre: Centre, packet: Packet) -> None:
    unsupported(packet.post(centre.client))


def test_a_refusal_is_not_kept_and_an_acceptance_is(centre: Centre, settings: Settings) -> None:
    centre.client.headers["Idempotency-Key"] = "once"
    unsupported(AWAY.post(centre.client))
    assert upgrade(settings)
    first, again = (AWAY.post(centre.client) for _ in range(2))
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (202, 202, "true")


def test_a_recapture_obeys_the_same_rules(centre: Centre, settings: Settings) -> None:
    Packet("B-1", person=1, office=OTHER_OFFICE, photo=b"").post(centre.client)
    centre.settle()
    assert centre.status("B-1") == "ENROLL_FAILURE_AT_CENTRAL"
    unsupported(AWAY.post(centre.client, path="/v1/records/B-1/recapture"))
    assert upgrade(settings)
    assert AWAY.post(centre.client, path="/v1/records/B-1/recapture").status_code == 202
    centre.settle()
    assert centre.client.get(f"/v1/residents/{biodata(1)['nik']}").json()["office"] == OFFICE


def test_what_was_received_in_5_5_is_finished_as_it_was_received_after_a_step_back(
    centre: Centre, settings: Settings
) -> None:
    assert upgrade(settings)
    FOREIGN.post(centre.client)
    with centre.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE system SET version = '5.4'")
    assert FOREIGN.post(centre.client).status_code == 200
    assert centre.work() == 1
    assert centre.record("F-1")["stage"] == "matching"
