from typing import Any

import pytest

from antrean.goal import Limit, read_goal
from model.optimise import Optimise
from model.scenario import Scenario
from model.scenario_file import ScenarioError, load


@pytest.fixture(scope="module")
def april() -> Scenario:
    return load("april-2016")


def _asked(**changed: Any) -> Optimise:
    plain = {
        "choices": {"upgrade.pause": ["0 s", "10 s"]},
        "objectives": ["wait_p95", "overtime_h"],
        "limits": {"wait_p95": "2 h", "same_day": 0.99},
        "trials": 5,
        "replications": 2,
    }
    return Optimise.model_validate(plain | changed)


def test_a_goal_has_its_limits_in_the_measures_units(april: Scenario) -> None:
    goal = read_goal(_asked(), april)
    assert goal.limits == [Limit("wait_p95", 7200.0), Limit("same_day", 0.99)]
    assert [choice.key for choice in goal.choices] == ["upgrade.pause"]


def test_a_limit_is_the_most_of_what_should_be_little_and_the_least_of_what_should_be_much() -> None:
    measures = {"wait_p95": 7500.0, "same_day": 0.95}
    assert Limit("wait_p95", 7200.0).excess(measures) == 300.0
    assert Limit("same_day", 0.99).excess(measures) == pytest.approx(0.04)
    assert Limit("same_day", 0.9).excess(measures) < 0


def test_everything_that_is_wrong_is_told_at_once(april: Scenario) -> None:
    wrong = _asked(
        choices={
            "demand.stagger": ["0 min", "60 min"],
            "upgrade.pause": ["10 s", "0 s"],
            "demand.duplicates": [0.5, 2.0],
        },
        objectives=["joy", "overtime_h"],
        limits={"wait_p95": 7200},
    )
    with pytest.raises(ScenarioError) as told:
        read_goal(wrong, april)
    text = str(told.value)
    for said in (
        "optimise.choices: demand.stagger: is not a key of the scenario",
        "optimise.choices: upgrade.pause: 10 s is not below 0 s",
        "optimise.choices: demand.duplicates: input should be less than or equal to 1",
        "optimise.objectives: there is no measure 'joy'",
        "optimise.limits: 7200 is not a duration",
    ):
        assert said in text


def test_without_its_table_there_is_nothing_to_optimise(april: Scenario) -> None:
    with pytest.raises(ScenarioError, match="optimise: is missing"):
        read_goal(None, april)


def test_the_shipped_scenario_can_be_optimised(april: Scenario) -> None:
    assert read_goal(april.optimise, april).trials > 0
