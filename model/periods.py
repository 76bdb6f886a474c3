"""Periods: what the centre is like from when to when, as the scenario plans its upgrade."""

import math
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from model.offices import EAST_TO_WEST, Zone, all_offices
from model.scenario import Scenario
from model.upgrade import Plan, Upgrade
from model.windows import spells_s

UPGRADE, STANDSTILL = "upgrade", "standstill"


class Period(NamedTuple):
    """A stretch of time in which the centre runs one version and is slowed by one factor."""

    start_s: float
    version: str
    phase: str
    """The upgrade's phase, "" when none is under way."""
    slowdown: float
    """How many times longer a record takes than before the upgrade; infinity while the centre stands still."""
    lost: float = 0.0
    """Share of the slots that the upgrade takes."""
    cold: float = 1.0
    """How many times longer still a record took when the version was new, its caches cold."""
    cold_since_s: float = 0.0
    """When that was."""
    warm_up_s: float = 1.0
    """How long until the surplus has fallen to 37%."""
    slowdowns: tuple[tuple[str, float], ...] = ()
    """In place of `slowdown` where it was measured by itself: of stages, and of what `gap_of` calls a kind's gaps."""

    def slowdown_at(self, moment_s: float, what: str = "") -> float:
        """Return the factor at a moment of the period, cold caches included; `what` is a stage or a gap."""
        slowdown = dict(self.slowdowns).get(what, self.slowdown) if self.slowdowns else self.slowdown
        if self.cold == 1.0:
            return slowdown
        surplus = (self.cold - 1.0) * math.exp(-(moment_s - self.cold_since_s) / self.warm_up_s)
        return slowdown * (1.0 + surplus)


def gap_of(kind: str) -> str:
    """Return what the gaps between the batches of a kind of server are called beside the stages."""
    return f"{kind} gap"


class Timeline:
    """Periods that can be asked which of them holds at a moment."""

    def __init__(self, periods: tuple[Period, ...]) -> None:
        self._periods = periods
        self._starts_s = [period.start_s for period in periods]

    def at(self, moment_s: float) -> Period:
        """Return the period that holds at a moment."""
        return self._periods[bisect_right(self._starts_s, moment_s) - 1]

    def next_start_s(self, moment_s: float) -> float:
        """Return when the next period begins.

        Raises:
            IndexError: the moment lies in the last one.
        """
        return self._starts_s[bisect_right(self._starts_s, moment_s)]


def scheduled_periods(scenario: Scenario) -> tuple[Period, ...]:
    """Return the periods of the zone that is upgraded last, of all zones unless the plan is rolling.

    One normal period without an upgrade.
    """
    return zone_periods(scenario)[EAST_TO_WEST[-1]]


def zone_periods(scenario: Scenario) -> dict[Zone, tuple[Period, ...]]:
    """Return the periods of each zone's records.

    The upgrade works from its start for as long as it takes, in its hours. While it works it slows everybody, or, in
    one step, stands still. Then it switches: for all at the end, or with the rolling plan for one zone after the
    other, each after a part of the work that is its share of the population.
    """
    upgrade = scenario.upgrade
    if upgrade is None:
        return dict.fromkeys(EAST_TO_WEST, (_normal(scenario),))
    spells = _spells_s(scenario, upgrade)
    return {
        zone: _timeline(scenario, upgrade, spells, switch_s) for zone, switch_s in _switches_s(upgrade, spells).items()
    }


def upgrade_length_s(scenario: Scenario) -> float:
    """Return how long after its start the upgrade has switched everybody over; 0 without one."""
    if scenario.upgrade is None:
        return 0.0
    spells = _spells_s(scenario, scenario.upgrade)
    return spells[-1][1] + scenario.upgrade.cost.standstill_s - scenario.seconds_at(scenario.upgrade.start)


def work_s(scenario: Scenario, upgrade: Upgrade) -> float:
    """Return how long the upgrade works: as it says, or what lies in its hours from its start to its expected end."""
    start_s, end_s = scenario.seconds_at(upgrade.start), scenario.seconds_at(upgrade.expected_end)
    if upgrade.work_s is not None:
        return upgrade.work_s
    within = spells_s(upgrade.hours, start_s, end_s - start_s)
    return sum(min(end, end_s) - start for start, end in within if start < end_s)


def _spells_s(scenario: Scenario, upgrade: Upgrade) -> list[tuple[float, float]]:
    return spells_s(upgrade.hours, scenario.seconds_at(upgrade.start), work_s(scenario, upgrade))


def _switches_s(upgrade: Upgrade, spells: list[tuple[float, float]]) -> dict[Zone, float]:
    """When each zone's work is done."""
    if upgrade.plan is not Plan.ROLLING:
        return dict.fromkeys(EAST_TO_WEST, spells[-1][1])
    people = dict.fromkeys(EAST_TO_WEST, 0)
    for office in all_offices().values():
        people[office.zone] += office.population_thousands
    total_s = sum(end_s - start_s for start_s, end_s in spells)
    done = accumulate(people[zone] / sum(people.values()) for zone in EAST_TO_WEST)
    switches_s = {zone: _after_work_s(spells, share * total_s) for zone, share in zip(EAST_TO_WEST, done, strict=True)}
    return switches_s | {EAST_TO_WEST[-1]: spells[-1][1]}


def _after_work_s(spells: list[tuple[float, float]], work_s: float) -> float:
    for start_s, end_s in spells:
        if work_s <= end_s - start_s:
            return start_s + work_s
        work_s -= end_s - start_s
    return spells[-1][1]


def _normal(scenario: Scenario) -> Period:
    return Period(-math.inf, scenario.centre.version, "", 1.0)


def _timeline(
    scenario: Scenario, upgrade: Upgrade, spells: list[tuple[float, float]], switch_s: float
) -> tuple[Period, ...]:
    """The periods of records for which the centre switches at `switch_s`."""
    new_s = switch_s + upgrade.cost.standstill_s
    moments_s = sorted({switch_s, new_s, *(moment_s for spell in spells for moment_s in spell)})
    planned = [_period(scenario, upgrade, spells, moment_s, switch_s, new_s) for moment_s in moments_s]
    return (_normal(scenario), *planned)


def _period(
    scenario: Scenario,
    upgrade: Upgrade,
    spells: list[tuple[float, float]],
    moment_s: float,
    switch_s: float,
    new_s: float,
) -> Period:
    cost = upgrade.cost
    working = any(start_s <= moment_s < end_s for start_s, end_s in spells)
    phase = UPGRADE if working else ""
    slowdown, lost = (cost.during, cost.lost_slots) if working else (1.0, 0.0)
    if switch_s <= moment_s < new_s:
        return Period(moment_s, scenario.centre.version, STANDSTILL, math.inf, lost)
    if moment_s >= new_s:
        slowdown *= cost.after
        return Period(moment_s, upgrade.to, phase, slowdown, lost, cost.cold, new_s, cost.warm_up_s)
    if working and upgrade.plan is Plan.BIG_BANG:
        return Period(moment_s, scenario.centre.version, STANDSTILL, math.inf)
    return Period(moment_s, scenario.centre.version, phase, slowdown, lost)
