"""Who may do what: keys, roles, and what an office sees of another."""

import logging
import threading
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text, update
from starlette.routing import BaseRoute, Mount, Route

from mock_server import gate, keys
from mock_server.access import Role, Token
from mock_server.app import NoKeysError, create_app, serve
from mock_server.keyring import TRUST_S, Keyring
from mock_server.settings import Settings
from mock_server.tables import access_keys
from tests.mock_server.centre import Centre, serving
from tests.mock_server.keyholders import HOUR_S, Showing, issue
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet, face, resembling
from tests.mock_server.test_http import problem
from tests.mock_server.upgrades import put_upgrade

LIST_OF_OFFICE = f"/v1/records?office={OFFICE}&status=CARD_PRINTED"
PUBLIC = {
    "/livez",
    "/readyz",
    "/metrics",
    "/v1/signing-key",
    "/openapi.json",
    "/docs",
    "/docs/oauth2-redirect",
    "/redoc",
}
"""Routes that need no key. A route of yours that is missing here is refused by this file until you say why."""
OF_NOBODY = {
    "GET /v1/queues": 200,
    "GET /v1/version": 200,
    "GET /v1/upgrades": 200,
    "GET /v1/upgrades/{number}": 200,
    "POST /v1/upgrades": 403,
    "DELETE /v1/upgrades/{number}": 403,
    "GET /v1/faults": 200,
    "POST /v1/faults": 403,
    "DELETE /v1/faults/{number}": 403,
}
"""Routes about no person: what an operator of another office is answered."""
OF_AN_OFFICE = {
    "GET /v1/records": 403,
    "POST /v1/enrollments": 403,
    "POST /v1/replacements": 403,
    "GET /v1/residents/{nik}": 404,
    "PATCH /v1/residents/{nik}": 404,
    "GET /v1/offices/{code}": 404,
    "POST /v1/sessions": 403,
    "POST /v1/offices/{code}/stock": 403,
    "POST /v1/offices/{code}/printers/{position}/jam": 403,
    "DELETE /v1/offices/{code}/printers/{position}/jam": 403,
    "PUT /v1/offices/{code}/printers": 403,
    "GET /v1/offices/{code}/held-cards": 404,
    "POST /v1/offices/{code}/held-cards/print": 403,
}
"""Routes that name an office, or a person of one, asked for another's."""
NIK = "3507124801900001"
"""Of the person of record A-1."""
BODIES = {
    "POST /v1/replacements": {"reference": "A-9", "nik": NIK, "office": OFFICE, "reason": "lost"},
    "PATCH /v1/residents/{nik}": {"address": "Jl. Lain No. 1", "reason": "moved"},
    "POST /v1/offices/{code}/stock": {"blanks": 10},
    "POST /v1/offices/{code}/printers/{position}/jam": {"reason": "dust"},
    "PUT /v1/offices/{code}/printers": {"on": False},
    "POST /v1/offices/{code}/held-cards/print": {"references": ["A-1"]},
    "POST /v1/records/{reference}/spoiled": {"reason": "smeared"},
    "POST /v1/faults": {"kind": "latency", "stage": "matching", "delay_s": 1, "ends_at": 9e9},
    "POST /v1/adjudications/{reference}": {"decision": "unique", "reason": "twins"},
    "POST /v1/upgrades": {},
    "POST /v1/sessions": {"operator": f"{OFFICE}/counter-1", "password": "guessed"},
}


@pytest.fixture
def printed(centre: Centre, engine: Engine) -> Centre:
    """A centre with a printed card of `OFFICE`, reference A-1."""
    Packet("A-1").post(centre.client)
    centre.settle()
    centre.print_all({OFFICE: 1})
    with engine.begin() as connection:
        put_upgrade(connection, {"phase": "expand"})
    issue(engine, Role.ADMIN)
    return centre


@pytest.fixture
def guarded(settings: Settings, engine: Engine) -> Iterator[httpx.Client]:
    """A server for which a key exists, and a client that has none."""
    issue(engine, Role.ADMIN)
    with serving(settings) as client:
        yield client


@pytest.fixture
def closed(printed: Centre) -> Iterator[httpx.Client]:
    """Another server on the printed centre's database: it has seen keys from its start."""
    with serving(printed.settings) as client:
        yield client


