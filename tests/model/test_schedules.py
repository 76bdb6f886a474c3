import pytest

from model.centre import national_centre
from model.offices import Zone, all_offices
from model.scenario import Scenario
from model.schedules import every_nth_office, quick_look, replicate, schedule
from model.strategies import without_upgrade


def test_a_schedule_has_the_centre_of_the_scenario_it_comes_from(april: Scenario) -> None:
    centre = national_centre(april)
    changed = schedule(april, centre, "evening-shift+without-upgrade")
    assert changed.scenario.staffing.evening_share == 1.0
    assert changed.scenario.upgrade is None
    assert changed.centre._replace(periods=centre.periods) == centre
    assert len(changed.centre.periods) == 1


def test_a_schedule_that_does_not_exist_is_told_with_those_there_are(april: Scenario) -> None:
    with pytest.raises(ValueError, match=r"no \w+ '?day-off'?.*as-is"):
        schedule(april, national_centre(april), "evening-shift+day-off")


def test_a_replication_is_the_same_every_time_and_another_one_is_not(small: Scenario) -> None:
    plain = schedule(small, national_centre(small), "as-is")
    first = replicate(plain, 1, 0)
    assert replicate(plain, 1, 0) == first
    assert replicate(plain, 1, 1)["wait_median"] != first["wait_median"]


def test_a_tenth_of_the_offices_comes_from_all_zones(april: Scenario) -> None:
    codes = every_nth_office(april, 0.1)
    assert len(codes) == len(set(codes)) == 51
    assert {all_offices()[code].zone for code in codes} == set(Zone)
    assert every_nth_office(april, 1.0) == list(all_offices())


def test_a_quick_look_has_the_centre_that_its_citizens_fill_as_the_nation_does(april: Scenario) -> None:
    some, centre = quick_look(april, every_nth_office(april, 0.2))
    whole = national_centre(april)
    assert isinstance(some.offices.which, list)
    assert centre.slots == round(whole.slots * centre.capacity_per_s / whole.capacity_per_s)
    assert 0.1 < centre.capacity_per_s / whole.capacity_per_s < 0.3


def test_a_quick_look_lets_in_the_part_that_its_centre_is_of_the_nations(april: Scenario) -> None:
    base, centre = quick_look(april, every_nth_office(april, 0.2))
    some, whole = (
        schedule(*each, "admission-control").centre for each in ((base, centre), (april, national_centre(april)))
    )
    assert (whole.slots, whole.admitted) == (64, 128)
    assert some.admitted == 2 * some.slots


def test_a_quick_look_waits_about_as_long_as_the_nation(april: Scenario) -> None:
    normal = without_upgrade(april)
    base, centre = quick_look(normal, every_nth_office(normal, 0.1))
    tenth = replicate(schedule(base, centre, "as-is"), 1, 0)
    assert 0.5 < tenth["centre_utilisation"] / (0.85 * 0.5) < 1.5
    assert tenth["same_day"] > 0.95


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_a_share_that_is_none_is_refused(april: Scenario, share: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        every_nth_office(april, share)


def test_an_office_that_does_not_take_part_is_refused(small: Scenario) -> None:
    with pytest.raises(ValueError, match=r"no office 11\.01"):
        quick_look(small, ["35.07", "11.01"])
