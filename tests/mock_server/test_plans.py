"""The plans of an upgrade, and the way back."""

import json
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, text

from mock_server.adapters.signer import EcdsaSigner
from mock_server.pipeline.versions import Version
from mock_server.refusals import RefusedError
from mock_server.seed import seed_residents
from mock_server.settings import Settings
from mock_server.upgrade.orders import State, Throttle
from mock_server.upgrade.work import UpgradeError
from model.upgrade import Plan
from tests.mock_server.centre import Centre
from tests.mock_server.commands import wait_until
from tests.mock_server.packets import OFFICE, Packet, face
from tests.mock_server.upgrading import check_version, faces, processes, residents, upgrade

EAST, MIDDLE = "91.71", "73.71"
"""Offices of WIT and WITA; `OFFICE` is in WIB."""
ROLLING = [
    *("expand", "index"),
    *("backfill WIT", "switch WIT", "backfill WITA", "switch WITA", "backfill WIB", "switch WIB"),
    "contract",
]


@pytest.fixture
def seeded(engine: Engine, settings: Settings) -> int:
    """Residents of all zones, and offices of them that submit."""
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO offices (code, printers) VALUES ('{EAST}', 1), ('{MIDDLE}', 1)"))  # noqa: S608
        weights = {OFFICE: 1.0, EAST: 1.0, MIDDLE: 1.0}
        seed_residents(connection, 600, 1, weights, EcdsaSigner.load(settings.signing_key_file))
    return 600


def versions_told(centre: Centre, reference: str) -> set[str]:
    return {event.version for event in centre.events(reference)}


def test_a_big_bang_does_it_in_one_step(centre: Centre, engine: Engine, settings: Settings, seeded: int) -> None:
    before, asked = faces(engine, Version.V5_4), list[str]()
    assert upgrade(settings, Plan.BIG_BANG, at=asked.append, throttle=Throttle(100, 0, 2)) is State.DONE
    assert asked == ["big-bang"]
    check_version(engine, settings, Version.V5_5)
    after = faces(engine, Version.V5_5)
    assert all(np.allclose(after[nik], before[nik], atol=1e-5) for nik in before)
    phase = centre.client.get("/v1/version").json()["upgrade"][0]
    assert (phase["rows_done"], phase["rows_left"]) == (seeded, 0)
    assert phase["longest_lock_s"] > 0


def test_processes_at_work_outlast_a_big_bang(centre: Centre, engine: Engine, settings: Settings, seeded: int) -> None:
    assert seeded
    Packet("A-1").post(centre.client)
    with processes(settings):
        wait_until(lambda: centre.status("A-1") == "SENT_FOR_CARD_PRINTING")
        assert upgrade(settings, Plan.BIG_BANG) is State.DONE
        Packet("A-2", person=2).post(centre.client)
        wait_until(lambda: centre.status("A-2") == "SENT_FOR_CARD_PRINTING")
    check_version(engine, settings, Version.V5_5)
    assert versions_told(centre, "A-1") == {"5.4"}
    assert versions_told(centre, "A-2") == {"5.5"}


def test_a_rolling_upgrade_takes_zone_after_zone_from_the_east(
    centre: Centre, engine: Engine, settings: Settings, seeded: int
) -> None:
    asked, told = list[str](), dict[str, set[str]]()

    def at(phase: str) -> None:
        asked.append(phase)
        if phase != "backfill WITA":
            return
        # Between the zones: the east has the new version, the others do not.
        assert centre.client.get("/v1/version").json()["upgraded_zones"] == ["WIT"]
        for person, office in enumerate((EAST, MIDDLE, OFFICE), 1):
            Packet(f"R-{person}", person=person, office=office).post(centre.client)
        # The east finds a duplicate in another office of the east only: in all of what is national so far.
        Packet("R-4", person=4, office=OFFICE, template=face(1)).post(centre.client)
        Packet("R-5", person=5, office=EAST, template=face(1)).post(centre.client)
        centre.settle()
        told.update({f"R-{person}": versions_told(centre, f"R-{person}") for person in (1, 2, 3)})

    assert upgrade(settings, Plan.ROLLING, at=at) is State.DONE
    assert asked == ROLLING
    assert told == {"R-1": {"5.5"}, "R-2": {"5.4"}, "R-3": {"5.4"}}
    assert centre.status("R-4") == "SENT_FOR_CARD_PRINTING", "WIB still searched its own office only"
    assert centre.status("R-5") == "DUPLICATE_RECORD"
    check_version(engine, settings, Version.V5_5)
    people = faces(engine, Version.V5_5)
    assert len(people) == seeded + 4
    for person in (1, 2, 3):
        cosine = float(face(person) @ people[f"350712480190{person:04d}"])
        assert cosine == pytest.approx(1, abs=1e-5)


def test_a_matcher_that_starts_between_the_zones_knows_everybody(
    centre: Centre, engine: Engine, settings: Settings, seeded: int
) -> None:
    assert seeded
    statuses: list[str] = []

    def at(phase: str) -> None:
        if phase == "backfill WITA":
            # One enrolled under each version, then a matcher that reads all of it from the database.
            Packet("R-1", person=1, office=EAST).post(centre.client)
            Packet("R-2", person=2, office=OFFICE).post(centre.client)
            centre.settle()
            centre.forget_gallery()
            Packet("R-3", person=3, office=EAST, template=face(1)).post(centre.client)
            Packet("R-4", person=4, office=OFFICE, template=face(2)).post(centre.client)
            Packet("R-5", person=5, office=EAST, template=face(2)).post(centre.client)
            centre.settle()
            statuses.extend(centre.status(f"R-{number}") for number in (3, 4, 5))

    assert upgrade(settings, Plan.ROLLING, at=at) is State.DONE
    assert statuses == ["DUPLICATE_RECORD", "DUPLICATE_RECORD", "SENT_FOR_CARD_PRINTING"]
    check_version(engine, settings, Version.V5_5)


