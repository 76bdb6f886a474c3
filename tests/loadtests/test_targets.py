from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse

from loadtests.line import Line, Meter
from loadtests.targets import Adapter, Correction, PoliceLetter, PrintRoom, Replacement, TargetError, find_adapter
from loadtests.targets.example import ExampleTarget
from loadtests.targets.mock import MockTarget
from mock_server.routes import offices as routes_of_offices
from mock_server.routes import replacements as routes
from model.scenario import Scenario
from model.stages import Stage, Status
from model.strategies import changed
from tests.loadtests.foreign_stub import ForeignServer, redirect, serving_foreign
from tests.loadtests.lab import Run
from tests.loadtests.stub_server import StubServer

LETTER = PoliceLetter("LP/1", date(2016, 4, 1))
REPLACEMENT = Replacement("35.07-r0-0001", "3507010101900001", "35.07", lost=True, police_letter=LETTER)


class HalfTarget:
    """Lacks most of what is asked of a target."""

    def submit(self) -> None: ...


def test_adapters_are_found_by_name_and_by_module_and_class() -> None:
    assert find_adapter("mock") is MockTarget
    assert find_adapter("example") is ExampleTarget
    assert find_adapter("loadtests.targets.example:ExampleTarget") is ExampleTarget


@pytest.mark.parametrize("name", ["nobody", "", "nobody:X", "loadtests.targets:Nobody", "loadtests.targets.mock"])
def test_an_adapter_that_is_not_there_is_an_error_with_a_remedy(name: str) -> None:
    with pytest.raises(ValueError, match=rf"--adapter {name}: .*it is one of mock, example, or module:Class"):
        find_adapter(name)


def test_an_adapter_that_lacks_a_method_is_named_with_it() -> None:
    with pytest.raises(ValueError, match="HalfTarget: lacks replace, correct, decided, status, hand_over, version"):
        find_adapter("tests.loadtests.test_targets:HalfTarget")


@pytest.mark.parametrize(("lost", "reason", "hold"), [(True, "lost", True), (False, "damaged", False)])
def test_the_mock_server_understands_a_replacement(lost: bool, reason: str, hold: bool) -> None:
    sent: list[dict[str, Any]] = []

    def request(method: str, path: str, **options: Any) -> Any:
        assert (method, path) == ("POST", "/v1/replacements")
        sent.append(options["json"])
        return SimpleNamespace(status_code=202, content=b'{"status": "SENT_FOR_CARD_PRINTING"}')

    session: Any = SimpleNamespace(request=request)
    status = MockTarget(Line(session, Meter())).replace(REPLACEMENT._replace(lost=lost, hold_print=hold))
    assert status is Status.SENT_FOR_CARD_PRINTING
    understood = routes.Replacement.model_validate(sent[0])
    assert understood.model_dump() == {
        "reference": "35.07-r0-0001",
        "nik": "3507010101900001",
        "office": "35.07",
        "reason": reason,
        "hold_print": hold,
        "police_letter": {"number": "LP/1", "date": date(2016, 4, 1)},
    }


def print_room(*answers: bytes) -> tuple[MockTarget, list[tuple[str, str, Any]]]:
    """Give the mock server's print room, which answers so, and the requests that it gets."""
    sent: list[tuple[str, str, Any]] = []
    bodies = iter(answers)

    def request(method: str, path: str, **options: Any) -> Any:
        sent.append((method, path, options.get("json")))
        headers.append(options["headers"])
        return SimpleNamespace(status_code=200, content=next(bodies))

    headers: list[dict[str, str]] = []
    session: Any = SimpleNamespace(request=request, headers=headers)
    return MockTarget(Line(session, Meter()), "key"), sent


def test_held_cards_are_listed_and_then_released() -> None:
    target, sent = print_room(b'[{"reference": "A-1"}, {"reference": "A-2"}]', b'{"released": ["A-2"]}')
    assert target.print_held("35.07") == 1
    assert sent == [
        ("GET", "/v1/offices/35.07/held-cards?limit=10000", None),
        ("POST", "/v1/offices/35.07/held-cards/print", {"references": ["A-1", "A-2"]}),
    ]
    routes_of_offices.CardsToPrint.model_validate(sent[1][2])
    target, sent = print_room(b"[]")
    assert target.print_held("35.07") == 0
    assert len(sent) == 1


def test_the_mock_server_understands_a_switch_and_a_delivery_of_one_name() -> None:
    target, sent = print_room(b"{}", b"{}")
    target.switch_printers("35.07", on=False)
    target.deliver("35.07", 0, "35.07-1-0")
    assert [(method, path) for method, path, _ in sent] == [
        ("PUT", "/v1/offices/35.07/printers"),
        ("POST", "/v1/offices/35.07/stock"),
    ]
    assert routes_of_offices.Switch.model_validate(sent[0][2]).on is False
    assert routes_of_offices.Delivery.model_validate(sent[1][2]).blanks == 0
    session: Any = target._line._session
    assert [headers.get("Idempotency-Key") for headers in session.headers] == [None, "35.07-1-0"]


def test_only_adapters_with_a_print_room_control_the_printing() -> None:
    assert isinstance(print_room()[0], PrintRoom)
    session: Any = SimpleNamespace()
    assert not isinstance(ExampleTarget(Line(session, Meter())), PrintRoom)