def routes(settings: Settings) -> list[tuple[str, str]]:
    """Every (method, path) that the application serves."""
    return list(_walk(create_app(settings).routes))


def _walk(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        # FastAPI keeps an included router as one route; our paths are whole within it.
        if router := getattr(route, "original_router", None):
            yield from _walk(router.routes)
        else:
            assert isinstance(route, Route | Mount), route
            methods = getattr(route, "methods", None) or {"GET"}
            yield from ((method, route.path) for method in methods - {"HEAD"})


def call(client: httpx.Client, method: str, path: str, reference: str = "A-1") -> httpx.Response:
    """Ask for a route about a record of `OFFICE`."""
    if path == "/v1/enrollments":
        return Packet("A-1").post(client)
    if path == "/v1/records":
        path = LIST_OF_OFFICE
    if path.endswith("/recapture"):
        return Packet("A-1").post(client, path="/v1/records/A-1/recapture")
    body = BODIES.get(f"{method} {path}")
    named = {"reference": reference, "nik": NIK, "code": OFFICE, "position": "1", "number": "1"}
    for name, value in named.items():
        path = path.replace(f"{{{name}}}", value)
    return client.request(method, path, json=body)


def test_every_route_but_the_public_ones_needs_a_key(settings: Settings, closed: httpx.Client) -> None:
    found = routes(settings)
    assert ("GET", "/v1/records/{reference}") in found
    for method, path in found:
        answer = call(closed, method, path)
        if path in PUBLIC:
            assert answer.is_success, path
        else:
            problem(answer, HTTPStatus.UNAUTHORIZED)
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="antrean"'


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR])
def test_no_route_shows_or_changes_another_offices_record(
    closed: httpx.Client, settings: Settings, engine: Engine, role: Role, showing: Showing
) -> None:
    stranger = showing(closed, issue(engine, role, OTHER_OFFICE))
    for method, path in routes(settings):
        if path in PUBLIC:
            continue
        name = f"{method} {path}"
        if "{reference}" in path:
            found = problem(call(stranger, method, path), HTTPStatus.NOT_FOUND)
            assert found["detail"] == "no record 'A-1'", name
        else:
            # A KeyError here asks the author of a new route what another office's operator is answered.
            waiting = {"GET /v1/adjudications": 403 if role is Role.OPERATOR else 200}
            assert call(stranger, method, path).status_code == (OF_NOBODY | OF_AN_OFFICE | waiting)[name], name
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT status FROM records")) == "CARD_PRINTED"


def test_an_operator_works_with_the_records_of_the_own_office(
    closed: httpx.Client, engine: Engine, showing: Showing
) -> None:
    operator = showing(closed, issue(engine, Role.OPERATOR, OFFICE))
    assert operator.get("/v1/records/A-1").json()["status"] == "CARD_PRINTED"
    assert [row["reference"] for row in operator.get(LIST_OF_OFFICE).json()] == ["A-1"]
    assert operator.get("/v1/records/A-1/card").is_success
    assert operator.get("/v1/records/A-1/card/front.jpg").is_success
    assert operator.post("/v1/records/A-1/handover").json()["status"] == "CARD_ISSUED"
    assert Packet("A-2", person=2).post(operator).status_code == 202
    found = problem(Packet("A-3", office=OTHER_OFFICE).post(operator), HTTPStatus.FORBIDDEN)
    assert found["detail"] == f"this key is for office {OFFICE}"


def test_an_auditor_reads_everything_and_changes_nothing(
    closed: httpx.Client, settings: Settings, engine: Engine, showing: Showing
) -> None:
    auditor = showing(closed, issue(engine, Role.AUDITOR))
    for method, path in routes(settings):
        answer = call(auditor, method, path)
        if method == "GET":
            assert answer.is_success, path
        else:
            problem(answer, HTTPStatus.FORBIDDEN)
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="antrean", error="insufficient_scope"'


