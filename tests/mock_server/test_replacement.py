"""Replacements: a new card for an old one, and never two active ones."""

import json
import threading
from base64 import b64decode
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from mock_server.adapters.signer import EcdsaSigner
from mock_server.office_dates import today_at
from mock_server.seed import seed_residents
from mock_server.settings import Settings
from tests.mock_server.centre import Centre
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet, biodata
from tests.mock_server.test_features import unsupported
from tests.mock_server.test_http import problem
from tests.mock_server.upgrading import upgrade

NIK = biodata(1)["nik"]
LETTER = {"number": "LP/1/IV/2016", "date": "2016-04-04"}


def issue(centre: Centre, reference: str) -> None:
    """Have a record's card made, printed and handed over."""
    centre.settle()
    centre.print_all({OFFICE: 9, OTHER_OFFICE: 9})
    assert centre.client.post(f"/v1/records/{reference}/handover").status_code == 200


def ask(centre: Centre, reference: str, **changes: Any) -> httpx.Response:
    request = {"reference": reference, "nik": NIK, "office": OFFICE, "reason": "lost"} | changes
    return centre.client.post("/v1/replacements", json=request)


def cards(centre: Centre) -> list[str]:
    return [card["status"] for card in centre.client.get(f"/v1/residents/{NIK}").json()["cards"]]


@pytest.fixture
def holder(centre: Centre) -> Centre:
    """A centre of which person 1 has a card."""
    Packet("A-1", person=1).post(centre.client)
    issue(centre, "A-1")
    return centre


def test_a_lost_card_is_replaced_without_a_new_capture(holder: Centre) -> None:
    answer = ask(holder, "R-1")
    assert (answer.status_code, answer.json()) == (202, {"reference": "R-1", "status": "PRINT_READY_RECORD"})
    assert holder.record("R-1")["kind"] == "replacement"
    issue(holder, "R-1")
    assert [event.stage for event in holder.events("R-1")] == ["personalisation", "printing"]
    old, new = (holder.client.get(f"/v1/records/{reference}/card").json() for reference in ("A-1", "R-1"))
    assert (old["status"], new["status"]) == ("REVOKED", "ACTIVE")
    assert old["number"] != new["number"]
    contents = [json.loads(b64decode(card["payload"])) for card in (old, new)]
    assert contents[0]["photo"] == contents[1]["photo"]
    assert contents[0]["biodata"] == contents[1]["biodata"]
    assert holder.signer.verify(b64decode(new["payload"]), b64decode(new["signature"]))


def test_the_old_card_is_good_until_the_new_one_is_handed_over(holder: Centre) -> None:
    assert cards(holder) == ["ACTIVE"]
    ask(holder, "R-1")
    holder.settle()
    assert cards(holder) == ["ACTIVE", "MADE"]
    holder.print_all({OFFICE: 1})
    assert cards(holder) == ["ACTIVE", "MADE"]
    holder.client.post("/v1/records/R-1/handover")
    assert cards(holder) == ["REVOKED", "ACTIVE"]


def test_a_hand_over_that_fails_half_way_leaves_the_old_card_active(holder: Centre, engine: Engine) -> None:
    ask(holder, "R-1")
    holder.settle()
    holder.print_all({OFFICE: 1})
    with engine.begin() as connection:
        connection.execute(
            text("ALTER TABLE cards ADD CONSTRAINT broken CHECK (reference <> 'R-1' OR status = 'MADE')")
        )
    # After a fault of its own the server closes the connection.
    problem(holder.client.post("/v1/records/R-1/handover", headers={"connection": "close"}), 500)
    assert cards(holder) == ["ACTIVE", "MADE"]
    assert holder.status("R-1") == "CARD_PRINTED"


def test_the_database_suffers_no_second_active_card(holder: Centre, engine: Engine) -> None:
    ask(holder, "R-1")
    holder.settle()
    with engine.connect() as connection, pytest.raises(IntegrityError, match="cards_active"):
        connection.execute(text("UPDATE cards SET status = 'ACTIVE'"))


def test_a_corrected_name_is_on_the_new_card(holder: Centre) -> None:
    change = {"name": "SITI AMINAH BINTI AHMAD", "reason": "certificate of birth"}
    assert holder.client.patch(f"/v1/residents/{NIK}", json=change).status_code == 200
    ask(holder, "R-1", reason="damaged")
    holder.settle()
    payload = json.loads(b64decode(holder.client.get("/v1/records/R-1/card").json()["payload"]))
    assert payload["biodata"] == biodata(1) | {"name": "SITI AMINAH BINTI AHMAD"}