def test_a_server_that_prints_by_itself_is_loaded_and_the_run_says_what_was_not_played(
    tmp_path: Path, lab: Scenario, foreign: ForeignServer
) -> None:
    scenario = changed(lab, {"offices": {"cards": {"stock": 0.1}}})
    run = Run(tmp_path, scenario, foreign.host, adapter="example")
    log = run.finish()
    assert "office 35.07: the adapter has no print room" in log
    assert run.summary()["issued"] == len(foreign.collected) > 50


def test_the_example_orders_a_duplicate_of_the_foreign_server(foreign: ForeignServer) -> None:
    status = ExampleTarget(Line(HttpSession(foreign.host), Meter())).replace(REPLACEMENT)
    assert status is Status.RECEIVED_AT_CENTRAL
    assert foreign.duplicates == {"35.07-r0-0001": "3507010101900001"}


def test_the_example_amends_a_holder_and_does_not_know_its_version(foreign: ForeignServer) -> None:
    target = ExampleTarget(Line(HttpSession(foreign.host), Meter()))
    target.correct(Correction("3507010101900001", "35.07", "address", "Jl. Kartini No. 2", "moved"))
    assert foreign.amended == {"3507010101900001": {"address": "Jl. Kartini No. 2"}}
    assert target.version("35.07") is None


@pytest.mark.parametrize(
    ("version", "upgraded_zones", "told"),
    [("5.4", [], {"5.4"}), ("5.4", ["WIT"], {"5.4", "5.5"}), ("5.5", [], {"5.5"})],
)
def test_the_mock_servers_version_is_that_of_the_offices_zone(
    stub: StubServer, version: str, upgraded_zones: list[str], told: set[str]
) -> None:
    stub.version, stub.upgraded_zones = version, upgraded_zones
    target = MockTarget(Line(HttpSession(stub.host), Meter()))
    assert target.version("35.07") == version
    assert {target.version("35.07"), target.version("91.71")} == told


class HttpSession:
    """Speaks HTTP without Locust."""

    def __init__(self, host: str) -> None:
        self._host = host

    def request(self, method: str, url: str, name: str, **options: Any) -> Any:  # noqa: ARG002 - Locust's
        return httpx.request(method, self._host + url, headers=options["headers"], json=options.get("json"))


@pytest.fixture
def foreign() -> Iterator[ForeignServer]:
    with serving_foreign() as server:
        yield server


def test_the_example_plays_a_day_against_a_foreign_server(
    tmp_path: Path, lab: Scenario, foreign: ForeignServer
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"35.07": "a", "35.73": "b"}')
    run = Run(tmp_path, lab, foreign.host, adapter="example", keys_file=keys)
    run.finish()
    summary = run.summary()
    assert summary["submitted"] == summary["planned"] == len(foreign.received) > 50
    assert summary["issued"] == len(foreign.collected) > 50
    assert summary["issued"] + summary["refused"] + summary["inside"] == summary["submitted"]
    assert foreign.keys == {"a", "b"}
    assert {event.outcome for event in run.events(Stage.HANDOVER)} <= {Status.CARD_ISSUED, Status.DUPLICATE_RECORD}


def test_a_redirect_to_another_server_is_not_followed(
    tmp_path: Path, lab: Scenario, foreign: ForeignServer, stub: StubServer
) -> None:
    foreign.fails_next = [redirect(f"{stub.host}/v1/records")]
    Run(tmp_path, lab, foreign.host, adapter="example").finish()
    assert foreign.received
    assert not stub.shown


def answering(adapter: Adapter, *, code: int, body: bytes = b"") -> Any:
    response = SimpleNamespace(status_code=code, content=body, text=body.decode())
    session: Any = SimpleNamespace(request=lambda *_, **__: response)
    return adapter(Line(session, Meter()), None)


@pytest.mark.parametrize("adapter", [MockTarget, ExampleTarget])
@pytest.mark.parametrize(
    ("code", "passing"), [(0, True), (429, True), (500, True), (503, True), (400, False), (404, False), (302, False)]
)
def test_what_may_pass_is_told_apart_from_what_will_not(adapter: Adapter, code: int, passing: bool) -> None:
    with pytest.raises(TargetError) as caught:
        answering(adapter, code=code).status("35.07-d0-0001")
    assert caught.value.passing is passing


@pytest.mark.parametrize("adapter", [MockTarget, ExampleTarget])
def test_an_answer_that_is_no_json_may_pass(adapter: Adapter) -> None:
    with pytest.raises(TargetError, match="no JSON") as caught:
        answering(adapter, code=200, body=b"<html>").status("35.07-d0-0001")
    assert caught.value.passing


def test_a_failure_of_the_foreign_server_is_tried_again(tmp_path: Path, lab: Scenario, foreign: ForeignServer) -> None:
    foreign.fails_next = [JSONResponse({}, 503), JSONResponse({}, 429)]
    run = Run(tmp_path, lab, foreign.host, adapter="example")
    run.finish()
    assert run.summary()["failed"] == 0
    assert run.summary()["retries"] >= 2


@pytest.mark.parametrize("permitted", [None, "other.example"])
def test_locust_itself_refuses_a_target_nobody_permitted(tmp_path: Path, lab: Scenario, permitted: str | None) -> None:
    run = Run(tmp_path, lab, "http://cards.example:1", permitted_host=permitted)
    _, log = run.process.communicate(timeout=30)
    assert run.process.returncode == 1
    assert "cards.example is not this machine" in log
    assert "Traceback" not in log
