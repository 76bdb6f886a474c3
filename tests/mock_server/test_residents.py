"""Residents' biodata: look-ups and corrections."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from mock_server.adapters.signer import EcdsaSigner
from mock_server.pipeline.names import search_key
from mock_server.seed import seed_residents
from mock_server.settings import Settings
from tests.mock_server.centre import Centre
from tests.mock_server.packets import OFFICE, Packet, biodata
from tests.mock_server.test_http import problem
from tests.mock_server.upgrading import upgrade

NIK = biodata(1)["nik"]


def resident(centre: Centre, nik: str = NIK) -> dict[str, Any]:
    answer = centre.client.get(f"/v1/residents/{nik}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def correct(centre: Centre, **changes: str) -> httpx.Response:
    return centre.client.patch(f"/v1/residents/{NIK}", json={"reason": "certificate of birth"} | changes)


@pytest.fixture
def enrolled(centre: Centre) -> Centre:
    Packet("A-1", person=1).post(centre.client)
    centre.settle()
    return centre


def test_a_resident_is_told_with_biodata_and_cards(enrolled: Centre) -> None:
    found = resident(enrolled)
    assert found | biodata(1) == found
    assert (found["office"], found["reference"], found["corrections"]) == (OFFICE, "A-1", [])
    assert [(card["reference"], card["status"]) for card in found["cards"]] == [("A-1", "MADE")]


def test_of_those_enrolled_before_less_is_known(centre: Centre, engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        seed_residents(connection, 1, 1, {OFFICE: 1}, EcdsaSigner.load(settings.signing_key_file))
        nik = connection.execute(text("SELECT nik FROM residents")).scalar_one()
    found = resident(centre, nik)
    assert found["name"]
    assert (found["birth_place"], found["reference"]) == (None, None)
    assert [(card["reference"], card["status"]) for card in found["cards"]] == [(None, "ACTIVE")]


def test_a_correction_keeps_what_was(enrolled: Centre) -> None:
    answer = correct(enrolled, name="SITI AMINAH BINTI AHMAD", address=biodata(1)["address"])
    assert answer.status_code == 200
    found = resident(enrolled)
    assert answer.json() == found
    assert found["name"] == "SITI AMINAH BINTI AHMAD"
    (kept,) = found["corrections"]
    del kept["corrected_at"]
    assert kept == {
        "field": "name",
        "old": "SITI AMINAH 1",
        "new": "SITI AMINAH BINTI AHMAD",
        "reason": "certificate of birth",
    }


@pytest.mark.parametrize(
    "changes",
    [{}, {"nik": "3507124801900002"}, {"birth_date": "1990-01-09"}, {"name": " "}, {"name": "A", "reason": ""}],
)
def test_what_cannot_be_corrected_is_refused(enrolled: Centre, changes: dict[str, str]) -> None:
    before = resident(enrolled)
    problem(correct(enrolled, **changes), 422)
    assert resident(enrolled) == before


def test_a_correction_makes_no_foreign_resident_of_a_citizen(enrolled: Centre) -> None:
    assert "nationality" in problem(correct(enrolled, nationality="BELANDA"), 409)["detail"]
    assert resident(enrolled)["nationality"] == "WNI"


def test_nobody_is_found_under_an_unknown_nik(centre: Centre) -> None:
    assert problem(centre.client.get(f"/v1/residents/{NIK}"), 404)["detail"] == f"no resident '{NIK}'"
    problem(correct(centre, name="A"), 404)


def test_in_5_5_a_corrected_name_is_found_by_its_new_sound(
    enrolled: Centre, engine: Engine, settings: Settings
) -> None:
    assert upgrade(settings)
    correct(enrolled, name="Soekarno")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT search_key FROM residents")) == search_key("Sukarno")
