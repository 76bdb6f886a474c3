import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.arrivals import citizens, national_peak_per_s, peak_hour
from model.compression import lab_scenario, quick, window_interval_s
from model.errands import Errand
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import plan_offices
from model.strategies import STRATEGIES, changed


def with_load(scenario: Scenario, **changes: object) -> Scenario:
    return scenario.model_copy(update={"load": scenario.load.model_copy(update=changes)})


def peak_per_wall_second(lab: Scenario) -> float:
    """Citizens a second of wall time in the busiest hour."""
    return peak_hour(lab, plan_offices(lab))[1] * lab.load.speedup


@given(capacity_per_s=st.floats(0.1, 200), speedup=st.floats(1, 10_000))
def test_the_peak_hour_brings_85_percent_of_the_capacity_whatever_server_and_speedup(
    april: Scenario, capacity_per_s: float, speedup: float
) -> None:
    lab = lab_scenario(with_load(april, speedup=speedup), capacity_per_s)
    assert peak_per_wall_second(lab) == pytest.approx(0.85 * capacity_per_s, rel=1e-9)


@settings(max_examples=20)
@given(capacity_per_s=st.floats(0.1, 200), speedup=st.floats(1, 10_000))
def test_the_real_peak_brings_as_many_citizens_a_second_as_the_nations_busiest_hour(
    april: Scenario, capacity_per_s: float, speedup: float
) -> None:
    lab = lab_scenario(with_load(april, speedup=speedup, peak_share=None), capacity_per_s)
    assert peak_per_wall_second(lab) == pytest.approx(national_peak_per_s(april), rel=1e-9)


@pytest.mark.parametrize("speedup", [576, 2304])
@pytest.mark.parametrize("nominal_per_s", [20.0, 35.0, 50.0])
def test_whole_offices_fill_the_server_so_that_their_volume_stays_near_one(
    april: Scenario, nominal_per_s: float, speedup: float
) -> None:
    # A speedup k plays k days' citizens in a day, so a server k times faster is filled by the same offices.
    lab = lab_scenario(with_load(april, speedup=speedup, max_rate_per_s=2000.0), nominal_per_s * speedup / 576)
    assert 3 / 4 <= lab.demand.volume <= 4 / 3


def test_no_other_number_of_offices_would_leave_the_volume_nearer_to_one(april: Scenario) -> None:
    target_per_s = 0.85 * 30
    distances = {}
    for count in range(1, len(april.load.offices) + 1):
        some = april.offices.model_copy(update={"which": april.load.offices[:count]})
        peak_per_s = peak_per_wall_second(april.model_copy(update={"offices": some}))
        distances[count] = max(target_per_s / peak_per_s, peak_per_s / target_per_s)
    lab = lab_scenario(april, 30)
    assert len(lab.offices.which) == min(distances, key=lambda count: distances[count])
    assert max(lab.demand.volume, 1 / lab.demand.volume) == pytest.approx(min(distances.values()))


def test_a_bigger_server_is_played_by_more_offices_from_the_front_of_the_list(april: Scenario) -> None:
    small, big = (lab_scenario(april, capacity_per_s).offices.which for capacity_per_s in (10.0, 50.0))
    assert len(small) < len(big)
    assert small == april.load.offices[: len(small)]
    assert big == april.load.offices[: len(big)]


def test_a_small_server_is_played_by_a_part_of_the_first_office(april: Scenario) -> None:
    lab = lab_scenario(april, 1.0)
    assert lab.offices.which == ["35.07"]
    assert lab.demand.volume < 0.1
    assert plan_offices(lab)["35.07"].arrivals_per_day == pytest.approx(400 * lab.demand.volume)


def test_a_server_too_fast_for_the_load_side_is_an_error_that_names_the_key_and_the_rate(april: Scenario) -> None:
    with pytest.raises(ValueError, match=r"212\.5 citizens a second, more than load\.max_rate \(200\); raise max_rate"):
        lab_scenario(with_load(april, max_rate_per_s=200.0), 250)


def test_the_real_peak_above_the_limit_is_an_error_as_well(april: Scenario) -> None:
    with pytest.raises(ValueError, match=r"1\.8 citizens a second, more than load\.max_rate \(1\)"):
        lab_scenario(with_load(april, peak_share=None, max_rate_per_s=1.0), 250)


