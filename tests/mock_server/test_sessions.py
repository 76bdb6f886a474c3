"""Operators log in: with the office's key and their own password, for a session that does what the key does."""

import asyncio
import time
from collections.abc import Iterator
from http import HTTPStatus

import httpx
import pytest
from sqlalchemy import Engine, select, text, update

from mock_server import keys
from mock_server.access import NotAuthenticatedError, Role, Token
from mock_server.database import make_async_engine
from mock_server.keyring import TRUST_S, Keyring
from mock_server.sessions import enlist
from mock_server.settings import Settings
from mock_server.tables import audit_log, sessions
from tests.mock_server.centre import serving
from tests.mock_server.keyholders import HOUR_S, Showing, issue
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet
from tests.mock_server.test_http import problem

NAME = f"{OFFICE}/counter-1"
REFUSAL = "the operator is unknown here, or the password is wrong"


@pytest.fixture
def password(engine: Engine) -> str:
    with engine.begin() as connection:
        return enlist(connection, {OFFICE: [NAME], OTHER_OFFICE: []})[NAME]


@pytest.fixture
def key(engine: Engine) -> Token:
    return issue(engine, Role.OPERATOR, OFFICE)


@pytest.fixture
def server(settings: Settings, key: Token) -> Iterator[httpx.Client]:  # noqa: ARG001 - a server that asks for keys
    with serving(settings) as client:
        yield client


def log_in(client: httpx.Client, password: str, operator: str = NAME) -> httpx.Response:
    return client.post("/v1/sessions", json={"operator": operator, "password": password})


def session(client: httpx.Client, password: str) -> str:
    answer = log_in(client, password)
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    return str(answer.json()["token"])


def audited(engine: Engine) -> list[tuple[str, str | None, str]]:
    with engine.connect() as connection:
        query = select(audit_log.c.action, audit_log.c.key, audit_log.c.detail).order_by(audit_log.c.id)
        return [tuple(row) for row in connection.execute(query)]


def test_a_session_does_what_the_key_does(
    server: httpx.Client, key: Token, password: str, settings: Settings, showing: Showing
) -> None:
    answer = log_in(showing(server, key), password).json()
    assert answer["operator"] == NAME
    assert answer["expires_at"] == pytest.approx(time.time() + settings.session_s, abs=60)
    operator = showing(server, answer["token"])
    assert Packet("A-1").post(operator).status_code == HTTPStatus.ACCEPTED
    assert operator.get("/v1/records/A-1").json()["status"] == "RECEIVED_AT_CENTRAL"
    problem(Packet("B-1", office=OTHER_OFFICE).post(operator), HTTPStatus.FORBIDDEN)


def test_who_logs_in_is_written_down_and_who_is_refused_too(
    server: httpx.Client, key: Token, password: str, engine: Engine, showing: Showing
) -> None:
    office = showing(server, key)
    token = session(office, password)
    problem(log_in(office, "wrong"), HTTPStatus.FORBIDDEN)
    session_id = token.split("_")[1]
    assert audited(engine) == [
        ("log_in", key.id, f'{{"operator": "{NAME}", "session": "{session_id}"}}'),
        ("refuse_login", key.id, f'{{"operator": "{NAME}"}}'),
    ]


@pytest.mark.parametrize(
    ("role", "office", "operator", "right"),
    [
        (Role.OPERATOR, OFFICE, NAME, False),
        (Role.OPERATOR, OFFICE, "35.07/counter-9", True),
        (Role.OPERATOR, OTHER_OFFICE, NAME, True),
        (Role.AUDITOR, None, NAME, True),
    ],
)
def test_a_wrong_password_another_office_and_one_who_only_reads_are_refused(
    server: httpx.Client,
    password: str,
    engine: Engine,
    showing: Showing,
    role: Role,
    office: str | None,
    operator: str,
    right: bool,
) -> None:
    client = showing(server, issue(engine, role, office))
    answer = problem(log_in(client, password if right else "guessed", operator), HTTPStatus.FORBIDDEN)
    assert answer["detail"] == (REFUSAL if role is Role.OPERATOR else "role auditor may not do this")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sessions")) == 0


