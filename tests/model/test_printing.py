"""When printers are on, which cards are held back and when blank cards come."""

import pytest

from model.arrivals import Citizen
from model.printing import (
    Delivery,
    Switch,
    batch_from_s,
    deliveries,
    is_held,
    printers_on,
    printing_spells_s,
    switches,
)
from model.scenario import Scenario
from model.staffing import OfficePlan, plan_offices
from model.strategies import changed, night_batch_print
from model.units import HOUR_S

DAY_H = 24
EASTERN = "91.71"
"""Two hours ahead of the start's clock."""


@pytest.fixture
def malang(small: Scenario) -> OfficePlan:
    return plan_offices(small)["35.07"]


def spells_h(scenario: Scenario, plan: OfficePlan, *days: int) -> list[tuple[float, float]]:
    return [(start_s / HOUR_S, end_s / HOUR_S) for start_s, end_s in printing_spells_s(scenario, plan.office, days)]


def test_printers_are_on_from_the_regular_shift_to_the_evenings_end(small: Scenario, malang: OfficePlan) -> None:
    regular, evening = small.staffing.regular, small.staffing.evening
    shift_h = (regular.start_s / HOUR_S, evening.end_s / HOUR_S)
    assert spells_h(small, malang, 0) == [shift_h]
    assert spells_h(small, malang, 1) == [(DAY_H + shift_h[0], DAY_H + shift_h[1])]
    east = plan_offices(small)[EASTERN]
    assert spells_h(small, east, 0) == [(shift_h[0] - 2, shift_h[1] - 2)]


def test_batches_are_printed_in_the_night_that_follows_an_open_day(small: Scenario, malang: OfficePlan) -> None:
    tables = {"offices": {"batch_printing": ["22:00-24:00", "00:00-06:00"], "closed_on": ["tuesday"]}}
    night = changed(small, tables)
    # Monday's night ends on Tuesday morning; on Tuesday nobody works.
    assert spells_h(night, malang, 0, 1)[1:] == [(22.0, 24.0), (24.0, 30.0)]


def test_switches_follow_the_spells_and_printers_stay_on_where_two_touch(small: Scenario, malang: OfficePlan) -> None:
    end_s = small.staffing.evening.end_s
    hours = f"{int(end_s // HOUR_S):02d}:00-24:00"
    scenario = changed(small, {"offices": {"batch_printing": [hours]}})
    assert switches(scenario, malang.office, [0]) == [
        Switch(small.staffing.regular.start_s, on=True),
        Switch(end_s, on=True),
        Switch(24 * HOUR_S, on=False),
    ]
    spells_s = printing_spells_s(scenario, malang.office, [0])
    assert [printers_on(spells_s, moment_s) for moment_s in (0.0, end_s, 24 * HOUR_S)] == [False, True, False]


@pytest.mark.parametrize(
    ("batches", "waits", "held"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_held_are_cards_that_nobody_waits_for_where_there_are_batches(
    small: Scenario, batches: bool, waits: bool, held: bool
) -> None:
    citizen = Citizen("35.07-d0-0000", "35.07", 0.0, 1.0, None, (), waits=waits)
    scenario = night_batch_print(small) if batches else small
    assert is_held(scenario, citizen) is held


def test_a_held_card_is_printed_when_its_hours_come_by_the_offices_clock(small: Scenario, malang: OfficePlan) -> None:
    scenario = changed(small, {"offices": {"batch_printing": ["20:00-22:00"]}})
    east = plan_offices(small)[EASTERN]
    assert batch_from_s(scenario, malang.office, 12 * HOUR_S) == 20 * HOUR_S
    assert batch_from_s(scenario, malang.office, 21 * HOUR_S) == 21 * HOUR_S
    assert batch_from_s(scenario, malang.office, 22 * HOUR_S) == (24 + 20) * HOUR_S
    assert batch_from_s(scenario, east.office, 12 * HOUR_S) == 18 * HOUR_S
    assert batch_from_s(small, malang.office, 12 * HOUR_S) == 12 * HOUR_S


def test_blank_cards_come_every_so_many_days_at_opening_and_not_on_the_first(small: Scenario) -> None:
    scenario = changed(small, {"offices": {"cards": {"stock": 1.0, "delivery": 0.5, "every": 2}}})
    plan = plan_offices(scenario)["35.07"]
    opens_s = scenario.offices.opening.start_s
    assert deliveries(scenario, plan, range(5)) == [
        Delivery(2 * 24 * HOUR_S + opens_s, plan.delivery),
        Delivery(4 * 24 * HOUR_S + opens_s, plan.delivery),
    ]
    assert deliveries(scenario, plan, [4]) == deliveries(scenario, plan, range(5))[1:]
    assert deliveries(small, plan, range(5)) == []
