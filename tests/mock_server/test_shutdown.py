"""Told to stop in the middle of its work, a process finishes what it has claimed, or gives it back."""

import threading
import time

import httpx
import pytest
from sqlalchemy import Engine, text

from mock_server.settings import Settings
from tests.mock_server.centre import Centre
from tests.mock_server.commands import first_line, running, start, wait_until
from tests.mock_server.packets import Packet

_WAITS_FOR_A_LOCK = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def is_held_up(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(_WAITS_FOR_A_LOCK))


def brought_to(centre: Centre, stage: str) -> None:
    """Submit packets and work on them until they wait for this stage."""
    for number in range(1, 7):
        Packet(f"A-{number}", person=number).post(centre.client)
    if stage in ("matching", "printing"):
        while centre.work():
            pass
    if stage == "printing":
        centre.settle()


@pytest.mark.parametrize(
    ("role", "stage"), [("worker", "validation"), ("matcher", "matching"), ("printers", "printing")]
)
def test_what_was_claimed_is_finished_and_nothing_stays_claimed(
    centre: Centre, engine: Engine, settings: Settings, role: str, stage: str
) -> None:
    brought_to(centre, stage)
    process = start(settings, role)
    with running(process):
        first_line(process)
        with engine.begin() as holder:
            # Held up where it hands in its work, with claims in its hands.
            holder.execute(text("LOCK TABLE stage_events"))
            done_before = holder.scalar(text("SELECT count(*) FROM stage_events"))
            wait_until(lambda: is_held_up(engine))
            process.terminate()
            time.sleep(0.3)
            assert process.poll() is None
        assert process.wait(20) == 0
    events = [event for event in centre.events() if event.stage == stage]
    assert len(centre.events()) > (done_before or 0)
    assert len({event.citizen for event in events}) == len(events)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM records WHERE claimed_by IS NOT NULL")) == 0
        waiting = connection.scalar(text("SELECT count(*) FROM records WHERE stage = :stage"), {"stage": stage})
    assert len(events) + (waiting or 0) == 6


def test_the_web_answers_what_it_has_begun(engine: Engine, settings: Settings) -> None:
    web = start(settings, "web")
    answers: list[httpx.Response] = []
    with running(web), httpx.Client(base_url=f"http://127.0.0.1:{first_line(web)['port']}", timeout=20) as client:
        clerks = [
            threading.Thread(target=lambda n=n: answers.append(Packet(f"A-{n}", person=n).post(client)))
            for n in (1, 2, 3)
        ]
        with engine.begin() as holder:
            holder.execute(text("LOCK TABLE records"))
            for clerk in clerks:
                clerk.start()
            wait_until(lambda: is_held_up(engine))
            web.terminate()
            time.sleep(0.3)
            assert web.poll() is None
        for clerk in clerks:
            clerk.join(20)
        assert web.wait(20) == 0
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM records")) == 3