def test_without_the_offices_key_nobody_logs_in(server: httpx.Client, password: str) -> None:
    problem(log_in(server, password), HTTPStatus.UNAUTHORIZED)


@pytest.mark.parametrize("shown", ["ans_", "ans_0123456789ab_secret", "ans_0123456789ab"])
def test_what_is_no_session_is_refused(server: httpx.Client, showing: Showing, shown: str) -> None:
    problem(showing(server, shown).get("/v1/queues"), HTTPStatus.UNAUTHORIZED)


def test_another_secret_is_refused(server: httpx.Client, key: Token, password: str, showing: Showing) -> None:
    token = session(showing(server, key), password)
    problem(showing(server, token[:-1]).get("/v1/queues"), HTTPStatus.UNAUTHORIZED)
    assert showing(server, token).get("/v1/queues").is_success


def test_an_expired_session_is_refused_and_cleared_away_by_the_next_login(
    server: httpx.Client, key: Token, password: str, engine: Engine, showing: Showing
) -> None:
    office = showing(server, key)
    token = session(office, password)
    with engine.begin() as connection:
        connection.execute(update(sessions).values(expires_at=time.time() - 1))
    answer = problem(showing(server, token).get("/v1/queues"), HTTPStatus.UNAUTHORIZED)
    assert answer["detail"] == "the session has expired"
    session(office, password)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sessions")) == 1


async def soon_after_a_revocation(settings: Settings, engine: Engine, token: str, key: Token) -> list[str]:
    now_s, answers = [time.time()], []
    async_engine = make_async_engine(settings.database_url, 1, 2.0)
    keyring = Keyring(async_engine, now=lambda: now_s[0])
    answers.append((await keyring.caller(token)).key)
    with engine.begin() as connection:
        keys.revoke(connection, key.id)
    now_s[0] += TRUST_S + 1
    with pytest.raises(NotAuthenticatedError, match="its key revoked"):
        await keyring.caller(token)
    await async_engine.dispose()
    return [str(answer) for answer in answers]


def test_a_session_ends_with_its_key(
    server: httpx.Client, settings: Settings, key: Token, password: str, engine: Engine, showing: Showing
) -> None:
    token = session(showing(server, key), password)
    assert asyncio.run(soon_after_a_revocation(settings, engine, token, key)) == [key.id]


def test_a_session_of_before_the_first_key_opens_nothing_afterwards(
    settings: Settings, password: str, engine: Engine, showing: Showing
) -> None:
    with serving(settings) as open_server:
        token = session(open_server, password)
    issue(engine, Role.ADMIN, valid_s=HOUR_S)
    with serving(settings) as closed:
        problem(showing(closed, token).get("/v1/queues"), HTTPStatus.UNAUTHORIZED)


def test_logins_count_against_the_keys_allowance(
    settings: Settings, key: Token, password: str, showing: Showing
) -> None:
    mean = settings.model_copy(update={"uploads_per_s": 0.001, "upload_burst": 1})
    with serving(mean) as server:
        office = showing(server, key)
        assert log_in(office, password).status_code == HTTPStatus.CREATED
        assert problem(log_in(office, password), HTTPStatus.TOO_MANY_REQUESTS)


def test_neither_passwords_nor_tokens_are_kept(
    server: httpx.Client, key: Token, password: str, engine: Engine, showing: Showing
) -> None:
    token = session(showing(server, key), password)
    with engine.connect() as connection:
        kept = "".join(
            str(connection.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608 - our own names
            for table in ("operators", "sessions", "audit_log", "idempotency_keys")
        )
    assert password not in kept
    assert token.split("_", 2)[2] not in kept
