"""Injected faults: what each does, until when, and who may ask for it."""

import signal
import time
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from mock_server import faults
from mock_server.access import Role
from mock_server.faults import Faults, InjectedError
from mock_server.settings import Settings
from tests.mock_server.centre import Centre, serving
from tests.mock_server.commands import first_line, running, start, stop, wait_until
from tests.mock_server.keyholders import Showing, issue
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet
from tests.mock_server.test_http import problem
from tests.mock_server.test_printers import printing, sent_for_printing

LONG_S = 600.0


def inject(client: httpx.Client, **fault: Any) -> dict[str, Any]:
    answer = client.post("/v1/faults", json={"ends_at": time.time() + LONG_S} | fault)
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    made: dict[str, Any] = answer.json()
    return made


def end(client: httpx.Client, fault: dict[str, Any]) -> None:
    assert client.delete(f"/v1/faults/{fault['id']}").status_code == HTTPStatus.OK


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The web reads the faults for every submission."""
    monkeypatch.setattr(faults, "FRESH_S", 0.0)


@pytest.mark.usefixtures("at_once")
def test_a_submission_that_a_fault_fails_gets_503_and_is_taken_when_the_fault_is_over(centre: Centre) -> None:
    fault = inject(centre.client, kind="errors", stage="submission", share=1)
    answer = Packet("A-1").post(centre.client)
    problem(answer, HTTPStatus.SERVICE_UNAVAILABLE)
    assert int(answer.headers["Retry-After"]) >= 1
    assert centre.client.get("/v1/records/A-1").status_code == HTTPStatus.NOT_FOUND
    end(centre.client, fault)
    assert Packet("A-1").post(centre.client).status_code == HTTPStatus.ACCEPTED


def test_a_worker_is_killed_at_the_start_and_whenever_it_comes_back_until_the_end(
    centre: Centre, settings: Settings
) -> None:
    worker, other = (start(settings, "worker", "--name", f"worker-{number}") for number in (1, 2))
    with running(worker, other):
        assert first_line(worker) == first_line(other) == {"ready": True}
        fault = inject(centre.client, kind="worker-killed", worker=1)
        assert fault["target"] == "worker-1"
        assert worker.wait(30) == -signal.SIGKILL
        back = start(settings, "worker", "--name", "worker-1")
        with running(back):
            assert back.wait(30) == -signal.SIGKILL
        end(centre.client, fault)
        back = start(settings, "worker", "--name", "worker-1")
        with running(back):
            assert first_line(back) == {"ready": True}
            assert stop(other) == 0
            Packet("A-1").post(centre.client)
            wait_until(lambda: [event.server for event in centre.events("A-1")] == ["worker-1"])
            assert stop(back) == 0


def test_a_search_that_a_fault_fails_enrolls_nobody_and_others_are_searched(centre: Centre) -> None:
    fault = inject(centre.client, kind="errors", stage="matching", share=0.5)
    for number in range(1, 13):
        Packet(f"A-{number}", person=number).post(centre.client)
    centre.settle()
    statuses = {f"A-{number}": centre.status(f"A-{number}") for number in range(1, 13)}
    assert set(statuses.values()) == {"SEARCH_FAILURE_AT_CENTRAL", "SENT_FOR_CARD_PRINTING"}
    failed = next(name for name, status in statuses.items() if status == "SEARCH_FAILURE_AT_CENTRAL")
    end(centre.client, fault)
    person = int(failed.removeprefix("A-"))
    Packet(failed, person=person).post(centre.client, path=f"/v1/records/{failed}/recapture")
    centre.settle()
    assert centre.status(failed) == "SENT_FOR_CARD_PRINTING"


@pytest.mark.parametrize("stage", ["validation", "matching", "personalisation"])
def test_latency_lengthens_the_stage_it_names(centre: Centre, stage: str) -> None:
    delay_s = 0.3
    inject(centre.client, kind="latency", stage=stage, delay_s=delay_s)
    Packet("A-1").post(centre.client)
    centre.settle()
    events = {event.stage: event.finished_at - event.started_at for event in centre.events("A-1")}
    # The wall clock that stamps events may be corrected while it waits.
    assert events[stage] >= 0.9 * delay_s
    assert centre.status("A-1") == "SENT_FOR_CARD_PRINTING"


@pytest.mark.usefixtures("at_once")
def test_latency_holds_up_a_submission(centre: Centre) -> None:
    inject(centre.client, kind="latency", stage="submission", delay_s=0.3)
    began_s = time.monotonic()
    assert Packet("A-1").post(centre.client).status_code == HTTPStatus.ACCEPTED
    assert time.monotonic() - began_s >= 0.3


def test_a_printer_that_is_down_takes_no_cards_until_the_fault_is_over(centre: Centre, settings: Settings) -> None:
    down = [inject(centre.client, kind="printer-down", office=OFFICE, printer=number) for number in (1, 2)]
    assert [fault["target"] for fault in down] == [f"{OFFICE}/printer-1", f"{OFFICE}/printer-2"]
    references = sent_for_printing(centre, [OFFICE] * 3)
    with printing(settings):
        end(centre.client, down[1])
        wait_until(lambda: all(centre.status(reference) == "CARD_PRINTED" for reference in references))
    assert {event.server for event in centre.events() if event.stage == "printing"} == {f"{OFFICE}/printer-2"}


def test_latency_lengthens_the_making_of_a_card(centre: Centre, settings: Settings) -> None:
    inject(centre.client, kind="latency", stage="printing", delay_s=0.5)
    (reference,) = sent_for_printing(centre, [OFFICE])
    with printing(settings):
        wait_until(lambda: centre.status(reference) == "CARD_PRINTED")
    (event,) = (event for event in centre.events(reference) if event.stage == "printing")
    # The wall clock that stamps events may be corrected while it waits.
    assert event.finished_at - event.started_at >= 0.45


def test_a_fault_acts_from_its_start_to_its_end(centre: Centre, engine: Engine) -> None:
    start_s = time.time() + LONG_S
    inject(centre.client, kind="errors", stage="matching", share=1, starts_at=start_s, ends_at=start_s + 10)
    inject(centre.client, kind="latency", stage="matching", delay_s=5, starts_at=start_s, ends_at=start_s + 10)
    with engine.connect() as connection:
        present = faults.read(connection)
    assert len(present.rows) == 2
    for outside_s in (start_s - 0.1, start_s + 10):
        present.check("matching", "A-1", outside_s)
        assert present.delay_s("matching", outside_s) == 0
    with pytest.raises(InjectedError):
        present.check("matching", "A-1", start_s)
    present.check("validation", "A-1", start_s)
    assert present.delay_s("matching", start_s) == 5
    assert present.delay_s("matching", start_s + 8) == pytest.approx(2)


def test_a_share_of_the_records_fails_and_always_the_same(centre: Centre, engine: Engine) -> None:
    inject(centre.client, kind="errors", stage="matching", share=0.3)
    with engine.connect() as connection:
        present = faults.read(connection)
    first, second = (failing(present) for _ in range(2))
    assert first == second
    # Within four standard deviations of 300.
    assert 242 <= len(first) <= 358


def failing(present: Faults) -> set[int]:
    failed = set()
    for number in range(1_000):
        try:
            present.check("matching", f"A-{number}", time.time())
        except InjectedError:
            failed.add(number)
    return failed


def test_what_is_over_is_not_read_but_told(centre: Centre, engine: Engine) -> None:
    fault = inject(centre.client, kind="latency", stage="matching", delay_s=1)
    end(centre.client, fault)
    problem(centre.client.delete(f"/v1/faults/{fault['id']}"), HTTPStatus.CONFLICT)
    problem(centre.client.delete("/v1/faults/99"), HTTPStatus.NOT_FOUND)
    with engine.connect() as connection:
        assert faults.read(connection).rows == ()
    told = centre.client.get("/v1/faults").json()
    assert [(one["id"], one["starts_at"]) for one in told] == [(fault["id"], fault["starts_at"])]
    assert told[0]["ends_at"] < fault["ends_at"]


def test_a_fault_does_not_begin_before_it_is_asked_for(centre: Centre) -> None:
    asked_s = time.time()
    assert inject(centre.client, kind="latency", stage="matching", delay_s=1, starts_at=5)["starts_at"] >= asked_s


def test_a_fault_that_is_ended_before_its_start_never_begins(centre: Centre) -> None:
    start_s = time.time() + LONG_S
    fault = inject(
        centre.client, kind="latency", stage="matching", delay_s=1, starts_at=start_s, ends_at=start_s + LONG_S
    )
    end(centre.client, fault)
    told = centre.client.get("/v1/faults").json()
    assert told[0]["ends_at"] == told[0]["starts_at"] == fault["starts_at"]


def test_active_faults_are_in_the_metrics(centre: Centre) -> None:
    inject(centre.client, kind="printer-down", office=OFFICE, printer=1)
    shown = centre.client.get("/metrics").text
    assert 'fault_active{kind="printer-down"} 1.0' in shown
    assert 'fault_active{kind="latency"} 0.0' in shown


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        ({"kind": "magic"}, 422, "kind"),
        ({"kind": "latency", "stage": "handover", "delay_s": 1}, 422, "stage"),
        ({"kind": "errors", "stage": "printing", "share": 1}, 422, "stage"),
        ({"kind": "latency", "stage": "matching", "delay_s": 11}, 422, "delay_s"),
        ({"kind": "errors", "stage": "matching", "share": 1.1}, 422, "share"),
        ({"kind": "errors", "stage": "matching", "share": 1, "ends_at": 5}, 422, "ends_at"),
        ({"kind": "errors", "stage": "matching", "share": 1, "starts_at": 9e9, "ends_at": 8e9}, 422, "ends_at"),
        ({"kind": "printer-down", "office": OFFICE, "printer": 3}, 404, "no printer 3"),
        ({"kind": "printer-down", "office": "99.99", "printer": 1}, 404, "no office"),
        ({"kind": "link-cut", "office": OFFICE}, 409, "issue keys first"),
        ({"kind": "worker-killed", "worker": 0}, 422, "worker"),
        ({"kind": "postgres-restart"}, 409, "start it without --database-url"),
    ],
)
def test_what_cannot_be_injected_is_refused(centre: Centre, fault: dict[str, Any], status: int, word: str) -> None:
    answer = centre.client.post("/v1/faults", json={"ends_at": time.time() + LONG_S} | fault)
    assert word in problem(answer, HTTPStatus(status))["detail"]
    assert centre.client.get("/v1/faults").json() == []


@pytest.mark.usefixtures("at_once")
def test_an_office_whose_link_is_cut_gets_no_answer_and_others_go_on(
    settings: Settings, engine: Engine, showing: Showing
) -> None:
    with serving(settings) as client:
        admin, office, other = (
            showing(client, issue(engine, role, code))
            for role, code in ((Role.ADMIN, None), (Role.OPERATOR, OFFICE), (Role.OPERATOR, OTHER_OFFICE))
        )
        assert office.get("/v1/queues").status_code == HTTPStatus.OK
        fault = inject(admin, kind="link-cut", office=OFFICE)
        for reference in ("A-1", "A-2"):
            with pytest.raises(httpx.TransportError):
                Packet(reference).post(office)
            with pytest.raises(httpx.TransportError):
                office.get("/v1/queues")
            assert other.get("/v1/queues").status_code == HTTPStatus.OK
        assert admin.get("/v1/records/A-1").status_code == HTTPStatus.NOT_FOUND
        shown = client.get("/metrics").text
        assert 'http_request_duration_seconds_count{method="POST",route="unmatched",status="none"} 2.0' in shown
        end(admin, fault)
        assert Packet("A-1").post(office).status_code == HTTPStatus.ACCEPTED


@pytest.mark.parametrize("role", list(Role))
def test_only_admins_inject_and_end_faults(settings: Settings, engine: Engine, role: Role, showing: Showing) -> None:
    office = OFFICE if role in (Role.OPERATOR, Role.SUPERVISOR) else None
    allowed = role is Role.ADMIN
    with serving(settings) as client:
        holder = showing(client, issue(engine, role, office))
        asked = {"kind": "latency", "stage": "matching", "delay_s": 1, "ends_at": time.time() + LONG_S}
        assert holder.post("/v1/faults", json=asked).status_code == (201 if allowed else 403)
        assert holder.delete("/v1/faults/1").status_code == (200 if allowed else 403)
    with engine.connect() as connection:
        written = connection.scalars(text("SELECT action FROM audit_log ORDER BY id")).all()
    assert written == (["inject_fault", "end_fault"] if allowed else [])
