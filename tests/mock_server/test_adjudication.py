"""The supervisor's queue, and what becomes of her decisions."""

import threading

import httpx
import pytest
from sqlalchemy import Engine, text

from mock_server import matcher
from mock_server.adapters.gallery import MemoryGallery
from mock_server.settings import Settings
from tests.mock_server.centre import Centre
from tests.mock_server.packets import OFFICE, Packet, biodata, face, resembling
from tests.mock_server.test_http import problem

TWIN = resembling(face(1), 0.7)


def decide(centre: Centre, reference: str, decision: str) -> httpx.Response:
    return centre.client.post(f"/v1/adjudications/{reference}", json={"decision": decision, "reason": "I saw both"})


def cases(centre: Centre) -> list[str]:
    return [case["reference"] for case in centre.client.get("/v1/adjudications").json()]


@pytest.fixture
def twin(centre: Centre) -> str:
    """A-2, who resembles A-1."""
    Packet("A-1", person=1).post(centre.client)
    Packet("A-2", person=2, template=TWIN).post(centre.client)
    centre.settle()
    return "A-2"


def test_a_case_shows_both_records_and_how_similar_they_are(centre: Centre, twin: str) -> None:
    (case,) = centre.client.get("/v1/adjudications").json()
    assert (case["reference"], case["office"], case["nik"]) == (twin, OFFICE, biodata(2)["nik"])
    assert (case["resembles"], case["resembles_reference"]) == (biodata(1)["nik"], "A-1")
    assert case["similarity"] == pytest.approx(0.7, abs=1e-3)
    assert case["since"] == centre.record(twin)["since"]


def test_a_unique_person_is_enrolled_and_gets_a_card(centre: Centre, twin: str, engine: Engine) -> None:
    answer = decide(centre, twin, "unique")
    assert (answer.status_code, answer.json()["status"]) == (202, "ADJUDICATE_RECORD")
    assert cases(centre) == []
    centre.settle()
    record = centre.record(twin)
    assert (record["status"], record["reasons"], record["duplicate_of"]) == ("SENT_FOR_CARD_PRINTING", None, None)
    assert centre.client.get(f"/v1/residents/{biodata(2)['nik']}").json()["reference"] == twin
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT resembles, decision, reason FROM adjudications")).one()
    assert tuple(kept) == (biodata(1)["nik"], "unique", "I saw both")


def test_the_matcher_knows_the_unique_person_at_once(centre: Centre, twin: str) -> None:
    decide(centre, twin, "unique")
    # Sent after the decision and before the matcher has seen it: the same batch.
    Packet("A-3", person=3, template=TWIN).post(centre.client)
    centre.settle()
    assert centre.record("A-3")["duplicate_of"] == biodata(2)["nik"]
    assert centre.status("A-3") == "DUPLICATE_RECORD"


def test_a_copy_accepted_while_the_supervisor_looked_is_found(centre: Centre, twin: str) -> None:
    # Nearer to A-2 than A-1 is, and unlike A-1.
    copy = resembling(TWIN, 0.82, seed=98)
    assert float(copy @ face(1)) < 0.6
    Packet("A-3", person=3, template=copy).post(centre.client)
    centre.settle()
    assert centre.status("A-3") == "SENT_FOR_CARD_PRINTING"
    decide(centre, twin, "unique")
    centre.settle()
    record = centre.record(twin)
    assert (record["status"], record["duplicate_of"]) == ("DUPLICATE_RECORD", biodata(3)["nik"])


def test_another_resemblance_is_another_case(centre: Centre, twin: str) -> None:
    other = resembling(TWIN, 0.7, seed=98)
    Packet("A-3", person=3, template=other).post(centre.client)
    centre.settle()
    decide(centre, twin, "unique")
    centre.settle()
    (case,) = centre.client.get("/v1/adjudications").json()
    assert (case["reference"], case["resembles"]) == (twin, biodata(3)["nik"])
    decide(centre, twin, "unique")
    centre.settle()
    assert centre.status(twin) == "SENT_FOR_CARD_PRINTING"


def test_a_duplicate_is_final(centre: Centre, twin: str) -> None:
    assert decide(centre, twin, "duplicate").json()["status"] == "DUPLICATE_RECORD"
    assert cases(centre) == []
    assert centre.record(twin)["duplicate_of"] == biodata(1)["nik"]
    problem(decide(centre, twin, "unique"), 409)


def test_who_bears_a_residents_nik_cannot_be_unique(centre: Centre) -> None:
    Packet("A-1", person=1).post(centre.client)
    Packet("A-2", person=1, template=face(2)).post(centre.client)
    centre.settle()
    (case,) = centre.client.get("/v1/adjudications").json()
    assert (case["similarity"], case["resembles"]) == (None, biodata(1)["nik"])
    assert "is a resident's" in problem(decide(centre, "A-2", "unique"), 409)["detail"]
    assert cases(centre) == ["A-2"]
    assert decide(centre, "A-2", "duplicate").status_code == 202


def test_a_case_is_decided_once(centre: Centre, twin: str) -> None:
    decide(centre, twin, "unique")
    assert "is decided" in problem(decide(centre, twin, "duplicate"), 409)["detail"]
    problem(decide(centre, "A-1", "unique"), 409)
    problem(decide(centre, "A-9", "unique"), 404)
    problem(centre.client.post(f"/v1/adjudications/{twin}", json={"decision": "unique", "reason": " "}), 422)


def test_two_supervisors_at_once_make_one_decision(centre: Centre, twin: str, engine: Engine) -> None:
    codes: list[int] = []
    both = threading.Barrier(2)

    def supervisor(decision: str) -> None:
        with httpx.Client(base_url=centre.client.base_url) as client:
            both.wait()
            answer = client.post(f"/v1/adjudications/{twin}", json={"decision": decision, "reason": "I saw both"})
            codes.append(answer.status_code)

    threads = [threading.Thread(target=supervisor, args=(decision,)) for decision in ("unique", "duplicate")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [202, 409]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM adjudications")) == 1


def test_a_search_that_fails_gives_the_case_back(
    centre: Centre, twin: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("gallery lost")

    decide(centre, twin, "unique")
    with monkeypatch.context() as broken_gallery:
        broken_gallery.setattr(MemoryGallery, "nearest_but", broken)
        assert centre.match() == 1
    assert "the search failed" in caplog.text
    assert cases(centre) == [twin]
    assert centre.record(twin)["reasons"] == ["search: gallery lost"]
    decide(centre, twin, "unique")
    centre.settle()
    assert centre.status(twin) == "SENT_FOR_CARD_PRINTING", "the first decision still stands"


def test_a_restarted_matcher_knows_whom_a_supervisor_cleared(
    centre: Centre, twin: str, engine: Engine, settings: Settings
) -> None:
    decide(centre, twin, "unique")
    with engine.connect() as connection:
        fresh = matcher.Matcher(connection, settings)
        fresh.load()
        assert fresh.match_batch() == 1
    assert centre.status(twin) == "PRINT_READY_RECORD"
