"""The audit log: everything leaves a trace, and what is altered shows."""

import asyncio
import json
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from mock_server import audit
from mock_server.access import EVERYONE, Role
from mock_server.audit import Action, Entry, Verdict
from mock_server.database import AnyRow, make_async_engine
from mock_server.settings import Settings
from mock_server.tables import audit_log
from tests.mock_server.centre import Centre, serving
from tests.mock_server.commands import run
from tests.mock_server.keyholders import Showing, issue
from tests.mock_server.packets import OFFICE, Packet, biodata

NIK = biodata(1)["nik"]


def verify(engine: Engine) -> Verdict:
    with engine.connect() as connection:
        return audit.verify(connection)


def entries(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(audit_log).order_by(audit_log.c.id)))


def tamper(engine: Engine, statement: str) -> None:
    """Do what only a superuser can: switch the trigger off, and change the log."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER ALL"))
        assert connection.execute(text(statement)).rowcount == 1
        connection.execute(text("ALTER TABLE audit_log ENABLE TRIGGER ALL"))


@pytest.fixture
def read_five_times(centre: Centre) -> Centre:
    """A centre whose log has six rows: a submission and five reads."""
    Packet("A-1").post(centre.client)
    for _ in range(5):
        centre.record("A-1")
    return centre


def test_every_read_and_change_is_written_down_with_who_and_whose(
    centre: Centre, engine: Engine, showing: Showing
) -> None:
    token = issue(engine, Role.OPERATOR, OFFICE)
    with serving(centre.settings) as server:
        client = showing(server, token)
        Packet("A-1").post(client)
        Packet("A-1").post(client)
        centre.settle()
        centre.print_all({OFFICE: 1})
        client.get("/v1/records/A-1")
        client.get("/v1/records/A-1/card")
        client.get("/v1/records/A-1/card/front.jpg")
        client.get(f"/v1/records?office={OFFICE}&status=CARD_PRINTED&since=1.5")
        client.post("/v1/records/A-1/handover")
    rows = entries(engine)
    assert {(row.key, row.office) for row in rows} == {(token.id, OFFICE)}
    assert [(row.action, row.reference, row.nik) for row in rows] == [
        ("submit", "A-1", NIK),
        ("submit", "A-1", NIK),
        ("read_record", "A-1", NIK),
        ("read_card", "A-1", NIK),
        ("read_card_front", "A-1", NIK),
        ("list_records", None, None),
        ("hand_over", "A-1", NIK),
    ]
    assert [json.loads(row.detail)["new"] for row in rows[:2]] == [True, False]
    assert json.loads(rows[5].detail) == {
        "office": OFFICE, "status": ["CARD_PRINTED"], "since": 1.5, "limit": 1000, "found": 1,
    }  # fmt: skip
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert verify(engine) == Verdict(7, audit.Link(7, rows[-1].hash), None, "")


def test_what_was_refused_or_found_nothing_changes_nothing_in_the_log(centre: Centre, engine: Engine) -> None:
    Packet("A-1").post(centre.client)
    assert centre.client.post("/v1/records/A-1/handover").status_code == 409
    assert centre.client.get("/v1/records/A-9").status_code == 404
    assert Packet("A-2", office="99.99").post(centre.client).status_code == 422
    assert [row.action for row in entries(engine)] == ["submit"]


def test_a_read_that_cannot_be_written_down_is_not_answered(centre: Centre, engine: Engine) -> None:
    Packet("A-1").post(centre.client)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_log ADD CONSTRAINT full_disk CHECK (id < 2)"))
    # uvicorn closes the connection of a request that fails.
    with httpx.Client(base_url=centre.client.base_url) as client:
        assert client.get("/v1/records/A-1").status_code == 500
    with httpx.Client(base_url=centre.client.base_url) as client:
        assert Packet("A-2", person=2).post(client).status_code == 500
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM records")) == 1
        connection.execute(text("ALTER TABLE audit_log DROP CONSTRAINT full_disk"))
    with httpx.Client(base_url=centre.client.base_url) as client:
        assert client.get("/v1/records/A-1").status_code == 200
    assert verify(engine)[:3:2] == (2, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET nik = 'X'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "DELETE FROM audit_log WHERE id < 0",
    ],
)
def test_the_database_refuses_to_change_the_log(read_five_times: Centre, statement: str) -> None:
    with read_five_times.engine.connect() as connection, pytest.raises(DBAPIError, match="the audit log only grows"):
        connection.execute(text(statement))
    assert verify(read_five_times.engine).rows == 6


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("UPDATE audit_log SET nik = '3507000000000000' WHERE id = 3", 3),
        ("UPDATE audit_log SET key = 'somebody' WHERE id = 1", 1),
        ("UPDATE audit_log SET office = '35.07' WHERE id = 2", 2),
        ("UPDATE audit_log SET at = at + 0.000001 WHERE id = 6", 6),
        ("UPDATE audit_log SET detail = '{\"count\": 0}' WHERE id = 4", 4),
        ("UPDATE audit_log SET action = 'read_card' WHERE id = 2", 2),
        ("UPDATE audit_log SET hash = repeat('0', 64) WHERE id = 5", 5),
        ("DELETE FROM audit_log WHERE id = 4", 4),
        ("DELETE FROM audit_log WHERE id = 1", 1),
        ("DELETE FROM audit_log WHERE id = 6", 6),
        ("INSERT INTO audit_log SELECT 7, at, key, office, action, reference, nik, detail, hash, hash "
         "FROM audit_log WHERE id = 6", 7),
    ],
)  # fmt: skip
def test_a_tampered_row_is_found_at_that_row(read_five_times: Centre, statement: str, row: int) -> None:
    assert verify(read_five_times.engine).broken is None
    tamper(read_five_times.engine, statement)
    verdict = verify(read_five_times.engine)
    assert (verdict.broken, verdict.head.id) == (row, row - 1)


def test_a_row_whose_hash_was_made_to_fit_is_found_by_the_one_after_it(read_five_times: Centre) -> None:
    row = SimpleNamespace(**entries(read_five_times.engine)[2]._mapping)
    row.nik = "3507000000000000"
    assigned = f"nik = '3507000000000000', hash = '{audit._hash(cast(AnyRow, row))}'"
    tamper(read_five_times.engine, f"UPDATE audit_log SET {assigned} WHERE id = 3")  # noqa: S608 - ours
    assert verify(read_five_times.engine)[2:] == (4, "row 4 does not follow on row 3")


def test_the_command_tells_what_it_found(read_five_times: Centre, settings: Settings) -> None:
    sound = run(settings, "audit", "verify")
    assert sound.returncode == 0
    assert sound.stdout.startswith("6 rows, unbroken; the last row's hash is ")
    tamper(read_five_times.engine, "UPDATE audit_log SET nik = '' WHERE id = 3")
    command = [sys.executable, "-m", "antrean", "audit", "verify", "--database-url", settings.database_url]
    broken = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert broken.returncode == 1
    assert broken.stdout == "broken at row 3: row 3 was altered; sound up to row 2\n"


def test_a_log_that_cannot_be_read_is_not_called_broken(empty_database: str, settings: Settings) -> None:
    failed = run(settings.model_copy(update={"database_url": empty_database}), "audit", "verify")
    assert failed.returncode == 2
    assert 'relation "audit_log" does not exist' in failed.stderr
    assert "Traceback" not in failed.stderr


def test_requests_at_once_keep_one_unbroken_chain(centre: Centre, engine: Engine) -> None:
    Packet("A-0").post(centre.client)
    failed: list[int] = []

    def clerk(number: int) -> None:
        with httpx.Client(base_url=centre.client.base_url) as client:
            for step in range(5):
                answers = [
                    Packet(f"C-{number}-{step}", person=number).post(client),
                    client.get(f"/v1/records/C-{number}-{step}"),
                    client.get("/v1/records/A-0"),
                ]
                failed.extend(answer.status_code for answer in answers if not answer.is_success)

    clerks = [threading.Thread(target=clerk, args=(number,)) for number in range(12)]
    for thread in clerks:
        thread.start()
    for thread in clerks:
        thread.join()
    assert failed == []
    verdict = verify(engine)
    assert (verdict.rows, verdict.broken) == (1 + 12 * 5 * 3, None)


def test_two_servers_write_one_chain(centre: Centre, engine: Engine) -> None:
    Packet("A-1").post(centre.client)
    with serving(centre.settings) as other:
        for _ in range(3):
            assert other.get("/v1/records/A-1").is_success
            centre.record("A-1")
    assert verify(engine)[:3:2] == (7, None)


def test_database_and_verifier_write_the_same_text_for_every_character(engine: Engine, settings: Settings) -> None:
    odd = "".join(map(chr, [*range(1, 0x180), 0x2028, 0xE000, 0xFEFF, 0x1F9D5])) + '"\\/\\u0041'

    async def append() -> None:
        web = make_async_engine(settings.database_url, 1, 2.0)
        async with web.begin() as connection:
            await audit.append(connection, [Entry(EVERYONE, Action.SUBMIT, odd, odd, {odd: [odd, 1e300, -0.0]})] * 2)
        await web.dispose()

    asyncio.run(append())
    assert [row.nik for row in entries(engine)] == [odd, odd]
    assert verify(engine)[:3:2] == (2, None)


def test_an_empty_log_is_unbroken(engine: Engine) -> None:
    assert verify(engine) == Verdict(0, audit.Link(0, audit.BEGINNING), None, "")
