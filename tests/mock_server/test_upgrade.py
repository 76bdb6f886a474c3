"""The upgrade on a live database."""

import json
import signal

import pytest
from sqlalchemy import Engine, text

from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import Lock, try_lock
from mock_server.pipeline.names import search_key
from mock_server.pipeline.versions import nationalise, unpack
from mock_server.seed import seed_residents
from mock_server.settings import Settings
from mock_server.upgrade.orders import State
from mock_server.upgrade.work import UpgradeError
from tests.mock_server.centre import Centre
from tests.mock_server.commands import run, running, start, wait_until
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet, face
from tests.mock_server.upgrading import processes, residents, upgrade

PHASES = ["expand", "backfill", "index", "switch"]


@pytest.fixture
def seeded(engine: Engine, settings: Settings) -> int:
    with engine.begin() as connection:
        seed_residents(connection, 600, 1, {OFFICE: 2, "99.01": 1}, EcdsaSigner.load(settings.signing_key_file))
    return 600


def test_the_offices_work_on_during_the_upgrade_and_nobody_is_missed(
    centre: Centre, engine: Engine, settings: Settings, seeded: int
) -> None:
    sent: list[str] = []

    def send(person: int, office: str = OFFICE) -> None:
        reference = f"A-{person}"
        assert Packet(reference, person=person, office=office).post(centre.client).status_code == 202
        sent.append(reference)

    with processes(settings):
        send(1)
        send(2, OTHER_OFFICE)
        wait_until(lambda: all(centre.status(reference) == "SENT_FOR_CARD_PRINTING" for reference in sent))
        command = ("upgrade", "--batch", "10", "--pause-s", "0.05", "--parallelism", "2")
        upgrading = start(settings, *command)
        with running(upgrading):
            person = 3
            while upgrading.poll() is None and person < 150:
                send(person, OFFICE if person % 2 else OTHER_OFFICE)
                person += 1
            output, _ = upgrading.communicate(timeout=60)
        assert upgrading.returncode == 0
        assert person > 20, "it was over before anything happened"
        send(person)
        wait_until(lambda: all(centre.status(reference) == "SENT_FOR_CARD_PRINTING" for reference in sent))

    people = residents(engine)
    assert len(people) == seeded + len(sent)
    for resident in people:
        assert resident.search_key == search_key(resident.name)
        assert centre.signer.verify(resident.chip_payload, resident.chip_signature)
        assert json.loads(resident.chip_payload)["profile"] == "5.5"
    stored = {
        resident.nik: template for resident, template in zip(people, unpack([p.template for p in people]), strict=True)
    }
    for number in range(1, person + 1):
        national = nationalise(face(number).reshape(1, 512))[0]
        assert float(national @ stored[f"350712480190{number:04d}"]) == pytest.approx(1, abs=1e-5)

    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["phase"] for line in lines if line["finished"]] == PHASES
    events = centre.events()
    assert {event.version for event in events} == {"5.4", "5.5"}
    assert "backfill" in {event.phase for event in events}
    assert events[0].phase == events[-1].phase == ""
    told = centre.client.get("/v1/version").json()
    assert (told["version"], told["phase"]) == ("5.5", "")
    assert [phase["phase"] for phase in told["upgrade"]] == PHASES
    assert all(phase["started_at"] <= phase["finished_at"] for phase in told["upgrade"])


def test_a_duplicate_in_another_office_is_found_after_the_upgrade_only(centre: Centre, settings: Settings) -> None:
    Packet("A-1", person=1).post(centre.client)
    Packet("B-2", person=2, office=OTHER_OFFICE, template=face(1)).post(centre.client)
    centre.settle()
    assert centre.status("B-2") == "SENT_FOR_CARD_PRINTING"
    assert upgrade(settings) is State.DONE
    # The same matcher, which has the old gallery in memory until it sees the version.
    Packet("B-3", person=3, office=OTHER_OFFICE, template=face(1)).post(centre.client)
    Packet("B-4", person=4, office=OTHER_OFFICE).post(centre.client)
    centre.settle()
    assert centre.status("B-3") == "DUPLICATE_RECORD"
    assert centre.status("B-4") == "SENT_FOR_CARD_PRINTING"
    assert [event.version for event in centre.events("B-3")] == ["5.5", "5.5"]


