"""Residents: everybody who asks for a new card is one who has a card, nobody twice, and always the same."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.plan import LoadPlan
from loadtests.residents import NoResidentsError, TooFewResidentsError, deal, dealt, needs_residents
from model.arrivals import Citizen, absent_of, citizens
from model.errands import NEEDS, Errand
from model.scenario import Scenario
from model.staffing import plan_offices
from model.strategies import changed
from tests.loadtests.mixed import RESIDENTS, mixed, residents_file

HOME = {nik: code for code, niks in RESIDENTS.items() for nik in niks}


def asker(number: int, office: str, errand: Errand) -> Citizen:
    return Citizen(f"{office}-d0-{number:04d}", office, 0.0, 1.0, None, (), errand)


def plan(folder: Path, **more: object) -> LoadPlan:
    given = {"mode": "day", "residents_file": residents_file(folder)} | more
    return LoadPlan.model_validate(
        {"scenario": folder / "x.toml", "origin_wall_s": 0.0, "origin_scenario_s": 0.0, "out": folder} | given
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["35.07", "35.73"]),
            st.sampled_from([Errand.REPLACEMENT, Errand.REPLACEMENT_AWAY, Errand.CORRECTION]),
        ),
        max_size=60,
    )
)
def test_nobody_is_dealt_twice_and_everybody_is_at_home_where_the_errand_says(wishes: list[tuple[str, Errand]]) -> None:
    askers = [asker(number, office, errand) for number, (office, errand) in enumerate(wishes)]
    niks = deal(askers, RESIDENTS, seed=7)
    assert set(niks) == {citizen.name for citizen in askers}
    assert len(set(niks.values())) == len(askers)
    for citizen in askers:
        at_home = HOME[niks[citizen.name]] == citizen.office
        assert at_home == (citizen.errand is not Errand.REPLACEMENT_AWAY)


def test_who_comes_first_does_not_matter_and_seed_and_replication_do(lab: Scenario) -> None:
    everybody = citizens(mixed(lab), plan_offices(lab), day=0)
    askers = [citizen for citizen in everybody if not NEEDS[citizen.errand].capture]
    niks = deal(askers, RESIDENTS, seed=7)
    assert deal(askers[::-1], RESIDENTS, seed=7) == niks
    assert deal(askers, RESIDENTS, seed=8) != niks
    assert deal(askers, RESIDENTS, seed=7, replication=1) != niks


def test_a_worker_of_some_offices_is_dealt_what_the_worker_of_all_is(lab: Scenario, tmp_path: Path) -> None:
    played = mixed(lab)
    niks = dealt(plan(tmp_path), played)
    assert dealt(plan(tmp_path, offices=["35.73"]), played) == niks
    assert Counter(name.partition("-")[0] for name in niks).keys() == {"35.07", "35.73"}
    absent = {card.name for office in plan_offices(played).values() for card in absent_of(played, office, 0)}
    assert absent
    assert absent < set(niks)


def test_an_open_load_is_dealt_for_those_whom_it_sends(lab: Scenario, tmp_path: Path) -> None:
    niks = dealt(plan(tmp_path, mode="open", rate_per_s=20.0, length_s=5.0), mixed(lab))
    assert len(set(niks.values())) == len(niks) > 10
    assert all(name.startswith("capacity-") for name in niks)


def test_where_nobody_needs_a_new_card_no_list_is_read(lab: Scenario, tmp_path: Path) -> None:
    unread = plan(tmp_path, residents_file=tmp_path / "missing.json")
    assert not needs_residents(lab)
    assert dealt(unread, lab) == {}
    assert dealt(unread.model_copy(update={"mode": "capacity"}), mixed(lab)) == {}


@pytest.mark.parametrize("demand", [{"mix": {"enrollment": 0.9, "correction": 0.1}}, {"batch_cards": "500/day"}])
def test_without_a_list_the_error_says_how_to_name_one(
    lab: Scenario, tmp_path: Path, demand: dict[str, object]
) -> None:
    asking = changed(lab, {"demand": demand})
    assert needs_residents(asking)
    with pytest.raises(NoResidentsError, match="--residents-file"):
        dealt(plan(tmp_path, residents_file=None), asking)


def test_a_file_that_is_no_list_is_named(lab: Scenario, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"35.07": "3507"}')
    with pytest.raises(ValueError, match=r"wrong\.json is no list of residents"):
        dealt(plan(tmp_path, residents_file=wrong), mixed(lab))


def test_too_few_residents_are_an_error_with_the_numbers_and_the_remedy() -> None:
    at_home = [asker(number, "35.07", Errand.REPLACEMENT) for number in range(3)]
    with pytest.raises(TooFewResidentsError, match=r"3 residents .* at home in office 35\.07, .* has 2; raise centre"):
        deal(at_home, {"35.07": ["a", "b"], "35.73": ["c"]}, seed=1)
    away = [asker(number, "35.07", Errand.REPLACEMENT_AWAY) for number in range(2)]
    with pytest.raises(TooFewResidentsError, match=r"2 residents .* away from home, and the list has 3"):
        deal(away, {"35.07": ["a", "b"], "35.73": ["c"]}, seed=1)


def test_who_is_at_home_in_one_office_is_left_for_the_askers_of_another() -> None:
    askers = [asker(0, "35.07", Errand.REPLACEMENT_AWAY), asker(1, "35.73", Errand.REPLACEMENT_AWAY)]
    for seed in range(8):
        assert deal(askers, {"35.07": ["a"], "35.73": ["b"]}, seed) == {
            "35.07-d0-0000": "b",
            "35.73-d0-0001": "a",
        }
