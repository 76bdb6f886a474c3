"""The scenario that server, load and simulation share: typed, frozen, each key described by its docstring.

In the TOML file every value carries its unit ("6 min", "400/day"); in code the unit is in the attribute's name. Files
are read and written by `model/scenario_file.py`.
"""

import inspect
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, model_validator

from model.capacity import Capacity
from model.data_centre import Centre
from model.demand import Demand
from model.equipment import WEEKDAYS, Offices, Weekday
from model.faults import Fault
from model.gate import Gate
from model.offices import Zone
from model.optimise import Optimise
from model.section import Lasting, OfficeCodes, PositiveSeconds, Section
from model.sensitivity import Sensitivity
from model.service import Service
from model.shifts import Staffing
from model.units import DAY_S, Bytes, Peak, format_clock, format_window
from model.upgrade import Upgrade
from model.windows import within


class Heading(Section):
    """`[scenario]`: what is told, when it starts, for how long."""

    title: str
    """One line that names the scenario."""
    story: str = ""
    """What happened, in a few sentences."""
    start: datetime
    """Midnight of the first day, with its UTC offset: 2016-04-04T00:00:00+07:00."""
    days: Annotated[int, Field(ge=1, le=31)]
    """How many days are played by the national simulation."""
    seed: Annotated[int, Field(ge=0)]
    """The seed of every random stream."""

    def weekday(self, day: int) -> Weekday:
        """Return the weekday of a day; day 0 is the first."""
        return WEEKDAYS[(self.start + timedelta(days=day)).weekday()]

    @property
    def utc_offset_s(self) -> float:
        """Seconds that the start's clock is ahead of UTC."""
        offset = self.start.utcoffset()
        assert offset is not None, "a start without one is refused"  # noqa: S101 - narrows the type
        return offset.total_seconds()

    @model_validator(mode="after")
    def _starts_at_a_midnight(self) -> "Heading":
        if self.start.tzinfo is None:
            raise ValueError("start has no UTC offset; write it as 2016-04-04T00:00:00+07:00")
        if (self.start.hour, self.start.minute, self.start.second, self.start.microsecond) != (0, 0, 0, 0):
            raise ValueError(
                f"start is {self.start.isoformat()}; it must be a midnight, such as 2016-04-04T00:00:00+07:00"
            )
        return self


class Quick(Section):
    """`[load.quick]`: what `antrean run --quick` takes in place of the full figures."""

    speedup: Annotated[float, Field(ge=1, le=10_000)]
    """In place of `load.speedup`."""
    residents: Annotated[int, Field(ge=1)]
    """In place of `centre.residents`."""
    capacity_window_s: PositiveSeconds = Field(alias="capacity_window")
    """In place of `load.capacity_window`."""


class Load(Section):
    """`[load]`: how the lab plays the offices against a server."""

    speedup: Annotated[float, Field(ge=1, le=10_000)]
    """How many scenario seconds pass in one second; human and mechanical durations shrink by it."""
    peak_share: Peak = Field(alias="peak")
    """How high the normal day's peak hour is: "real", or a share of the server's measured capacity."""
    offices: OfficeCodes
    """Offices that the lab plays: as many from the front of the list as fill the volume."""
    packet_bytes: Bytes = Field(alias="packet")
    """Size of a submitted enrollment."""
    max_rate_per_s: Annotated[float, Field(gt=0, le=4000)] = Field(alias="max_rate")
    """Citizens per second that the load side never exceeds: a denser day is refused. Of `antrean load` requests, too,
    which wait for their turn."""
    error_budget: Annotated[float, Field(gt=0, le=1)] = 0.2
    """`antrean load` stops when a larger share of the requests of the last ten seconds failed."""
    capacity_window_s: PositiveSeconds = Field(alias="capacity_window")
    """How long the capacity measurement at the start of a run lasts."""
    quick: Quick


class Scenario(Section):
    """Everything a run needs to know."""

    scenario: Heading
    offices: Offices
    demand: Demand
    service: Service
    centre: Centre
    upgrade: Upgrade | None = None
    faults: list[Fault] = Field([])
    """Faults injected on purpose when a lab day is played, each told by its `kind`; the simulation knows none."""
    staffing: Staffing
    load: Load
    capacity: Capacity = Capacity()
    gate: Gate = Gate()
    optimise: Optimise | None = None
    sensitivity: Sensitivity | None = None

    @model_validator(mode="after")
    def _parts_agree(self) -> "Scenario":
        problems = disagreements({name: getattr(self, name) for name in type(self).model_fields})
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def seed(self) -> int:
        """The seed of every random stream."""
        return self.scenario.seed

    def seconds_at(self, moment: datetime) -> float:
        """Return a moment as seconds since the scenario's start."""
        return (moment - self.scenario.start).total_seconds()

    def moment_at(self, seconds: float) -> datetime:
        """Return seconds since the scenario's start as a moment, in the start's UTC offset."""
        return self.scenario.start + timedelta(seconds=seconds)

    @property
    def utc_offset_s(self) -> float:
        """Seconds that the start's clock is ahead of UTC."""
        return self.scenario.utc_offset_s


def _curve_within_opening(demand: Demand, offices: Offices) -> str | None:
    first_s, last_s = demand.curve_knots[0][0], demand.curve_knots[-1][0]
    if offices.opening.start_s <= first_s and last_s <= offices.opening.end_s:
        return None
    return (
        f"demand.curve: runs from {format_clock(first_s)} to {format_clock(last_s)}, outside offices.opening; "
        "end it where the doors close, or open longer"
    )


