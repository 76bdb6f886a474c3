"""Choices: keys of a scenario between bounds, as a search turns them, and the scenario that comes of it."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import tomli_w

from model.optimise import Written
from model.scenario import Scenario
from model.scenario_file import ScenarioError, parse
from model.strategies import replanned, throttled
from model.units import (
    MINUTE_S,
    format_clock,
    format_duration,
    format_window,
    parse_clock_s,
    parse_duration_s,
    parse_rate_per_day,
    parse_window,
)

STEPS = 100
"""Into how many steps a range is cut where neither the file nor the kind of value says."""
QUARTER_S = 15 * MINUTE_S
EVENING_START = ("staffing", "evening", "start")
UPGRADE_START = ("upgrade", "start")
REPLANNED = ("upgrade.start", "upgrade.pause")
"""Choices by which the whole plan of the upgrade changes."""
APPOINTMENTS = ("demand", "appointments")


class Kind(NamedTuple):
    """How values of a kind are read as numbers and written again."""

    read: Callable[[Any], float]
    write: Callable[[float], Written]
    read_step: Callable[[Any], float]
    step: float | None
    """The step where none is given; None for a part of the range."""


class Choice(NamedTuple):
    """One key that is searched, as numbers: `low`, `low + step`, ... not beyond `high`."""

    key: str
    low: float
    high: float
    step: float
    kind: Kind

    @property
    def steps(self) -> int:
        """How many steps there are above the least value."""
        return math.floor((self.high - self.low) / self.step + 1e-9)

    def written(self, steps: int) -> Written:
        """Return the value so many steps above the least, as a scenario file writes it."""
        return self.kind.write(round(self.low + steps * self.step, 9))


def read_choice(key: str, bounds: list[Written]) -> Choice:
    """Read `"upgrade.pause" = ["0 s", "10 s"]`.

    Raises:
        ValueError: the bounds are of no kind that can be searched, or in the wrong order.
    """
    kind = _kind(bounds[0])
    if kind is None:
        raise ValueError(
            f'{key}: {bounds[0]!r} cannot be searched; bounds are numbers, durations ("5 s"), rates ("40/day"), times '
            'of day ("17:00") or moments'
        )
    try:
        low, high = kind.read(bounds[0]), kind.read(bounds[1])
    except (ValueError, AttributeError):
        raise ValueError(f"{key}: {bounds[0]} and {bounds[1]} are not written alike") from None
    if low >= high:
        raise ValueError(f"{key}: {bounds[0]} is not below {bounds[1]}; write the least value first")
    step = kind.read_step(bounds[2]) if len(bounds) == 3 else kind.step or (high - low) / STEPS
    if not 0 < step <= high - low:
        raise ValueError(f"{key}: the step {bounds[-1]} does not lie between nothing and the whole range")
    return Choice(key, low, high, step, kind)


def with_choices(scenario: Scenario, values: Mapping[str, Written]) -> Scenario:
    """Return the scenario with other values of some keys, such as {"upgrade.pause": "3 s"}.

    What belongs together moves along: the regular shift's end with the evening's start, the upgrade's expected end with
    its start, its cost and its length with the pause between batches, and, so that every office keeps its people and
    printers, how busy they are with the hours they work.

    Raises:
        ScenarioError: there is no such key, or the values do not go together.
    """
    tables = scenario.model_dump(by_alias=True, exclude_none=True)
    for key, value in values.items():
        path = tuple(key.split("."))
        if path[0] not in tables and path[0] in Scenario.model_fields:
            raise ScenarioError("with these choices", [f"{key}: the scenario has no [{path[0]}]"])
        if path[:2] == APPOINTMENTS and APPOINTMENTS[1] not in tables["demand"]:
            problem = f'{key}: nobody books here; begin the search with strategy = "appointments"'
            raise ScenarioError("with these choices", [problem])
        if path == UPGRADE_START and isinstance(value, datetime):
            upgrade = tables["upgrade"]
            upgrade["expected_end"] += value - upgrade["start"]
        if path == EVENING_START:
            _put(tables, ("staffing", "regular", "end"), value)
        _put(tables, path, value)
    changed = parse(tomli_w.dumps(tables), "with these choices")
    if any(key in values for key in REPLANNED):
        changed = _replanned(scenario, changed)
    return _with_equal_equipment(scenario, changed)


def _replanned(before: Scenario, after: Scenario) -> Scenario:
    """The upgrade starts and pauses as chosen, and what it costs and when it ends follow from that."""
    upgrade, chosen = before.upgrade, after.upgrade
    assert upgrade is not None and chosen is not None  # noqa: S101, PT018 - a key of it was chosen
    as_before = {
        "start": upgrade.start,
        "expected_end": chosen.expected_end - (chosen.start - upgrade.start),
        "pause_s": upgrade.pause_s,
    }
    planned = replanned(
        after.model_copy(update={"upgrade": chosen.model_copy(update=as_before)}), {"start": chosen.start}
    )
    if chosen.pause_s == upgrade.pause_s:
        return planned
    try:
        return throttled(planned, chosen.pause_s)
    except ValueError as error:
        raise ScenarioError("with these choices", [str(error)]) from None


def _with_equal_equipment(before: Scenario, after: Scenario) -> Scenario:
    """Offices have as many counters and printers as their hours need; a search over hours must not hire anybody."""
    regular = before.staffing.regular.length_s / after.staffing.regular.length_s
    opening = before.offices.opening.length_s / after.offices.opening.length_s
    offices = after.offices.model_copy(
        update={
            "counter_utilisation": after.offices.counter_utilisation * regular,
            "printer_utilisation": after.offices.printer_utilisation * opening,
        }
    )
    return after.model_copy(update={"offices": offices})


def _put(tables: dict[str, Any], path: tuple[str, ...], value: Written) -> None:
    """Set a key; where the path goes on into a window, its start or end."""
    *within, last = path
    place: Any = tables
    for depth, name in enumerate(within):
        if isinstance(place.get(name), str) and depth == len(within) - 1 and last in ("start", "end"):
            window = parse_window(place[name])._replace(**{f"{last}_s": parse_clock_s(value)})
            place[name] = format_window(window)
            return
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise ScenarioError("with these choices", [f"{'.'.join(path)}: is not a key of the scenario"])
    place[last] = value


def _kind(bound: Written) -> Kind | None:
    """The kind of a value, from how it is written."""
    if isinstance(bound, datetime):
        zone = bound.tzinfo
        return Kind(
            lambda moment: moment.timestamp(),
            lambda seconds: datetime.fromtimestamp(seconds, zone),
            parse_duration_s,
            QUARTER_S,
        )
    if isinstance(bound, bool):
        return None
    if isinstance(bound, int):
        return Kind(float, round, float, 1.0)
    if isinstance(bound, float):
        return Kind(float, float, float, None)
    return next((kind for kind in _WRITTEN_KINDS if _reads(kind, bound)), None)


_WRITTEN_KINDS = (
    Kind(parse_clock_s, format_clock, parse_duration_s, QUARTER_S),
    Kind(parse_duration_s, format_duration, parse_duration_s, None),
    Kind(parse_rate_per_day, lambda rate: f"{rate:.9g}/day", parse_rate_per_day, None),
)


def _reads(kind: Kind, bound: str) -> bool:
    try:
        kind.read(bound)
    except ValueError:
        return False
    return True