def test_an_admin_works_for_every_office(closed: httpx.Client, engine: Engine, showing: Showing) -> None:
    admin = showing(closed, issue(engine, Role.ADMIN))
    assert Packet("B-1", person=2, office=OTHER_OFFICE).post(admin).status_code == 202
    assert admin.post("/v1/records/A-1/handover").is_success


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR])
def test_only_an_admin_upgrades(closed: httpx.Client, engine: Engine, showing: Showing, role: Role) -> None:
    office = None if role is Role.AUDITOR else OFFICE
    other = showing(closed, issue(engine, role, office))
    assert problem(other.post("/v1/upgrades", json={}), 403)["detail"] == f"role {role} may not do this; an admin may"
    problem(other.delete("/v1/upgrades/1"), 403)
    assert other.get("/v1/upgrades/1").json()["state"] == "running"
    admin = showing(closed, issue(engine, Role.ADMIN))
    assert admin.delete("/v1/upgrades/1").is_success


def test_a_reference_of_another_office_tells_nothing_of_its_record(
    closed: httpx.Client, engine: Engine, showing: Showing
) -> None:
    stranger = showing(closed, issue(engine, Role.OPERATOR, OTHER_OFFICE))
    found = problem(Packet("A-1", office=OTHER_OFFICE).post(stranger), HTTPStatus.CONFLICT)
    assert "CARD_PRINTED" not in str(found)


@pytest.mark.parametrize("shown", ["", " secret", " ank_", " ank_0123456789ab", " ank_0123456789ab_secret", " ünïcode"])
def test_what_is_no_key_is_refused(guarded: httpx.Client, shown: str) -> None:
    answer = guarded.get("/v1/queues", headers={b"Authorization": f"Bearer{shown}".encode()})
    problem(answer, HTTPStatus.UNAUTHORIZED)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="antrean", error="invalid_token"'


def test_a_wrong_secret_is_refused_beside_the_right_one(
    guarded: httpx.Client, engine: Engine, showing: Showing
) -> None:
    token = issue(engine, Role.ADMIN)
    for _ in range(2):
        assert showing(guarded, token).get("/v1/queues").is_success
        wrong = Token(token.id, token.secret[::-1])
        problem(showing(guarded, wrong).get("/v1/queues"), HTTPStatus.UNAUTHORIZED)


def test_an_expired_key_is_refused(guarded: httpx.Client, engine: Engine, showing: Showing) -> None:
    expired = showing(guarded, issue(engine, Role.ADMIN, valid_s=-1.0))
    assert problem(expired.get("/v1/queues"), HTTPStatus.UNAUTHORIZED)["detail"] == "the key has expired"


def test_a_revoked_key_is_refused(guarded: httpx.Client, engine: Engine, showing: Showing) -> None:
    token = issue(engine, Role.ADMIN)
    with engine.begin() as connection:
        keys.revoke(connection, token.id)
    problem(showing(guarded, token).get("/v1/queues"), HTTPStatus.UNAUTHORIZED)


