"""The matcher: its lock, its gallery, its failures."""

import threading

import httpx
import pytest
from sqlalchemy import Engine

from mock_server.adapters.gallery import MemoryGallery
from mock_server.database import Lock, try_lock
from mock_server.matcher import Matcher, run
from mock_server.pipeline.versions import unpack
from mock_server.settings import Settings
from tests.mock_server.centre import Centre
from tests.mock_server.commands import wait_until
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet, face, resembling
from tests.mock_server.upgrading import processes, upgrade


def test_the_gallery_is_rebuilt_from_the_residents(centre: Centre, engine: Engine, settings: Settings) -> None:
    Packet("A-1", person=1).post(centre.client)
    centre.settle()
    Packet("A-2", person=2, template=resembling(face(1), 0.9)).post(centre.client)
    centre.work()
    with engine.connect() as connection:
        fresh = Matcher(connection, settings)
        fresh.load()
        assert fresh.match_batch() == 1
    assert centre.status("A-2") == "DUPLICATE_RECORD"


def test_the_accepted_join_the_residents_and_the_refused_do_not(centre: Centre, engine: Engine) -> None:
    Packet("A-1", person=1).post(centre.client)
    Packet("A-2", person=2, template=face(1) * 3).post(centre.client)
    centre.settle()
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT nik, office, name, template, chip_payload FROM residents").all()
    assert [(row.nik, row.office, row.name) for row in rows] == [("3507124801900001", "35.07", "SITI AMINAH 1")]
    assert unpack([rows[0].template])[0] == pytest.approx(face(1), abs=1e-6)
    assert rows[0].chip_payload is not None, "the first card's"


def test_a_search_that_fails_says_so_in_the_records(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("gallery lost")

    Packet("A-1").post(centre.client)
    centre.work()
    monkeypatch.setattr(MemoryGallery, "nearest", broken)
    assert centre.match() == 1
    record = centre.record("A-1")
    assert (record["status"], record["reasons"]) == ("SEARCH_FAILURE_AT_CENTRAL", ["search: gallery lost"])
    assert [event.outcome for event in centre.events("A-1")] == ["RECEIVED_AT_CENTRAL", "SEARCH_FAILURE_AT_CENTRAL"]
    assert "the search failed" in caplog.text


def test_a_batch_shares_its_time_equally(centre: Centre) -> None:
    for number in (1, 2, 3):
        Packet(f"A-{number}", person=number).post(centre.client)
    centre.work()
    assert centre.match() == 3
    events = [event for event in centre.events() if event.stage == "matching"]
    lengths = [event.finished_at - event.started_at for event in events]
    assert lengths == pytest.approx([lengths[0]] * 3, rel=0.01, abs=1e-6)
    assert [event.started_at for event in events[1:]] == [event.finished_at for event in events[:-1]]
    assert len({event.claimed_at for event in events}) == 1


def test_a_second_matcher_waits_for_the_first_ones_end(engine: Engine, settings: Settings) -> None:
    ready, ended = threading.Event(), threading.Event()
    with engine.connect() as first:
        assert try_lock(first, Lock.MATCHER)
        second = threading.Thread(target=run, args=(settings, ended.is_set, ready.set))
        second.start()
        assert not ready.wait(0.5)
        first.invalidate()  # ends the session, whose the lock is
    assert ready.wait(10)
    ended.set()
    second.join(10)
    assert not second.is_alive()


def test_a_waiting_matcher_can_be_told_to_stop(engine: Engine, settings: Settings) -> None:
    ended = threading.Event()
    with engine.connect() as first:
        assert try_lock(first, Lock.MATCHER)
        second = threading.Thread(target=run, args=(settings, ended.is_set, lambda: None))
        second.start()
        ended.set()
        second.join(10)
        assert not second.is_alive()
        first.invalidate()


def test_copies_submitted_at_the_same_time_are_not_both_accepted(centre: Centre, settings: Settings) -> None:
    """Six offices' clerks press the button at once, workers and matcher running."""
    ended = threading.Event()
    matching = threading.Thread(target=run, args=(settings, ended.is_set, lambda: None))
    matching.start()
    clerks = [
        threading.Thread(target=Packet(f"A-{number}", person=number, template=face(1)).post, args=(centre.client,))
        for number in range(1, 7)
    ]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()

    def settled() -> bool:
        centre.work()
        return all(centre.record(f"A-{number}")["stage"] in (None, "printing") for number in range(1, 7))

    wait_until(settled)
    ended.set()
    matching.join()
    statuses = sorted(centre.status(f"A-{number}") for number in range(1, 7))
    assert statuses == ["DUPLICATE_RECORD"] * 5 + ["SENT_FOR_CARD_PRINTING"]


def test_of_one_person_at_two_offices_at_the_same_moment_5_5_accepts_one(centre: Centre, settings: Settings) -> None:
    assert upgrade(settings)
    copies = [
        Packet(f"A-{number}", person=number, office=office, template=face(1))
        for number, office in enumerate([OFFICE, OTHER_OFFICE] * 3, 1)
    ]
    together = threading.Barrier(len(copies))
    codes: list[int] = []

    def submit(packet: Packet) -> None:
        with httpx.Client(base_url=centre.client.base_url) as client:
            together.wait()
            codes.append(packet.post(client).status_code)

    with processes(settings):
        clerks = [threading.Thread(target=submit, args=(packet,)) for packet in copies]
        for clerk in clerks:
            clerk.start()
        for clerk in clerks:
            clerk.join()
        wait_until(lambda: all(centre.record(copy.reference)["stage"] in (None, "printing") for copy in copies))
    assert codes == [202] * len(copies)
    statuses = sorted(centre.status(copy.reference) for copy in copies)
    assert statuses == ["DUPLICATE_RECORD"] * 5 + ["SENT_FOR_CARD_PRINTING"]