def test_asking_again_is_harmless_and_asking_twice_is_refused(holder: Centre) -> None:
    assert ask(holder, "R-1").status_code == 202
    again = ask(holder, "R-1")
    assert (again.status_code, again.json()["status"]) == (200, "PRINT_READY_RECORD")
    assert "is being replaced already, by record 'R-1'" in problem(ask(holder, "R-2"), 409)["detail"]
    assert "another record's" in problem(ask(holder, "A-1"), 409)["detail"]
    issue(holder, "R-1")
    assert ask(holder, "R-2").status_code == 202, "the new card may be lost as well"


@pytest.mark.parametrize(
    ("references", "expected"),
    [(["R-1", "R-2", "R-3", "R-4"], [202, 409, 409, 409]), (["R-1"] * 4, [200, 200, 200, 202])],
)
def test_requests_at_the_same_moment_make_one_replacement(
    holder: Centre, references: list[str], expected: list[int]
) -> None:
    codes: list[int] = []
    together = threading.Barrier(len(references))

    def clerk(reference: str) -> None:
        together.wait()
        codes.append(ask(holder, reference).status_code)

    threads = [threading.Thread(target=clerk, args=(reference,)) for reference in references]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == expected


def test_who_has_no_card_has_none_to_replace(centre: Centre) -> None:
    problem(ask(centre, "R-1"), 404)
    Packet("A-1", person=1).post(centre.client)
    centre.settle()
    assert "no active card" in problem(ask(centre, "R-1"), 409)["detail"]
    problem(ask(centre, "R-1", reason="stolen"), 422)


def test_version_5_4_replaces_at_home_only_and_5_5_anywhere_with_a_police_letter(
    holder: Centre, engine: Engine, settings: Settings
) -> None:
    lacking = unsupported(ask(holder, "R-1", office=OTHER_OFFICE, police_letter=LETTER))
    assert "it replaces cards at the home office only" in lacking
    assert "'99.99'" in problem(ask(holder, "R-1", office="99.99"), 409)["detail"]
    assert upgrade(settings)
    assert "police letter" in problem(ask(holder, "R-1", office=OTHER_OFFICE), 409)["detail"]
    assert ask(holder, "R-1", office=OTHER_OFFICE, police_letter=LETTER).status_code == 202
    issue(holder, "R-1")
    assert cards(holder) == ["REVOKED", "ACTIVE"]
    record = holder.record("R-1")
    assert (record["office"], record["home"]) == (OTHER_OFFICE, OFFICE)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT police_letter, police_letter_date FROM replacements")).one()
    assert (kept[0], kept[1].isoformat()) == (LETTER["number"], LETTER["date"])


def test_a_damaged_card_needs_no_police_letter_anywhere(holder: Centre, settings: Settings) -> None:
    assert upgrade(settings)
    assert ask(holder, "R-1", office=OTHER_OFFICE, reason="damaged").status_code == 202


def test_away_from_home_a_card_is_replaced_only_as_it_was(holder: Centre, settings: Settings) -> None:
    assert upgrade(settings)
    correction = {"name": "SITI AMINAH BINTI AHMAD", "address": "Jl. Lain No. 1", "reason": "certificate of birth"}
    holder.client.patch(f"/v1/residents/{NIK}", json=correction)
    away = {"office": OTHER_OFFICE, "reason": "damaged"}
    refused = problem(ask(holder, "R-1", **away), 409)["detail"]
    assert "address, name of resident" in refused
    assert f"only the home office, {OFFICE}, replaces it" in refused
    assert ask(holder, "R-1").status_code == 202
    issue(holder, "R-1")
    assert ask(holder, "R-2", **away).status_code == 202, "the new card bears the correction"


@pytest.mark.parametrize(
    "letter",
    [
        "LP/1/IV/2016",
        {"number": "LP/1/IV/2016"},
        {"number": " ", "date": "2016-04-04"},
        {"number": "LP/1/IV/2016", "date": "4 April"},
        {"number": "LP/1/IV/2016", "date": "2999-04-04"},
    ],
)
def test_what_is_no_police_letter_is_malformed(holder: Centre, letter: Any) -> None:
    assert "police_letter" in problem(ask(holder, "R-1", police_letter=letter), 422)["detail"]


def test_a_letter_of_today_is_good(holder: Centre) -> None:
    letter = LETTER | {"date": today_at(OFFICE).isoformat()}
    assert ask(holder, "R-1", police_letter=letter).status_code == 202