def test_a_key_in_use_is_refused_soon_after_its_revocation(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch, showing: Showing
) -> None:
    token, now_s = issue(engine, Role.ADMIN), [1_000.0]
    with engine.begin() as connection:
        connection.execute(update(access_keys).values(expires_at=now_s[0] + HOUR_S))
    monkeypatch.setattr("mock_server.app.Keyring", lambda engine: Keyring(engine, lambda: now_s[0]))
    with serving(settings) as client:
        holder = showing(client, token)
        assert holder.get("/v1/queues").is_success
        with engine.begin() as connection:
            keys.revoke(connection, token.id)
        now_s[0] += TRUST_S - 0.1
        assert holder.get("/v1/queues").is_success
        now_s[0] += 0.2
        problem(holder.get("/v1/queues"), HTTPStatus.UNAUTHORIZED)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the keys that argon2 was asked for."""
    asked: list[str] = []
    really = Token.fits

    def counted(token: Token, kept: str) -> bool:
        asked.append(token.id)
        return really(token, kept)

    monkeypatch.setattr(Token, "fits", counted)
    return asked


def test_argon2_is_asked_once_for_many_requests_at_once(
    settings: Settings, engine: Engine, checks: list[str], showing: Showing
) -> None:
    token = issue(engine, Role.ADMIN)
    codes: list[int] = []
    with serving(settings) as client:
        holders = [showing(client, token) for _ in range(8)]
        threads = [
            threading.Thread(target=lambda holder=holder: codes.append(holder.get("/v1/queues").status_code))
            for holder in holders
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert codes == [200] * 8
    assert checks == [token.id]


def test_only_so_many_keys_are_remembered(
    settings: Settings, engine: Engine, checks: list[str], monkeypatch: pytest.MonkeyPatch, showing: Showing
) -> None:
    monkeypatch.setattr("mock_server.keyring.MOST_KEYS", 2)
    tokens = [issue(engine, Role.ADMIN) for _ in range(3)]
    with serving(settings) as client:
        holders = [showing(client, token) for token in tokens]
        for holder in (*holders, holders[2], holders[0]):
            assert holder.get("/v1/queues").is_success
    assert checks == [tokens[n].id for n in (0, 1, 2, 0)]


def test_without_a_database_nobody_gets_in_and_hears_why(settings: Settings) -> None:
    with serving(settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/none"})) as client:
        problem(client.get("/v1/queues"), HTTPStatus.SERVICE_UNAVAILABLE)


def test_argon2_is_asked_once_for_a_key_and_again_for_a_new_hash(
    settings: Settings, engine: Engine, checks: list[str], monkeypatch: pytest.MonkeyPatch, showing: Showing
) -> None:
    now_s = [1_000.0]
    token = issue(engine, Role.ADMIN)
    monkeypatch.setattr("mock_server.app.Keyring", lambda engine: Keyring(engine, lambda: now_s[0]))
    with serving(settings) as client:
        for _ in range(3):
            assert showing(client, token).get("/v1/queues").is_success
            now_s[0] += TRUST_S + 1
        assert len(checks) == 1
        with engine.begin() as connection:
            connection.execute(update(access_keys).values(hash=Token.new().hash()))
        problem(showing(client, token).get("/v1/queues"), HTTPStatus.UNAUTHORIZED)
        assert len(checks) == 2


def test_the_secret_is_nowhere_in_the_database(closed: httpx.Client, engine: Engine, showing: Showing) -> None:
    token = issue(engine, Role.OPERATOR, OFFICE)
    assert showing(closed, token).get("/v1/records/A-1").is_success
    with engine.connect() as connection:
        hashes = connection.execute(text("SELECT hash FROM access_keys")).scalars().all()
        assert hashes
        assert all(kept.startswith("$argon2id$") for kept in hashes)
        tables = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars().all()  # fmt: skip
        assert {"access_keys", "audit_log"} <= set(tables)
        for table in tables:
            rows = text(f"SELECT t::text FROM {table} t")  # noqa: S608 - a name from the catalogue
            assert not any(token.secret in row for row in connection.execute(rows).scalars()), table


def test_the_first_key_closes_a_server_and_revoking_the_last_does_not_open_it(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [1_000.0]
    monkeypatch.setattr("mock_server.app.Keyring", lambda engine: Keyring(engine, lambda: now_s[0]))
    with serving(settings) as client:
        assert client.get("/v1/queues").is_success
        token = issue(engine, Role.ADMIN)
        now_s[0] += TRUST_S + 1
        problem(client.get("/v1/queues"), HTTPStatus.UNAUTHORIZED)
        with engine.begin() as connection:
            keys.revoke(connection, token.id)
        now_s[0] += TRUST_S + 1
        problem(client.get("/v1/queues"), HTTPStatus.UNAUTHORIZED)
    with serving(settings) as restarted:
        problem(restarted.get("/v1/queues"), HTTPStatus.UNAUTHORIZED)


def test_a_server_without_keys_says_that_it_is_open(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "mock_server.keyring"), serving(settings) as client:
        for _ in range(3):
            assert client.get("/v1/queues").is_success
    assert [record.message[:25] for record in caplog.records] == ["no key was ever issued: w"]


def test_a_key_sends_no_more_than_its_allowance_and_reads_on(
    settings: Settings, engine: Engine, showing: Showing
) -> None:
    one, other = issue(engine, Role.OPERATOR, OFFICE), issue(engine, Role.OPERATOR, OTHER_OFFICE)
    with serving(settings.model_copy(update={"uploads_per_s": 0.01, "upload_burst": 2})) as client:
        operator = showing(client, one)
        assert [Packet(f"A-{n}", person=n).post(operator).status_code for n in range(2)] == [202, 202]
        answer = Packet("A-2", person=2).post(operator)
        problem(answer, HTTPStatus.TOO_MANY_REQUESTS)
        assert 90 <= int(answer.headers["Retry-After"]) <= 100
        assert operator.get("/v1/records/A-1").is_success
        assert Packet("B-1", person=3, office=OTHER_OFFICE).post(showing(client, other)).status_code == 202


@pytest.mark.parametrize("spent", ["none", "revoked", "expired"])
def test_the_server_refuses_to_listen_to_others_without_an_active_key(
    settings: Settings, engine: Engine, spent: str
) -> None:
    if spent == "revoked":
        token = issue(engine, Role.ADMIN)
        with engine.begin() as connection:
            keys.revoke(connection, token.id)
    if spent == "expired":
        issue(engine, Role.ADMIN, valid_s=-1.0)
    everywhere = settings.model_copy(update={"host": "0.0.0.0"})  # noqa: S104 - it is refused
    told: list[int] = []
    with pytest.raises(NoKeysError, match=r"does not listen on '0\.0\.0\.0'"):
        serve(everywhere, lambda: True, told.append)
    assert told == []


def test_with_a_key_the_server_listens_to_others(settings: Settings, engine: Engine) -> None:
    issue(engine, Role.ADMIN)
    told: list[int] = []
    # TEST-NET-1 is nobody's, so that the test listens on nothing that others reach; only binding can fail.
    with pytest.raises(OSError, match="assign"):
        serve(settings.model_copy(update={"host": "192.0.2.1"}), lambda: True, told.append)


def test_the_gate_opens_for_what_it_names_only(settings: Settings) -> None:
    paths = {path for _, path in routes(settings)}
    assert paths >= gate.OPEN
    assert {path for path in paths if not path.startswith(gate.GUARDED)} <= PUBLIC


def test_no_secret_has_a_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ANTREAN_DATABASE_URL", "ANTREAN_SIGNING_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match=r"(?s)database_url.*signing_key_file"):
        Settings()
    with pytest.raises(FileNotFoundError):
        create_app(Settings(database_url="postgresql://nowhere", signing_key_file=tmp_path / "none.pem"))


def test_a_known_replacement_is_not_told_to_another_office(
    closed: httpx.Client, engine: Engine, showing: Showing
) -> None:
    own = showing(closed, issue(engine, Role.OPERATOR, OFFICE))
    assert own.post("/v1/records/A-1/handover").is_success
    asked = {"reference": "R-1", "nik": NIK, "office": OFFICE, "reason": "lost"}
    assert own.post("/v1/replacements", json=asked).status_code == 202
    assert own.post("/v1/replacements", json=asked).status_code == 200
    stranger = showing(closed, issue(engine, Role.OPERATOR, OTHER_OFFICE))
    problem(stranger.post("/v1/replacements", json=asked | {"office": OTHER_OFFICE}), HTTPStatus.CONFLICT)


def test_every_change_and_every_read_of_a_person_is_in_the_audit_log(
    closed: httpx.Client, printed: Centre, engine: Engine, showing: Showing
) -> None:
    admin = showing(closed, issue(engine, Role.ADMIN))
    Packet("A-2", person=2, template=resembling(face(1), 0.7)).post(admin)
    printed.settle()
    asked = [
        ("submit", None),
        ("list_adjudications", ("GET", "/v1/adjudications")),
        ("adjudicate", ("POST", "/v1/adjudications/{reference}", "A-2")),
        ("spoil_card", ("POST", "/v1/records/{reference}/spoiled")),
        ("deliver_stock", ("POST", "/v1/offices/{code}/stock")),
        ("report_jam", ("POST", "/v1/offices/{code}/printers/{position}/jam")),
        ("clear_jam", ("DELETE", "/v1/offices/{code}/printers/{position}/jam")),
        ("inject_fault", ("POST", "/v1/faults")),
        ("end_fault", ("DELETE", "/v1/faults/{number}")),
        ("read_resident", ("GET", "/v1/residents/{nik}")),
        ("correct_resident", ("PATCH", "/v1/residents/{nik}")),
        ("hand_over", ("POST", "/v1/records/{reference}/handover")),
        ("replace_card", ("POST", "/v1/replacements")),
    ]
    for action, request in asked:
        if action == "hand_over":
            printed.settle()
            printed.print_all({OFFICE: 2})
        if request is not None:
            answer = call(admin, *request)
            assert answer.is_success, (action, answer.text)
    with engine.connect() as connection:
        written = connection.scalars(text("SELECT action FROM audit_log WHERE key IS NOT NULL ORDER BY id")).all()
    assert written == [action for action, _ in asked]
