"""Schedules: what an authority can choose, each a transformation of a scenario that can follow any other.

A schedule changes keys of the scenario and nothing else; what a key does is told where the model reads it.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

from model.scenario import Scenario

Strategy = Callable[[Scenario], Scenario]


def changed(scenario: Scenario, tables: Mapping[str, Any]) -> Scenario:
    """Return the scenario with other values, written as a file would write them: {"staffing": {"evening_share": 1.0}}.

    A table is merged into the scenario's own; None takes a key away.

    Raises:
        ValueError: the changed scenario is not valid; says which keys do not go together.
    """
    return Scenario.model_validate(_merged(scenario.model_dump(by_alias=True, exclude_none=True), tables))


def combine(names: Iterable[str]) -> Strategy:
    """Return the schedule that applies several of `STRATEGIES`, one after the other.

    Raises:
        ValueError: a name is not one of them.
    """
    names = list(names)
    unknown = [name for name in names if name not in STRATEGIES]
    if unknown:
        raise ValueError(f"there is no schedule {', '.join(unknown)}; there are {', '.join(STRATEGIES)}")
    return lambda scenario: reduce(lambda changing, name: STRATEGIES[name](changing), names, scenario)


def as_is(scenario: Scenario) -> Scenario:
    """The scenario as it is written."""
    return scenario


def evening_shift(scenario: Scenario) -> Scenario:
    """Every counter stays for the evening shift: the answer of 2016."""
    return changed(scenario, {"staffing": {"evening_share": 1.0}})


def upgrade_by_zone(scenario: Scenario) -> Scenario:
    """The upgrade takes one time zone after the other, from the east to the west."""
    return _upgraded(scenario, {"plan": "rolling"})


def without_upgrade(scenario: Scenario) -> Scenario:
    """The same days without the upgrade: the normal days to compare with."""
    return changed(scenario, {"upgrade": None})


STRATEGIES: dict[str, Strategy] = {
    "as-is": as_is,
    "evening-shift": evening_shift,
    "upgrade-by-zone": upgrade_by_zone,
    "without-upgrade": without_upgrade,
}
"""Every schedule by its name; its docstring says in a sentence what it does."""


def _upgraded(scenario: Scenario, keys: Mapping[str, Any]) -> Scenario:
    """Change keys of `[upgrade]`; a scenario without an upgrade has nothing to change."""
    return scenario if scenario.upgrade is None else changed(scenario, {"upgrade": keys})


def _merged(tables: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(tables)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _merged(merged.get(key, {}), value)
        else:
            merged[key] = value
    return merged
