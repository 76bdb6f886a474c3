import pytest

from model.scenario import Scenario
from model.strategies import STRATEGIES, changed, combine, without_upgrade


def test_without_upgrade_everything_else_stays(april: Scenario) -> None:
    normal = without_upgrade(april)
    assert normal.upgrade is None
    assert normal.model_dump(exclude={"upgrade"}) == april.model_dump(exclude={"upgrade"})


def test_without_upgrade_leaves_the_scenario_itself_alone(april: Scenario) -> None:
    before = april.model_copy(deep=True)
    without_upgrade(april)
    assert april == before
    assert april.upgrade is not None


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_schedule_done_twice_is_the_schedule_done_once(april: Scenario, name: str) -> None:
    once = STRATEGIES[name](april)
    assert STRATEGIES[name](once) == once


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_schedule_says_in_a_sentence_what_it_does(name: str) -> None:
    said = STRATEGIES[name].__doc__ or ""
    assert said.endswith(".")
    assert "\n" not in said


def test_schedules_combine_one_after_the_other(april: Scenario) -> None:
    assert combine(["evening-shift", "without-upgrade"])(april) == without_upgrade(STRATEGIES["evening-shift"](april))
    assert combine([])(april) == april


def test_an_unknown_schedule_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no schedule evening; there are as-is, evening-shift"):
        combine(["evening"])


def test_a_change_that_does_not_fit_the_scenario_is_refused(april: Scenario) -> None:
    with pytest.raises(ValueError, match="staffing: the doors are open"):
        changed(april, {"staffing": {"evening": "17:00-17:30"}})
