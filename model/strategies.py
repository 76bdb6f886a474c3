"""Schedules: what an authority can choose, each a transformation of a scenario that can follow any other.

A schedule changes keys of the scenario and nothing else; what a key does is told where the model reads it. Applied
once more it changes nothing more. A scenario that gives it nothing to change, such as one without an upgrade, stays.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import reduce
from itertools import count
from typing import Any

from model.periods import upgrade_length_s, work_s
from model.scenario import Scenario
from model.scenario_file import as_tables
from model.units import DAY_S, HOUR_S, DayWindow, format_duration, format_window
from model.upgrade import Plan

Strategy = Callable[[Scenario], Scenario]


def changed(scenario: Scenario, tables: Mapping[str, Any]) -> Scenario:
    """Return the scenario with other values, written as a file would write them: {"staffing": {"evening_share": 1.0}}.

    A table is merged into the scenario's own; None takes a key away.

    Raises:
        ValueError: the changed scenario is not valid; says which keys do not go together.
    """
    return Scenario.model_validate(_merged(as_tables(scenario), tables))


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
    """Every counter stays for the evening shift, until 22:00 at least: the answer of 2016."""
    evening = scenario.staffing.evening
    longer = DayWindow(evening.start_s, max(evening.end_s, 22 * HOUR_S))
    return changed(scenario, {"staffing": {"evening": format_window(longer), "evening_share": 1.0}})


def avoid_peaks(scenario: Scenario) -> Scenario:
    """In the centre's known peaks offices keep their packets, and no operator waits for it."""
    peaks = [format_window(peak) for peak in scenario.centre.peaks]
    return changed(scenario, {"staffing": {"avoid": peaks}})


def zone_staggered(scenario: Scenario) -> Scenario:
    """Java's and Sumatra's day, which is four fifths of the nation's, begins an hour later, behind that of the east."""
    return changed(scenario, {"offices": {"stagger": {"WIB": "1 h"}}})


def appointments(scenario: Scenario) -> Scenario:
    """Citizens book half hours, each for nine tenths of those whom the counters can serve; one in ten does not come."""
    return changed(scenario, {"demand": {"appointments": {"slot": "30 min", "quota": 0.9, "no_shows": 0.1}}})


def store_and_forward(scenario: Scenario) -> Scenario:
    """Offices capture by day and send from 18:00 to 07:00; citizens come for the card another day."""
    return changed(
        scenario, {"offices": {"upload": ["18:00-24:00", "00:00-07:00"]}, "service": {"waiting_for_card": 0.0}}
    )


def night_batch_print(scenario: Scenario) -> Scenario:
    """Printers run outside the regular shift, through the night; citizens come for the card another day."""
    regular = scenario.staffing.regular
    night = [DayWindow(0.0, regular.start_s), DayWindow(regular.end_s, DAY_S)]
    windows = [format_window(window) for window in night if window.length_s > 0]
    return changed(scenario, {"offices": {"batch_printing": windows}, "service": {"waiting_for_card": 0.0}})


def waiting_first(scenario: Scenario) -> Scenario:
    """At the centre and the printers, citizens who wait go before everything that nobody waits for."""
    return changed(scenario, {"centre": {"waiting_first": True}})


def admission_control(scenario: Scenario) -> Scenario:
    """The centre lets in twice as many records as it can work on at a time; the others stay in their offices."""
    return changed(scenario, {"centre": {"admitted": 2 * scenario.centre.slots}})


def upgrade_at_night(scenario: Scenario) -> Scenario:
    """The upgrade works from 20:00 to 06:00 on the start's clock only."""
    return replanned(scenario, {"hours": ["20:00-24:00", "00:00-06:00"]})


def upgrade_by_zone(scenario: Scenario) -> Scenario:
    """The upgrade takes one time zone after the other, from the east to the west."""
    return replanned(scenario, {"plan": "rolling"})


def upgrade_at_weekend(scenario: Scenario) -> Scenario:
    """The upgrade begins on the next Friday at 18:00 on the start's clock; the days last until Monday at least."""
    if scenario.upgrade is None:
        return scenario
    evenings_s = ((day, day * DAY_S + 18 * HOUR_S) for day in count() if scenario.scenario.weekday(day) == "friday")
    planned_s = scenario.seconds_at(scenario.upgrade.start)
    friday, evening_s = next((day, evening_s) for day, evening_s in evenings_s if evening_s >= planned_s)
    longer = changed(scenario, {"scenario": {"days": max(scenario.scenario.days, friday + 4)}})
    return replanned(longer, {"start": scenario.moment_at(evening_s)})


def throttled_backfill(scenario: Scenario) -> Scenario:
    """The upgrade is online and pauses between batches for as long as a batch takes."""
    if scenario.upgrade is None:
        return scenario
    online = replanned(scenario, {"plan": "online"})
    return throttled(online, max(scenario.upgrade.pause_s, scenario.upgrade.cost.batch_s))


def throttled(scenario: Scenario, pause_s: float) -> Scenario:
    """Return the scenario with an upgrade that pauses so long between batches.

    What the upgrade costs while it works falls, and how long it works grows, by how much less of the time it is busy.

    Raises:
        ValueError: the upgrade knows no batches, as it does all in one step.
    """
    upgrade = scenario.upgrade
    if upgrade is None:
        return scenario
    if upgrade.plan is Plan.BIG_BANG:
        raise ValueError(f"upgrade.pause: a {upgrade.plan} upgrade has no batches to pause between; plan another one")
    batch_s, cost = upgrade.cost.batch_s, upgrade.cost
    slower = (batch_s + upgrade.pause_s) / (batch_s + pause_s)
    eased = {"during": 1 + (cost.during - 1) * slower, "lost_slots": cost.lost_slots * slower}
    work = format_duration(work_s(scenario, upgrade) / slower)
    return replanned(scenario, {"pause": format_duration(pause_s), "cost": eased, "work": work})


def replanned(scenario: Scenario, keys: Mapping[str, Any]) -> Scenario:
    """Return the scenario with other keys of `[upgrade]`.

    The upgrade works as long as before unless they say how long, and its end is expected when it will have worked.
    """
    upgrade = scenario.upgrade
    if upgrade is None:
        return scenario
    begins = keys.get("start", upgrade.start)
    work = {"work": format_duration(work_s(scenario, upgrade))}
    # Any end after the start will do until the planned one is known.
    planned = changed(scenario, {"upgrade": work | {"expected_end": begins + timedelta(days=1)} | dict(keys)})
    return changed(planned, {"upgrade": {"expected_end": begins + timedelta(seconds=upgrade_length_s(planned))}})


def without_upgrade(scenario: Scenario) -> Scenario:
    """The same days without the upgrade: the normal days to compare with."""
    return changed(scenario, {"upgrade": None})


def without_faults(scenario: Scenario) -> Scenario:
    """The same days on which nothing breaks."""
    return scenario.model_copy(update={"faults": []})


STRATEGIES: dict[str, Strategy] = {
    "as-is": as_is,
    "evening-shift": evening_shift,
    "avoid-peaks": avoid_peaks,
    "zone-staggered": zone_staggered,
    "appointments": appointments,
    "store-and-forward": store_and_forward,
    "night-batch-print": night_batch_print,
    "waiting-first": waiting_first,
    "admission-control": admission_control,
    "upgrade-at-night": upgrade_at_night,
    "upgrade-by-zone": upgrade_by_zone,
    "upgrade-at-weekend": upgrade_at_weekend,
    "throttled-backfill": throttled_backfill,
    "without-upgrade": without_upgrade,
}
"""Every schedule by its name; its docstring says in a sentence what it does."""


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
