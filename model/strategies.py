"""Schedules: what an authority can choose, each a transformation of a scenario."""

from model.scenario import Scenario


def without_upgrade(scenario: Scenario) -> Scenario:
    """Return the same days without the upgrade: the normal days to compare with."""
    return scenario.model_copy(update={"upgrade": None})


def without_faults(scenario: Scenario) -> Scenario:
    """Return the same days on which nothing breaks."""
    return scenario.model_copy(update={"faults": []})
