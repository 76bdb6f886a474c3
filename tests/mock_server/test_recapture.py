"""Refused records, captured anew."""

import httpx
import pytest

from mock_server.adapters.gallery import MemoryGallery
from tests.mock_server.centre import Centre
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet
from tests.mock_server.test_http import problem


def again(centre: Centre, packet: Packet, reference: str | None = None) -> httpx.Response:
    return packet.post(centre.client, f"/v1/records/{reference or packet.reference}/recapture")


@pytest.fixture
def refused(centre: Centre) -> Centre:
    """A centre that refused A-1 for the photo."""
    Packet("A-1", photo=b"no JPEG").post(centre.client)
    centre.settle()
    assert centre.status("A-1") == "ENROLL_FAILURE_AT_CENTRAL"
    return centre


def test_a_refused_record_gets_its_card_after_a_new_capture(refused: Centre) -> None:
    before = refused.record("A-1")
    answer = again(refused, Packet("A-1", biodata={"name": "SITI"}))
    assert (answer.status_code, answer.json()["status"]) == (202, "RECEIVED_AT_CENTRAL")
    record = refused.record("A-1")
    assert (record["reasons"], record["stage"]) == (None, "validation")
    assert record["received_at"] > before["received_at"]
    refused.settle()
    assert refused.status("A-1") == "SENT_FOR_CARD_PRINTING"
    nik = record["nik"]
    assert refused.client.get(f"/v1/residents/{nik}").json()["name"] == "SITI"


def test_a_new_capture_may_be_refused_again(refused: Centre) -> None:
    again(refused, Packet("A-1", biodata={"name": " "}))
    refused.settle()
    assert refused.record("A-1")["reasons"] == ["biodata: name is missing"]
    assert again(refused, Packet("A-1")).status_code == 202


def test_a_record_whose_search_failed_can_be_captured_anew(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("gallery lost")

    Packet("A-1").post(centre.client)
    centre.work()
    with monkeypatch.context() as patch:
        patch.setattr(MemoryGallery, "nearest", broken)
        centre.match()
    assert "the search failed" in caplog.text
    assert centre.status("A-1") == "SEARCH_FAILURE_AT_CENTRAL"
    again(centre, Packet("A-1"))
    centre.settle()
    assert centre.status("A-1") == "SENT_FOR_CARD_PRINTING"


def test_who_was_not_refused_is_not_captured_anew(centre: Centre) -> None:
    Packet("A-1").post(centre.client)
    problem(again(centre, Packet("A-1", person=2)), 409)
    centre.settle()
    problem(again(centre, Packet("A-1", person=2)), 409)
    problem(again(centre, Packet("A-9")), 404)
    assert centre.status("A-1") == "SENT_FOR_CARD_PRINTING"


def test_a_new_capture_is_the_same_records_and_offices(refused: Centre) -> None:
    assert problem(again(refused, Packet("A-2"), "A-1"), 422)["detail"].startswith("record.reference: ")
    assert OFFICE in problem(again(refused, Packet("A-1", office=OTHER_OFFICE)), 409)["detail"]
    problem(again(refused, Packet("A-1", template=b"1234")), 422)
    assert refused.status("A-1") == "ENROLL_FAILURE_AT_CENTRAL"


def test_an_unknown_district_is_a_warning_that_stays_with_the_record(centre: Centre) -> None:
    Packet("A-1", biodata={"nik": "3507994801900001"}).post(centre.client)
    centre.settle()
    record = centre.record("A-1")
    assert (record["status"], record["reasons"]) == ("SENT_FOR_CARD_PRINTING", None)
    assert "35.07.99" in record["warnings"][0]
    Packet("A-2", person=2).post(centre.client)
    centre.settle()
    assert centre.record("A-2")["warnings"] is None
