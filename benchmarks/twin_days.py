"""The days of the twin's protocol: which are calibrated on, which are held out, and how each differs from a normal day.

docs/twin-protocol.md says why. Every day of every round has citizens of its own.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from antrean.lab import worker_count
from benchmarks.upgrade import VARIANTS, scenario_of
from model.compression import lab_scenario
from model.scenario import Scenario
from model.scenario_file import as_tables, load, shipped
from model.strategies import changed, without_faults, without_upgrade

NORMAL_DAY, UPGRADED = "normal-day", "april-2016"
SPEEDUP = 1152.0
"""A day of 16 hours in 50 s."""
RESIDENTS = 20_000
LOW, KNEE, OVERLOAD = "40% of capacity", "85% of capacity", "120% of capacity"
OTHER_OFFICES = ["32.73", "51.71", "33.74", "91.03", "12.71", "64.72", "36.74", "53.71", "34.71", "18.71"]
"""None of them is among those of the normal day; of all three time zones."""
OTHER_MIX = {"enrollment": 0.75, "replacement": 0.25}
"""No more: somebody at home in each office must have a card for each replacement, and the residents are few."""
PLANS = ("online", "rolling", "big-bang")


class Day(NamedTuple):
    """A kind of day."""

    name: str
    held_out: bool
    """Whether it is predicted; else it is calibrated on."""
    made_of: Callable[[Scenario], Scenario]
    """Makes its scenario from the normal day's."""
    learned_from: tuple[str, ...] = ()
    """What is held out is predicted by the calibration on these days of its round."""
    workers: int | None = None
    """Worker processes, if others than the lab's own number."""


def normal_day() -> Scenario:
    """Return the normal day, played fast and with few residents, so that a run of the campaign takes a minute."""
    scenario = load(NORMAL_DAY if NORMAL_DAY in shipped() else UPGRADED)
    quick = {"speedup": SPEEDUP, "peak": KNEE, "capacity_window": "6 s"}
    usual = without_faults(without_upgrade(scenario))
    return changed(usual, {"load": quick, "centre": {"residents": RESIDENTS}})


def _with(tables: Mapping[str, Any]) -> Callable[[Scenario], Scenario]:
    return lambda usual: changed(usual, tables)


def _upgraded(plan: str) -> Callable[[Scenario], Scenario]:
    """The upgrade of April 2016 by another plan, at the same hour of the normal day's own date."""

    def made_of(usual: Scenario) -> Scenario:
        april = scenario_of(VARIANTS[plan], load(UPGRADED))
        later = usual.scenario.start - april.scenario.start
        upgrade = as_tables(april)["upgrade"]
        moved = {key: upgrade[key] + later for key in ("start", "expected_end")}
        return changed(usual, {"upgrade": upgrade | moved})

    return made_of


_NORMAL_DAYS = ("low", "knee")


def days() -> list[Day]:
    """Return the days of a round in the order in which they are played: what is calibrated on lies among the others."""
    found = [
        Day("low", False, _with({"load": {"peak": LOW}})),
        Day("overload", True, _with({"load": {"peak": OVERLOAD}}), _NORMAL_DAYS),
        Day("offices", True, _with({"load": {"offices": OTHER_OFFICES}}), _NORMAL_DAYS),
        Day("knee", False, _with({})),
        Day("workers", True, _with({}), _NORMAL_DAYS, workers=2 * worker_count()),
        Day("mix", True, _with({"demand": {"mix": OTHER_MIX}}), _NORMAL_DAYS),
    ]
    for plan in PLANS:
        found.append(Day(f"rehearse-{plan}", False, _upgraded(plan)))
        found.append(Day(plan, True, _upgraded(plan), (*_NORMAL_DAYS, f"rehearse-{plan}")))
    return found


def in_order(round_number: int) -> list[Day]:
    """Return a round's days; every second round has them the other way round, so that no kind is always the last."""
    found = days()
    return found if round_number % 2 else found[::-1]


def needed(only: str | None) -> list[str]:
    """Return the names of the days that are played: all, or one that is held out and what it is predicted from.

    Raises:
        ValueError: there is no such day.
    """
    if only is None:
        return [day.name for day in days()]
    held_out = {day.name: day for day in days() if day.held_out}
    if only not in held_out:
        raise ValueError(f"--only {only}: there is no such day; there are {', '.join(held_out)}")
    return [only, *held_out[only].learned_from]


def replication_of(day: Day, round_number: int) -> int:
    """Return the replication whose citizens come: other ones on each day of each round."""
    return 100 * round_number + [other.name for other in days()].index(day.name)


def played(day: Day, usual: Scenario, height_per_s: float) -> Scenario:
    """Return the scenario as the lab plays it; the height is the same in all rounds, or each were another scenario."""
    return lab_scenario(day.made_of(usual), height_per_s)


def why_not(day: Day, usual: Scenario) -> str | None:
    """Say why a day cannot be played, None if it can."""
    asked = day.made_of(usual)
    # Any height will do.
    if lab_scenario(asked, 1.0).demand.mix != asked.demand.mix:
        return "the load side plays enrollments only"
    return None