def _shifts_cover_opening(offices: Offices, staffing: Staffing) -> str | None:
    covered_until_s = offices.opening.start_s
    for shift in sorted([staffing.regular, staffing.evening]):
        if shift.start_s <= covered_until_s:
            covered_until_s = max(covered_until_s, shift.end_s)
    if covered_until_s >= offices.opening.end_s:
        return None
    return (
        "staffing: the doors are open (offices.opening) at hours when nobody works; "
        "let regular and evening together cover the opening hours"
    )


def _evening_follows_regular(staffing: Staffing) -> str | None:
    if staffing.evening.start_s == staffing.regular.end_s:
        return None
    return (
        f"staffing.evening: starts at {format_clock(staffing.evening.start_s)}, but regular ends at "
        f"{format_clock(staffing.regular.end_s)}; the evening shift takes over then, so let both be the same time"
    )


def _upgrade_within_scenario(upgrade: Upgrade | None, scenario: Heading) -> str | None:
    if upgrade is None:
        return None
    if upgrade.start < scenario.start:
        return "upgrade.start: is before scenario.start; start the scenario a day earlier"
    if upgrade.start >= scenario.start + timedelta(days=scenario.days):
        return "upgrade.start: is after the scenario's last day; start it earlier, or raise scenario.days"
    return None


def _faults_within_scenario(faults: list[Fault], scenario: Heading) -> str | None:
    return _outside("faults", faults, scenario)


def _offline_within_scenario(offices: Offices, scenario: Heading) -> str | None:
    return _outside("offices.offline", offices.offline, scenario)


def _outside(key: str, spells: Sequence[Lasting], scenario: Heading) -> str | None:
    end = scenario.start + timedelta(days=scenario.days)
    outside = [number for number, spell in enumerate(spells) if spell.start < scenario.start or spell.end > end]
    if not outside:
        return None
    return "\n".join(
        f"{key}[{number}]: is not within the scenario's days, {scenario.start.isoformat()} to {end.isoformat()}; "
        "move it, or raise scenario.days"
        for number in outside
    )


def _known_within_nation(offices: Offices, demand: Demand) -> str | None:
    known_per_day = sum(office.arrivals_per_day or 0.0 for office in offices.known.values())
    if known_per_day <= demand.usual_per_day:
        return None
    key = "arrivals" if demand.usual is None else "usual"
    return (
        f"demand.{key}: {demand.usual_per_day:g}/day is less than the offices in offices.known have together "
        f"({known_per_day:g}/day); it counts the whole nation"
    )


def _breaks_within_regular(staffing: Staffing) -> str | None:
    for key, breaks in (("breaks", staffing.breaks), ("friday_breaks", staffing.friday_breaks or [])):
        for pause in breaks:
            if not staffing.regular.start_s < pause.start_s < pause.end_s < staffing.regular.end_s:
                return (
                    f"staffing.{key}: {format_window(pause)} is not within staffing.regular; "
                    "end the shift earlier, or move the break"
                )
    return None


def _packets_can_be_sent(scenario: Heading, offices: Offices, staffing: Staffing) -> str | None:
    for zone in Zone if staffing.avoid or offices.upload else ():
        midnight_s = scenario.utc_offset_s - zone.utc_offset_s
        # Where sending is allowed, it begins to be when an avoided window ends or a window of sending begins.
        begins_s = [pause.end_s for pause in staffing.avoid]
        begins_s += [midnight_s + window.start_s for window in offices.upload]
        if not any(
            not within(staffing.avoid, begin_s) and (not offices.upload or within(offices.upload, begin_s, midnight_s))
            for begin_s in begins_s
        ):
            return (
                f"staffing.avoid: leaves no time of day at which an office of {zone} may send its packets; "
                "avoid fewer hours, or send in others (offices.upload)"
            )
    return None


def _appointments_fit_the_day(demand: Demand, offices: Offices) -> str | None:
    if demand.appointments is None or demand.appointments.slot_s <= offices.opening.length_s:
        return None
    return "demand.appointments.slot: is longer than offices.opening; make slots shorter"


def _some_day_is_open(scenario: Heading, offices: Offices) -> str | None:
    if any(scenario.weekday(day) not in offices.closed_on for day in range(scenario.days)):
        return None
    return "offices.closed_on: the offices are closed on all of the scenario's days; raise scenario.days"


RULES: tuple[Callable[..., str | None], ...] = (
    _curve_within_opening,
    _shifts_cover_opening,
    _evening_follows_regular,
    _upgrade_within_scenario,
    _faults_within_scenario,
    _offline_within_scenario,
    _known_within_nation,
    _breaks_within_regular,
    _packets_can_be_sent,
    _appointments_fit_the_day,
    _some_day_is_open,
)
"""What must hold between tables: each takes the tables named by its parameters, and says what is wrong or None; several
wrongs are lines."""


def disagreements(tables: dict[str, object]) -> list[str]:
    """Say what is wrong between the given tables; rules about a table that is not given are left out."""
    problems = []
    for rule in RULES:
        names = list(inspect.signature(rule).parameters)
        if all(name in tables for name in names):
            problems.append(rule(*(tables[name] for name in names)))
    return [line for problem in problems if problem for line in problem.splitlines()]


def local_midnight_s(scenario: Scenario, utc_offset_s: float, day: int) -> float:
    """Return when a zone's day begins, in seconds since the scenario's start (negative east of the start's zone)."""
    return day * DAY_S - (utc_offset_s - scenario.utc_offset_s)
