from model.scenario import Scenario
from model.strategies import without_upgrade


def test_without_upgrade_everything_else_stays(april: Scenario) -> None:
    normal = without_upgrade(april)
    assert normal.upgrade is None
    assert normal.model_dump(exclude={"upgrade"}) == april.model_dump(exclude={"upgrade"})


def test_without_upgrade_leaves_the_scenario_itself_alone(april: Scenario) -> None:
    before = april.model_copy(deep=True)
    without_upgrade(april)
    assert april == before
    assert april.upgrade is not None
