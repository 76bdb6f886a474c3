"""The load side's own requests against the real server: every errand, from what is asked to the card in hand."""

from typing import Any

import pytest
from sqlalchemy import Engine

from loadtests.errand import Errands
from loadtests.line import Line, Meter
from loadtests.targets import TargetError
from loadtests.targets.mock import MockTarget
from mock_server.access import Role
from mock_server.settings import Settings
from model.arrivals import Citizen
from model.errands import NEEDS, Errand, offers
from model.scenario import Scenario
from model.scenario_file import load
from model.stages import Stage, Status
from tests.mock_server.centre import Centre
from tests.mock_server.keyholders import Showing, issue
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet, biodata
from tests.mock_server.upgrading import upgrade

HOLDER = biodata(1)["nik"]


@pytest.fixture(scope="module")
def april() -> Scenario:
    return load("april-2016")


@pytest.fixture
def holder(centre: Centre, engine: Engine) -> Centre:
    """A centre that asks for keys, in whose second office person 1 is at home and has a card."""
    centre.client.headers["Authorization"] = f"Bearer {issue(engine, Role.ADMIN)}"
    Packet("A-1", person=1, office=OTHER_OFFICE).post(centre.client)
    centre.settle()
    centre.print_all({OTHER_OFFICE: 1})
    assert centre.client.post("/v1/records/A-1/handover").status_code == 200
    return centre


class Session:
    """Speaks as Locust's session does, with an office's client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def request(self, method: str, url: str, name: str, **options: Any) -> Any:  # noqa: ARG002 - Locust's
        words = {"data": "content", "allow_redirects": "follow_redirects"}
        return self._client.request(method, url, **{words.get(name, name): value for name, value in options.items()})


def target_of(centre: Centre, engine: Engine, showing: Showing, office: str, role: Role) -> MockTarget:
    return MockTarget(Line(Session(showing(centre.client, issue(engine, role, office))), Meter()))


def visitor(errand: Errand) -> Citizen:
    office = OFFICE if errand is not Errand.REPLACEMENT and errand is not Errand.CORRECTION else OTHER_OFFICE
    return Citizen(f"{office}-d0-{list(Errand).index(errand):04d}", office, 0.0, 1.0, None, (), errand)


@pytest.mark.parametrize("errand", list(Errand))
def test_on_5_5_every_errand_ends_with_a_card_in_hand(
    holder: Centre, settings: Settings, engine: Engine, showing: Showing, april: Scenario, errand: Errand
) -> None:
    upgrade(settings)
    holder.forget_gallery()
    citizen = visitor(errand)
    target = target_of(holder, engine, showing, citizen.office, Role.OPERATOR)
    supervisor = target_of(holder, engine, showing, citizen.office, Role.SUPERVISOR)
    ask = Errands(april, {citizen.name: HOLDER}).prepare(citizen)
    version = target.version(citizen.office)
    assert version is not None
    assert offers(version, errand)
    needs = NEEDS[errand]
    first = Status.RECEIVED_AT_CENTRAL if needs.capture else Status.PRINT_READY_RECORD
    assert ask(target, supervisor) is first
    ask(target, supervisor)
    holder.settle()
    holder.print_all({OFFICE: 1, OTHER_OFFICE: 1})
    assert [standing.reference for standing in target.decided(citizen.office, 0.0)] == [citizen.name]
    target.hand_over(citizen.name)
    assert target.status(citizen.name) is Status.CARD_ISSUED
    assert [event.stage for event in holder.events(citizen.name)] == [*needs.stages, Stage.PRINTING]


def test_a_correction_is_on_the_record_and_takes_a_supervisor(
    holder: Centre, engine: Engine, showing: Showing, april: Scenario
) -> None:
    citizen = visitor(Errand.CORRECTION)
    ask = Errands(april, {citizen.name: HOLDER}).prepare(citizen)
    before = holder.client.get(f"/v1/residents/{HOLDER}").json()
    operator = target_of(holder, engine, showing, OTHER_OFFICE, Role.OPERATOR)
    with pytest.raises(TargetError, match="403") as refused:
        ask(operator, operator)
    assert not refused.value.passing
    ask(operator, target_of(holder, engine, showing, OTHER_OFFICE, Role.SUPERVISOR))
    after = holder.client.get(f"/v1/residents/{HOLDER}").json()
    [correction] = after["corrections"]
    assert after[correction["field"]] == correction["new"] != before[correction["field"]]


@pytest.mark.parametrize("errand", [errand for errand in Errand if not offers("5.4", errand)])
def test_what_the_model_says_5_4_does_not_offer_the_server_refuses_for_good(
    holder: Centre, engine: Engine, showing: Showing, april: Scenario, errand: Errand
) -> None:
    citizen = visitor(errand)
    target = target_of(holder, engine, showing, citizen.office, Role.OPERATOR)
    assert target.version(citizen.office) == "5.4"
    with pytest.raises(TargetError, match=r"409.*version 5\.5 brings it") as refused:
        Errands(april, {citizen.name: HOLDER}).prepare(citizen)(target, target)
    assert not refused.value.passing
