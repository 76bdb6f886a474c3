import pytest

from loadtests.plan import LoadPlan
from loadtests.shares import share_out
from model.arrivals import Citizen, citizens
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import plan_offices


@pytest.fixture(scope="module")
def ten_offices() -> Scenario:
    april = load("april-2016")
    offices = april.offices.model_copy(update={"which": april.load.offices})
    return april.model_copy(
        update={"offices": offices, "demand": april.demand.model_copy(update={"volume": 0.2, "duplicates": 0.2})}
    )


def played(scenario: Scenario, workers: int) -> list[Citizen]:
    everybody = []
    for share in share_out(plan_offices(scenario), workers, 100.0):
        plan = LoadPlan.model_validate(
            {"scenario": "x", "mode": "day", "origin_wall_s": 0, "origin_scenario_s": 0, "out": "x"}
            | {"offices": share.offices, "day": 1, "days": 2, "replication": 3}
        )
        everybody += plan.citizens(scenario)
    return everybody


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_any_number_of_workers_plays_the_identical_citizens(ten_offices: Scenario, workers: int) -> None:
    alone = [
        citizen for day in (1, 2) for citizen in citizens(ten_offices, plan_offices(ten_offices), day, replication=3)
    ]
    together = played(ten_offices, workers)
    assert len(together) == len(set(together)) == len(alone) > 100
    assert set(together) == set(alone)
    assert any(citizen.duplicate_of for citizen in alone)


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 10])
def test_shares_are_even_and_cover_everything_once(ten_offices: Scenario, workers: int) -> None:
    plans = plan_offices(ten_offices)
    shares = share_out(plans, workers, 90.0)
    assert sorted(code for share in shares for code in share.offices) == sorted(plans)
    assert sum(share.operators for share in shares) == sum(plan.counters for plan in plans.values())
    assert sum(share.max_requests_per_s for share in shares) == pytest.approx(90.0)
    arrivals = [sum(plans[code].arrivals_per_day for code in share.offices) for share in shares]
    # The rule of thumb of longest-processing-time: nobody has more than the mean and one office.
    biggest = max(plan.arrivals_per_day for plan in plans.values())
    assert max(arrivals) <= sum(arrivals) / workers + biggest


def test_the_order_of_the_offices_does_not_matter(ten_offices: Scenario) -> None:
    plans = plan_offices(ten_offices)
    assert share_out(plans, 3, 90.0) == share_out(dict(reversed(plans.items())), 3, 90.0)


def test_more_workers_than_offices_is_an_error(ten_offices: Scenario) -> None:
    with pytest.raises(ValueError, match=r"11 workers are too many: .* there are 10 offices"):
        share_out(plan_offices(ten_offices), 11, 90.0)