def test_who_is_enrolled_or_gets_a_card_after_the_backfill_is_brought_over_by_the_switch(
    centre: Centre, engine: Engine, settings: Settings, seeded: int
) -> None:
    Packet("A-1", person=1).post(centre.client)
    centre.work()
    centre.match()

    def meanwhile(phase: str) -> None:
        if phase == "index":
            Packet("A-2", person=2).post(centre.client)
            centre.settle()

    assert upgrade(settings, at=meanwhile) is State.DONE
    assert centre.status("A-1") == centre.status("A-2") == "SENT_FOR_CARD_PRINTING"
    people = residents(engine)
    assert len(people) == seeded + 2
    assert {json.loads(resident.chip_payload)["profile"] for resident in people} == {"5.5"}
    switch = centre.client.get("/v1/version").json()["upgrade"][-1]
    assert (switch["phase"], switch["rows_done"]) == ("switch", 2)


def test_an_interrupted_upgrade_goes_on_where_it_stopped(centre: Centre, settings: Settings, seeded: int) -> None:
    slow = ("upgrade", "--batch", "20", "--pause-s", "0.2", "--parallelism", "1")
    first = start(settings, *slow)

    def done() -> int:
        phases = centre.client.get("/v1/version").json()["upgrade"]
        return phases[1]["rows_done"] if len(phases) > 1 else 0

    with running(first):
        wait_until(lambda: done() > 0)
        first.send_signal(signal.SIGTERM)
        assert first.wait(10) == 3
    half = done()
    assert 0 < half < seeded
    assert half % 20 == 0, "it stops between batches"
    assert centre.client.get("/v1/version").json()["phase"] == ""
    second = run(settings, "upgrade")
    assert second.returncode == 0, second.stderr
    lines = [json.loads(line) for line in second.stdout.splitlines()]
    assert [line["phase"] for line in lines if line["finished"]] == PHASES[1:]
    assert done() == seeded, "each resident once"
    third = run(settings, "upgrade")
    assert (third.returncode, third.stderr.strip()) == (1, "the system has version 5.5 already")


def test_a_false_chip_stops_the_upgrade_before_anything_is_signed_anew(
    centre: Centre, engine: Engine, settings: Settings, seeded: int
) -> None:
    with engine.begin() as connection:
        nik = connection.scalar(text("SELECT max(nik) FROM residents"))
        forged = text("UPDATE residents SET chip_payload = chip_payload || '!'::bytea WHERE nik = :nik")
        connection.execute(forged, {"nik": nik})
    with pytest.raises(UpgradeError, match="a backfill process failed"):
        upgrade(settings)
    assert centre.client.get("/v1/version").json()["version"] == "5.4"
    brought_over = [resident for resident in residents(engine) if resident.search_key]
    assert len(brought_over) < seeded
    assert nik not in {resident.nik for resident in brought_over}
    Packet("A-1").post(centre.client)
    centre.settle()
    assert centre.status("A-1") == "SENT_FOR_CARD_PRINTING", "the offices work on in 5.4"


def test_only_one_upgrade_runs(engine: Engine, settings: Settings) -> None:
    with engine.connect() as other:
        assert try_lock(other, Lock.UPGRADE)
        with pytest.raises(UpgradeError, match="another upgrade is running"):
            upgrade(settings)
        other.invalidate()
    assert upgrade(settings) is State.DONE


def test_an_upgrade_told_to_stop_begins_no_phase(settings: Settings) -> None:
    asked: list[str] = []
    assert upgrade(settings, at=asked.append, stop=lambda: "expand" in asked) is State.RUNNING
    assert asked == ["expand"]
    assert upgrade(settings, at=asked.append) is State.DONE
    assert asked == PHASES