@pytest.mark.parametrize("upgraded", [False, True])
def test_a_card_from_before_the_scenario_is_replaced_with_a_likeness(
    centre: Centre, engine: Engine, settings: Settings, upgraded: bool
) -> None:
    with engine.begin() as connection:
        seed_residents(connection, 1, 1, {OFFICE: 1}, EcdsaSigner.load(settings.signing_key_file))
        before = connection.execute(text("SELECT * FROM residents")).one()
    if upgraded:
        assert upgrade(settings)
    assert ask(centre, "R-1", nik=before.nik).status_code == 202
    issue(centre, "R-1")
    old, new = centre.client.get(f"/v1/residents/{before.nik}").json()["cards"]
    assert (old["status"], old["reference"], new["status"], new["reference"]) == ("REVOKED", None, "ACTIVE", "R-1")
    assert old["number"] < new["number"]
    chip = json.loads(b64decode(centre.client.get("/v1/records/R-1/card").json()["payload"]))
    assert chip["biodata"] == {
        "nik": before.nik,
        "name": before.name,
        "birth_place": "-",
        "birth_date": before.birth_date.isoformat(),
        "sex": before.sex,
        "address": before.address,
        "nationality": "WNI",
    }
    assert len(b64decode(chip["fingerprints"][0])) == 700
    assert centre.client.get("/v1/records/R-1/card/front.jpg").headers["content-type"] == "image/jpeg"
    assert ask(centre, "R-2", nik=before.nik).status_code == 202, "from now on she has a record"


def test_away_from_home_a_corrected_card_from_before_the_scenario_is_not_replaced(
    centre: Centre, engine: Engine, settings: Settings
) -> None:
    with engine.begin() as connection:
        seed_residents(connection, 2, 1, {OFFICE: 1}, EcdsaSigner.load(settings.signing_key_file))
        one, other = connection.scalars(text("SELECT nik FROM residents")).all()
    assert upgrade(settings)
    centre.client.patch(f"/v1/residents/{one}", json={"address": "Jl. Lain No. 1", "reason": "moved"})
    away = {"office": OTHER_OFFICE, "police_letter": LETTER}
    assert "home office" in problem(ask(centre, "R-1", nik=one, **away), 409)["detail"]
    assert ask(centre, "R-1", nik=other, **away).status_code == 202


def test_a_card_made_anew_during_the_upgrade_is_brought_over(
    holder: Centre, engine: Engine, settings: Settings
) -> None:
    def meanwhile(phase: str) -> None:
        # The resident was brought over by then.
        if phase == "index":
            ask(holder, "R-1")
            holder.settle()
            holder.client.patch(f"/v1/residents/{NIK}", json={"name": "BUDI", "reason": "typing error"})

    assert upgrade(settings, at=meanwhile)
    with engine.connect() as connection:
        resident = connection.execute(text("SELECT search_key, chip_payload, chip_signature FROM residents")).one()
    chip = json.loads(resident.chip_payload)
    number = holder.client.get("/v1/records/R-1/card").json()["number"]
    assert (chip["number"], chip["profile"], resident.search_key) == (number, "5.5", "BUDI")
    assert holder.signer.verify(resident.chip_payload, resident.chip_signature)


def test_a_spoiled_card_is_made_again_with_another_number(centre: Centre) -> None:
    Packet("A-1", person=1).post(centre.client)
    centre.settle()
    spoiled = centre.client.post("/v1/records/A-1/spoiled", json={"reason": "smeared"})
    problem(spoiled, 409)
    first = centre.client.get("/v1/records/A-1/card").json()["number"]
    centre.print_all({OFFICE: 1})
    spoiled = centre.client.post("/v1/records/A-1/spoiled", json={"reason": "smeared"})
    assert (spoiled.status_code, spoiled.json()["status"]) == (200, "SENT_FOR_CARD_PRINTING")
    problem(centre.client.get("/v1/records/A-1/card"), 404)
    problem(centre.client.post("/v1/records/A-1/handover"), 409)
    centre.settle()
    second = centre.client.get("/v1/records/A-1/card").json()["number"]
    assert second != first
    issue(centre, "A-1")
    problem(centre.client.post("/v1/records/A-1/spoiled", json={"reason": "smeared"}), 409)
    kept = centre.client.get(f"/v1/residents/{NIK}").json()["cards"]
    assert [(card["number"], card["status"], card["reason"]) for card in kept] == [
        (first, "SPOILED", "smeared"),
        (second, "ACTIVE", None),
    ]