def test_the_lab_plays_the_same_scenario_but_for_offices_and_volume(april: Scenario) -> None:
    lab = lab_scenario(april, 20)
    changed = {"offices": {"which"}, "demand": {"volume"}}
    assert lab.model_dump(exclude=changed) == april.model_dump(exclude=changed)
    assert (lab.offices.which, lab.demand.volume) != (april.offices.which, april.demand.volume)


def test_a_quick_run_takes_the_figures_of_load_quick_and_changes_nothing_else(april: Scenario) -> None:
    coarse = quick(april)
    assert coarse.load.speedup == april.load.quick.speedup
    assert coarse.load.capacity_window_s == april.load.quick.capacity_window_s
    assert coarse.centre.residents == april.load.quick.residents
    changed = {"load": {"speedup", "capacity_window_s"}, "centre": {"residents"}}
    assert coarse.model_dump(exclude=changed) == april.model_dump(exclude=changed)


def test_the_lab_plays_a_fortnights_first_day_with_all_that_is_told_of_its_people() -> None:
    fortnight = load("april-fortnight")
    lab = lab_scenario(fortnight, 20.0)
    crowd = citizens(lab, plan_offices(lab), 0)
    assert {person.errand for person in crowd} == set(Errand) - {Errand.CORRECTION}
    assert lab.demand.batch_cards_per_day == fortnight.demand.batch_cards_per_day > 0
    assert lab.offices.cards == fortnight.offices.cards
    assert {person.waits for person in crowd} == {True, False}
    assert max(person.patience_s for person in crowd) < math.inf
    assert lab.demand.returning == fortnight.demand.returning < 1
    assert lab.offices.link_bits_per_s == fortnight.offices.link_bits_per_s is not None
    assert lab.staffing.breaks == fortnight.staffing.breaks


PLAYED = {"offices": {"which"}, "demand": {"volume"}, "service": {"handover_s"}}
"""What the lab changes of a scenario."""


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_a_schedule_says_of_the_offices_the_lab_plays(april: Scenario, name: str) -> None:
    scheduled = STRATEGIES[name](april)
    lab = lab_scenario(scheduled, 20.0)
    assert lab.model_dump(exclude=PLAYED) == scheduled.model_dump(exclude=PLAYED)


def test_a_mix_changes_neither_the_peak_nor_how_the_lab_compares_to_the_nation(april: Scenario) -> None:
    mixed = changed(april, {"demand": {"mix": {"enrollment": 0.4, "replacement": 0.6}, "batch_cards": "9000/day"}})
    lab = lab_scenario(mixed, 20.0)
    assert (lab.offices.which, lab.demand.volume) == (
        lab_scenario(april, 20.0).offices.which,
        lab_scenario(april, 20.0).demand.volume,
    )
    assert lab.demand.mix == mixed.demand.mix
    cards = {
        place: sum(plan.batch_per_day for plan in plan_offices(played).values()) / citizens_per_day(played)
        for place, played in {"lab": lab, "nation": mixed}.items()
    }
    assert cards["lab"] == pytest.approx(cards["nation"])


def citizens_per_day(scenario: Scenario) -> float:
    """Citizens a day."""
    return sum(plan.arrivals_per_day for plan in plan_offices(scenario).values())


@pytest.mark.parametrize(("speedup", "interval_s"), [(1, 120.0), (576, 120.0), (2304, 230.4)])
def test_a_fast_lab_looks_for_cards_more_seldom_than_the_offices_do_and_so_does_its_simulation(
    april: Scenario, speedup: float, interval_s: float
) -> None:
    fast = with_load(april, speedup=speedup)
    assert window_interval_s(fast) == pytest.approx(interval_s)
    lab = lab_scenario(fast, 20.0 * speedup / 576)
    assert lab.service.handover_s == pytest.approx(interval_s)
    assert window_interval_s(lab) == lab.service.handover_s


def test_a_rush_is_played_as_high_above_the_usual_peak_as_it_is(april: Scenario) -> None:
    rush = changed(april, {"demand": {"arrivals": "84000/day", "usual": "42000/day"}})
    usual, rushed = (
        peak_hour(lab, plan_offices(lab))[1] for lab in (lab_scenario(april, 20.0), lab_scenario(rush, 20.0))
    )
    assert rushed == pytest.approx(2 * usual)
