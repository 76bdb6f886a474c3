"""The printing clerk, whose day passes in no time; what the server makes of it is in tests/agreement."""

from types import SimpleNamespace
from typing import Any

import pytest

from loadtests.printing_clerk import PrintingClerk, wants_clerk
from loadtests.targets import TargetError
from model.clock import Clock
from model.scenario import Scenario
from model.staffing import plan_offices
from model.strategies import changed
from model.units import HOUR_S

MALANG = "35.07"


class Hours:
    """A clock that stands while somebody works, and is at once where somebody waits for."""

    def __init__(self, begins_h: float) -> None:
        self.clock = Clock(600.0, 1_000.0, 8 * HOUR_S)
        self.hour = begins_h

    def now_s(self) -> float:
        return self.hour * HOUR_S

    def wall_s(self) -> float:
        return self.clock.to_wall_s(self.now_s())

    def sleep_until(self, moment_s: float) -> None:
        self.hour = max(self.hour, moment_s / HOUR_S)


class Room:
    """A print room that writes down what it is asked, and when; the first of the requests in `fails` fail."""

    def __init__(self, hours: Hours, *fails: str) -> None:
        self.asked: list[tuple[float, str, object]] = []
        self.delivered: dict[str, int] = {}
        self._hours = hours
        self._fails = list(fails)

    def switch_printers(self, office: str, on: bool) -> None:
        self._note("switch", office, on)

    def print_held(self, office: str) -> int:
        self._note("print", office, None)
        return 0

    def deliver(self, office: str, blanks: int, delivery: str) -> None:
        self._note("deliver", office, blanks)
        self.delivered[delivery] = blanks

    def of(self, request: str) -> list[tuple[float, object]]:
        return [(hour, said) for hour, what, said in self.asked if what == request]

    def _note(self, request: str, office: str, said: object) -> None:
        assert office == MALANG
        self.asked.append((round(self._hours.hour, 3), request, said))
        if request in self._fails:
            self._fails.remove(request)
            raise TargetError("not now", passing=True)


def worked(
    scenario: Scenario, tables: dict[str, Any], *fails: str, days: int = 1, begins_h: float = 7.9
) -> tuple[Room, PrintingClerk, list[float]]:
    """Let a clerk work to the end of the last day; returns the failed requests' times, too."""
    scenario = changed(scenario, tables)
    hours = Hours(begins_h)
    failed: list[float] = []
    room = Room(hours, *fails)
    day: Any = SimpleNamespace(
        scenario=scenario,
        days=range(days),
        clock=hours,
        record=SimpleNamespace(failed_request=failed.append),
    )
    clerk = PrintingClerk(day, plan_offices(scenario)[MALANG], room, room)
    clerk.begin()
    assert clerk._work is not None
    clerk._work.get()
    return room, clerk, failed


NIGHTS = {"offices": {"batch_printing": ["22:00-24:00", "00:00-02:00"]}}


def test_nobody_is_needed_where_printers_are_always_on_and_blanks_endless(lab: Scenario) -> None:
    assert not wants_clerk(lab, range(1))
    assert wants_clerk(lab, range(2)), "there is a night between"
    assert wants_clerk(changed(lab, NIGHTS), range(1))
    assert wants_clerk(changed(lab, {"offices": {"cards": {"stock": 1.0}}}), range(1))


def test_printers_follow_the_shifts_and_the_batches_hours(lab: Scenario) -> None:
    room, _, failed = worked(lab, NIGHTS, days=2)
    # Off before the shift of 08:00 to 20:00; the night is one spell over midnight.
    assert room.of("switch") == [
        (7.9, False),
        (8.0, True),
        (20.0, False),
        (22.0, True),
        (26.0, False),
        (32.0, True),
        (44.0, False),
        (46.0, True),
        (50.0, False),
    ]
    assert failed == []


def test_held_cards_are_looked_for_in_the_batches_hours_only(lab: Scenario) -> None:
    room, _, _ = worked(lab, NIGHTS)
    looks = [hour for hour, _ in room.of("print")]
    assert min(looks) == 22.0
    assert max(looks) == pytest.approx(26.0, abs=0.3)
    # At the lab's speed a look every tenth of a second of wall time is one in so many hours.
    step = 0.1 * lab.load.speedup / HOUR_S
    assert len(looks) == pytest.approx(4 / step, abs=2)


def test_without_batches_nothing_is_held(lab: Scenario) -> None:
    room, _, _ = worked(lab, {"offices": {"cards": {"stock": 1.0}}}, days=2)
    assert room.of("print") == []


def test_the_first_mornings_blanks_are_there_at_once_and_deliveries_come_at_opening(lab: Scenario) -> None:
    cards = {"cards": {"stock": 0.5, "delivery": 0.25, "every": 2}}
    room, _, _ = worked(lab, {"offices": cards}, days=3)
    plan = plan_offices(changed(lab, {"offices": cards}))[MALANG]
    assert plan.cards
    assert plan.delivery
    assert room.of("deliver") == [(7.9, plan.cards), (56.0, plan.delivery)]
    assert sorted(room.delivered.values()) == sorted([plan.cards, plan.delivery])


def test_an_office_without_any_blanks_is_told_so(lab: Scenario) -> None:
    room, _, _ = worked(lab, {"offices": {"cards": {"stock": 0.0}}})
    assert room.of("deliver") == [(7.9, 0)]


def test_what_the_server_did_not_do_is_asked_again_and_counted(lab: Scenario) -> None:
    tables = {"offices": NIGHTS["offices"] | {"cards": {"stock": 1.0}}}
    room, _, failed = worked(lab, tables, "switch", "deliver", "deliver", "print")
    assert len(failed) == 4
    first, again = room.of("switch")[:2]
    assert first == (7.9, False)
    assert again[0] == pytest.approx(7.9 + 0.1 * lab.load.speedup / HOUR_S, abs=0.01)
    assert len(room.of("deliver")) == 3
    assert len(room.delivered) == 1


def test_printers_are_left_on(lab: Scenario) -> None:
    room, clerk, _ = worked(lab, NIGHTS)
    assert room.of("switch")[-1][1] is False
    clerk.leave()
    assert room.of("switch")[-1][1] is True
    clerk.leave()
    assert len(room.of("switch")) == 6, "once is enough"