@pytest.mark.parametrize("plan", [Plan.ONLINE, Plan.BIG_BANG])
def test_the_way_back_restores_everybody(
    centre: Centre, engine: Engine, settings: Settings, seeded: int, plan: Plan
) -> None:
    before = faces(engine, Version.V5_4)
    assert upgrade(settings) is State.DONE
    Packet("A-1", person=1).post(centre.client)
    centre.settle()
    asked = list[str]()

    def at(phase: str) -> None:
        asked.append(phase)
        if phase == "switch":
            Packet("A-2", person=2).post(centre.client)
            centre.settle()

    assert upgrade(settings, plan, Version.V5_4, at=at) is State.DONE
    assert asked == (["expand", "backfill", "switch"] if plan is Plan.ONLINE else ["big-bang"])
    check_version(engine, settings, Version.V5_4)
    after = faces(engine, Version.V5_4)
    assert len(after) == seeded + (2 if plan is Plan.ONLINE else 1)
    assert all(np.allclose(after[nik], before[nik], atol=1e-5) for nik in before)
    Packet("A-3", person=3).post(centre.client)
    centre.settle()
    assert versions_told(centre, "A-3") == {"5.4"}
    assert upgrade(settings) is State.DONE, "and there again"
    check_version(engine, settings, Version.V5_5)


def test_what_an_unfinished_upgrade_did_can_be_taken_back(
    centre: Centre, engine: Engine, settings: Settings, seeded: int
) -> None:
    assert seeded
    asked = list[str]()

    def stop_it(phase: str) -> None:
        asked.append(phase)
        if phase == "switch WIT":
            centre.client.delete("/v1/upgrades/1")

    assert upgrade(settings, Plan.ROLLING, at=stop_it) is State.STOPPED
    assert asked == ROLLING[:4]
    assert centre.client.get("/v1/version").json()["upgraded_zones"] == ["WIT"]
    assert upgrade(settings, to=Version.V5_4) is State.DONE
    check_version(engine, settings, Version.V5_4)
    Packet("A-1", office=EAST).post(centre.client)
    centre.settle()
    assert versions_told(centre, "A-1") == {"5.4"}


def test_an_unfinished_way_back_can_be_taken_back(
    centre: Centre, engine: Engine, settings: Settings, seeded: int
) -> None:
    assert seeded
    upgrade(settings)

    def stop_it(phase: str) -> None:
        if phase == "backfill":
            centre.client.delete("/v1/upgrades/2")

    assert upgrade(settings, to=Version.V5_4, at=stop_it) is State.STOPPED
    assert upgrade(settings, to=Version.V5_5) is State.DONE
    check_version(engine, settings, Version.V5_5)


def test_a_way_back_by_zones_is_refused(engine: Engine, settings: Settings) -> None:
    upgrade(settings)
    with pytest.raises(RefusedError, match="online or big-bang"):
        upgrade(settings, Plan.ROLLING, Version.V5_4)
    check_version(engine, settings, Version.V5_5)


def test_the_backfill_keeps_to_its_windows(engine: Engine, settings: Settings, seeded: int) -> None:
    now = time.time()
    windows = ((now, now + 1.0), (now + 2.0, now + 60.0))
    slow = Throttle(batch=60, pause_s=0.25, parallelism=1)
    assert upgrade(settings, throttle=slow, windows=windows) is State.DONE
    check_version(engine, settings, Version.V5_5)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM upgrade_phases WHERE phase = 'backfill'")).one()
    assert row.rows_done == seeded
    assert row.finished_at > now + 2.0, "600 residents at 60 in a quarter of a second do not fit into the first window"


def test_an_upgrade_whose_windows_have_closed_says_so_and_goes_on_in_later_ones(
    engine: Engine, settings: Settings, seeded: int
) -> None:
    now = time.time()
    slow = Throttle(batch=20, pause_s=0.5, parallelism=1)
    with pytest.raises(UpgradeError, match="the last window has closed"):
        upgrade(settings, throttle=slow, windows=((now, now + 4.0),))
    over = sum(resident.next_template is not None for resident in residents(engine))
    assert 0 < over < seeded
    assert upgrade(settings) is State.DONE
    check_version(engine, settings, Version.V5_5)


def test_a_foreign_residents_permit_outlasts_the_way_back(centre: Centre, engine: Engine, settings: Settings) -> None:
    upgrade(settings)
    expires = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    permit = {"kind": "KITAP", "number": "2C11JE4321-X", "expires": expires}
    Packet("A-1", biodata={"nationality": "JEPANG"}, permit=permit).post(centre.client)
    centre.settle()
    assert upgrade(settings, to=Version.V5_4) is State.DONE
    check_version(engine, settings, Version.V5_4)
    assert upgrade(settings) is State.DONE
    check_version(engine, settings, Version.V5_5)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT number FROM permits")).scalars().all() == [permit["number"]]
        chip = json.loads(connection.scalar(text("SELECT chip_payload FROM residents")))
    assert (chip["holder"], chip["expires"]) == ("foreign resident", expires)
