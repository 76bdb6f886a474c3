"""Operators log in at the target, however often it takes, and the day's record tells of it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loadtests.line import Line, Meter
from loadtests.login import LONGEST_BACKOFF_S, LetsIn, log_in
from loadtests.targets import TargetError
from loadtests.targets.example import ExampleTarget
from loadtests.targets.mock import MockTarget
from mock_server.routes import sessions
from model.events import Exit
from model.scenario import Scenario
from model.staffing import office_day, plan_offices
from model.stages import Stage
from model.strategies import changed
from tests.loadtests.lab import Run
from tests.loadtests.stub_server import StubServer

NAME = "35.07/counter-1"


class Balky:
    """A target that lets in after so many failures."""

    def __init__(self, failures: int, *, passing: bool = True) -> None:
        self.attempts = 0
        self._failures = failures
        self._passing = passing

    def log_in(self, operator: str, password: str) -> None:
        assert (operator, password) == (NAME, "sandi")
        self.attempts += 1
        if self.attempts <= self._failures:
            raise TargetError("503", passing=self._passing)


class Nobody:
    """A target at which nobody logs in."""


def test_a_login_is_tried_until_it_succeeds_after_waits_that_stop_growing() -> None:
    target = Balky(30)
    waits_s: list[float] = []
    failed: list[bool] = []
    log_in(target, NAME, "sandi", 1, waits_s.append, lambda took_s, again: failed.append(again and took_s >= 0))
    assert target.attempts == 31
    assert failed == [True] * 30
    assert all(0.5 * wait_s <= LONGEST_BACKOFF_S for wait_s in waits_s)
    assert waits_s[0] <= 0.1 < LONGEST_BACKOFF_S / 2 <= waits_s[-1]


def test_a_refused_password_is_not_tried_again() -> None:
    target = Balky(1, passing=False)
    failed: list[bool] = []
    with pytest.raises(TargetError):
        log_in(target, NAME, "sandi", 1, lambda _: None, lambda _took_s, again: failed.append(again))
    assert (target.attempts, failed) == (1, [False])


def test_operators_do_not_come_back_at_the_same_moments() -> None:
    waits: list[list[float]] = [[], [], []]
    names = [NAME, NAME, "35.07/counter-2"]
    for waits_s, name in zip(waits, names, strict=True):
        target = Balky(3)
        target.log_in = lambda *_, balky=target: Balky.log_in(balky, NAME, "sandi")  # type: ignore[method-assign]
        log_in(target, name, "sandi", 1, waits_s.append, lambda *_: None)
    assert waits[0] == waits[1] != waits[2]


def test_a_target_need_not_let_anybody_in() -> None:
    session: Any = SimpleNamespace()
    line = Line(session, Meter())
    assert isinstance(MockTarget(line), LetsIn)
    assert isinstance(ExampleTarget(line), LetsIn)
    assert not isinstance(Nobody(), LetsIn)


def answers(sent: list[dict[str, Any]], body: bytes) -> Any:
    def request(method: str, path: str, **options: Any) -> Any:
        sent.append({"method": method, "path": path, **options})
        return SimpleNamespace(status_code=201, content=body)

    return SimpleNamespace(request=request)


def test_the_mock_server_understands_a_login_and_its_token_is_shown_from_then_on() -> None:
    sent: list[dict[str, Any]] = []
    body = json.dumps({"operator": NAME, "token": "ans_1_x", "expires_at": 9e9, "status": "CARD_ISSUED"}).encode()
    target = MockTarget(Line(answers(sent, body), Meter()), "ank_1_x")
    target.log_in(NAME, "sandi")
    target.status("A-1")
    assert sessions.Login.model_validate(sent[0]["json"]) == sessions.Login.model_validate(
        {"operator": NAME, "password": "sandi"}
    )
    assert [(each["path"], each["headers"]["Authorization"]) for each in sent] == [
        ("/v1/sessions", "Bearer ank_1_x"),
        ("/v1/records/A-1", "Bearer ans_1_x"),
    ]


def test_the_example_shows_its_ticket_beside_the_key() -> None:
    sent: list[dict[str, Any]] = []
    target = ExampleTarget(Line(answers(sent, b'{"ticket": "t-1", "state": "READY"}'), Meter()), "secret")
    target.log_in(NAME, "sandi")
    target.status("A-1")
    assert sent[0]["json"] == {"user": NAME, "password": "sandi"}
    assert sent[1]["headers"] == {"X-Api-Key": "secret", "X-Ticket": "t-1"}


@pytest.fixture
def morning(lab: Scenario) -> Scenario:
    """Give the small lab, whose operators sit down within five minutes."""
    return changed(lab, {"centre": {"login": "10 s"}, "staffing": {"punctuality": "5 min"}})


def keys_of(scenario: Scenario, folder: Path) -> Path:
    """Write the offices' keys and the operators' passwords."""
    keys = dict.fromkeys(plan_offices(scenario), "ank_1_x")
    for code, plan in plan_offices(scenario).items():
        keys |= {f"{code}/counter-{n + 1}": "sandi" for n in range(plan.counters)}
    file = folder / "keys.json"
    file.write_text(json.dumps(keys), encoding="utf-8")
    return file


def test_every_operator_of_a_day_logs_in_before_serving(tmp_path: Path, morning: Scenario, stub: StubServer) -> None:
    run = Run(tmp_path, morning, stub.host, keys_file=keys_of(morning, tmp_path))
    run.finish()
    done = {event.citizen: event for event in run.events(Stage.LOGIN)}
    plans = plan_offices(morning)
    assert len(done) == sum(plan.counters for plan in plans.values()) == len(stub.logins)
    for name, event in done.items():
        begins_s = office_day(morning, plans[event.office].office, 0).regular_start_s
        assert begins_s <= event.entered_s < begins_s + 300
        served_s = [capture.claimed_s for capture in run.events(Stage.CAPTURE) if capture.server == name]
        assert min(served_s, default=event.finished_s) >= event.finished_s
    assert run.summary()["steps"]["login"]["intended"]["count"] == len(done)
    assert run.summary()["issued"] + run.summary()["refused"] == run.summary()["arrivals"]
    shown = {(request, key) for request, _, key in stub.shown}
    assert ("POST /v1/enrollm", "Bearer ans_stub") in shown
    assert ("POST /v1/enrollm", "Bearer ank_1_x") not in shown


def test_without_passwords_operators_work_with_the_offices_key(
    tmp_path: Path, morning: Scenario, stub: StubServer
) -> None:
    run = Run(tmp_path, morning, stub.host)
    log = run.finish()
    assert "35.07/counter-1 has no password among the keys, and works without logging in" in log
    assert "login" not in run.summary()["steps"]
    assert run.summary()["issued"] > 0


def test_operators_whom_the_centre_refuses_serve_nobody(tmp_path: Path, morning: Scenario, stub: StubServer) -> None:
    stub.refuses_logins = True
    run = Run(tmp_path, morning, stub.host, keys_file=keys_of(morning, tmp_path))
    log = run.finish()
    assert "cannot log in" in log
    assert run.summary()["steps"]["login"]["failed"]["actual"]["count"] > 0
    assert {row.server for row in run.events(Stage.CAPTURE)} <= set(Exit)
