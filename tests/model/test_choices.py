from datetime import datetime, timedelta, timezone

import pytest

from model.choices import read_choice, with_choices
from model.optimise import Written
from model.periods import upgrade_length_s, work_s
from model.scenario import Scenario
from model.scenario_file import ScenarioError
from model.staffing import plan_offices
from model.strategies import appointments, replanned, throttled, upgrade_at_night, without_upgrade
from model.units import HOUR_S

MONDAY = datetime(2016, 4, 4, 6, tzinfo=timezone(timedelta(hours=7)))


@pytest.mark.parametrize(
    ("bounds", "steps", "second", "last"),
    [
        (["0 s", "10 s", "2 s"], 5, "2 s", "10 s"),
        (["0 s", "1 min", "25 s"], 2, "25 s", "50 s"),  # the last step does not fit any more
        (["17:00", "19:00"], 8, "17:15", "19:00"),
        (["17:00", "19:00", "1 h"], 2, "18:00", "19:00"),
        (["300/day", "400/day", "50/day"], 2, "350/day", "400/day"),
        ([0.2, 1.0, 0.1], 8, 0.3, 1.0),
        ([0.0, 1.0], 100, 0.01, 1.0),
        ([50, 52], 2, 51, 52),
        ([MONDAY, MONDAY + timedelta(hours=2), "1 h"], 2, MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=2)),
    ],
)
def test_a_choice_steps_from_its_least_value_and_is_written_as_in_the_file(
    bounds: list[Written], steps: int, second: Written, last: Written
) -> None:
    choice = read_choice("key", bounds)
    assert choice.steps == steps
    assert [choice.written(count) for count in (0, 1, steps)] == [bounds[0], second, last]


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (["5 s", "5 s"], "write the least value first"),
        (["blue", "red"], "cannot be searched"),
        ([1, "5 s"], "not written alike"),
        ([0.0, 1.0, 2.0], "the step 2.0"),
        (["0 s", "10 s", "0 s"], "the step 0 s"),
    ],
)
def test_a_choice_that_makes_no_sense_is_told_with_its_key(bounds: list[Written], said: str) -> None:
    with pytest.raises(ValueError, match=f"upgrade.pause: .*{said}"):
        read_choice("upgrade.pause", bounds)


def test_choices_change_their_keys_and_nothing_else(april: Scenario) -> None:
    changed = with_choices(april, {"upgrade.batch": 300, "staffing.evening_share": 0.5})
    assert changed.upgrade is not None
    assert (changed.upgrade.batch, changed.staffing.evening_share) == (300, 0.5)
    assert with_choices(changed, {"upgrade.batch": 200, "staffing.evening_share": 0.8}) == april


def test_what_belongs_together_moves_along(april: Scenario) -> None:
    changed = with_choices(april, {"staffing.evening.start": "16:00", "upgrade.start": MONDAY})
    assert changed.staffing.regular.end_s == changed.staffing.evening.start_s == 16 * HOUR_S
    assert changed.upgrade is not None
    assert april.upgrade is not None
    assert changed.upgrade.expected_end - MONDAY == april.upgrade.expected_end - april.upgrade.start


def test_a_longer_pause_costs_less_and_takes_longer(april: Scenario) -> None:
    changed = with_choices(april, {"upgrade.pause": "1 s"})  # as long as a batch takes: half of the time idle
    assert april.upgrade is not None
    assert changed.upgrade is not None
    assert changed.upgrade.cost.during - 1 == pytest.approx((april.upgrade.cost.during - 1) / 2)
    assert upgrade_length_s(changed) == pytest.approx(2 * upgrade_length_s(april))
    assert changed.upgrade == throttled(april, 1.0).upgrade
    assert upgrade_length_s(with_choices(april, {"upgrade.pause": "0 s"})) == upgrade_length_s(april)


def test_an_upgrade_that_starts_later_works_as_long_as_before_in_its_hours(april: Scenario) -> None:
    nightly = upgrade_at_night(april)
    assert nightly.upgrade is not None
    later = nightly.upgrade.start + timedelta(hours=20)
    changed = with_choices(nightly, {"upgrade.start": later, "upgrade.pause": "0 s"})
    assert changed.upgrade is not None
    assert work_s(changed, changed.upgrade) == work_s(nightly, nightly.upgrade)
    assert changed.upgrade.start == later
    assert changed.upgrade.expected_end == later + timedelta(seconds=upgrade_length_s(changed))


def test_an_upgrade_in_one_step_cannot_pause(april: Scenario) -> None:
    with pytest.raises(ScenarioError, match=r"upgrade.pause: a big-bang upgrade has no batches"):
        with_choices(replanned(april, {"plan": "big-bang"}), {"upgrade.pause": "1 s"})


def test_zones_staggers_admission_and_shifts_are_choices(april: Scenario) -> None:
    changed = with_choices(
        april,
        {
            "offices.stagger.WIB": "90 min",
            "centre.admitted": 96,
            "staffing.regular.start": "07:30",
            "staffing.evening.end": "23:00",
            "staffing.evening_share": 0.5,
        },
    )
    assert changed.offices.stagger_s == {"WIB": 5400.0}
    assert changed.centre.admitted == 96
    assert (changed.staffing.regular.start_s, changed.staffing.evening.end_s) == (7.5 * HOUR_S, 23 * HOUR_S)
    assert changed.staffing.evening_share == 0.5


def test_quotas_are_a_choice_where_citizens_book(april: Scenario) -> None:
    booked = with_choices(appointments(april), {"demand.appointments.quota": 0.7}).demand.appointments
    assert booked is not None
    assert booked.quota == 0.7
    with pytest.raises(ScenarioError, match=r'nobody books here; begin the search with strategy = "appointments"'):
        with_choices(april, {"demand.appointments.quota": 0.7})


def test_offices_keep_their_counters_and_printers_when_their_hours_change(april: Scenario) -> None:
    changed = with_choices(april, {"staffing.evening.start": "16:00", "offices.opening.end": "19:00"})
    assert plan_offices(changed) == plan_offices(april)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("demand.stagger", "30 min", "demand.stagger: is not a key of the scenario"),
        ("upgrade.puase", "3 s", "upgrade.puase: is not a key of the scenario; did you mean pause"),
        ("offices.opening.middle", "12:00", "offices.opening.middle: is not a key"),
        ("upgrade.pause", "3", "upgrade.pause: '3' is not a duration"),
        ("staffing.evening.start", "07:00", "staffing"),
    ],
)
def test_a_key_that_is_unknown_or_takes_no_such_value_is_named(
    april: Scenario, key: str, value: Written, said: str
) -> None:
    with pytest.raises(ScenarioError, match=said):
        with_choices(april, {key: value})


def test_a_table_that_the_scenario_has_not_is_named(april: Scenario) -> None:
    with pytest.raises(ScenarioError, match=r"upgrade.pause: the scenario has no \[upgrade\]"):
        with_choices(without_upgrade(april), {"upgrade.pause": "3 s"})
