"""The scenario that server, load and simulation share: typed, frozen, each key described by its docstring.

In the TOML file every value carries its unit ("6 min", "400/day"); in code the unit is in the attribute's name. Files
are read and written by `model/scenario_file.py`.
"""

import inspect
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, model_validator

from model.capacity import Capacity
from model.section import AllOrSome, OfficeCode, OfficeCodes, PositiveSeconds, Section, Share
from model.units import DAY_S, Bytes, Peak, PerDay, Window, format_clock, parse_clock_s
from model.upgrade import Upgrade


class Heading(Section):
    """`[scenario]`: what is told, when it starts, for how long."""

    title: str
    """One line that names the scenario."""
    story: str = ""
    """What happened, in a few sentences."""
    start: datetime
    """Midnight of the first day, with its UTC offset: 2016-04-04T00:00:00+07:00."""
    days: Annotated[int, Field(ge=1, le=14)]
    """How many days are played by the national simulation."""
    seed: Annotated[int, Field(ge=0)]
    """The seed of every random stream."""

    @model_validator(mode="after")
    def _starts_at_a_midnight(self) -> "Heading":
        if self.start.tzinfo is None:
            raise ValueError("start has no UTC offset; write it as 2016-04-04T00:00:00+07:00")
        if (self.start.hour, self.start.minute, self.start.second, self.start.microsecond) != (0, 0, 0, 0):
            raise ValueError(
                f"start is {self.start.isoformat()}; it must be a midnight, such as 2016-04-04T00:00:00+07:00"
            )
        return self


class KnownOffice(Section):
    """`[offices.known."CODE"]`: figures known of one office, in place of the rules."""

    arrivals_per_day: PerDay | None = Field(None, alias="arrivals")
    """Applicants a day, in place of the office's share by population."""
    printers: Annotated[int, Field(ge=1)] | None = None
    """Card printers, in place of the staffing rule."""


class Offices(Section):
    """`[offices]`: which offices take part, when they are open, how they are equipped."""

    which: AllOrSome = "all"
    """All 514, or a list of codes."""
    opening: Window
    """Local hours in which the doors are open and tickets are given."""
    counter_utilisation: Annotated[float, Field(gt=0, le=1.5)]
    """Counters are as many as keep a normal day's regular shift this busy."""
    printer_utilisation: Annotated[float, Field(gt=0, le=1.5)]
    """Printers are as many as keep a normal day's opening hours this busy."""
    known: dict[OfficeCode, KnownOffice] = Field({})
    """Offices of which more is known."""


class Mix(Section):
    """`[demand.mix]`: what citizens come for, as shares that add up to 1."""

    enrollment: Share = 1.0
    """Recording and a first card."""

    @model_validator(mode="after")
    def _adds_up(self) -> "Mix":
        if abs(self.enrollment - 1.0) > 1e-9:
            raise ValueError(f"the shares add up to {self.enrollment:g}; they must add up to 1")
        return self


class Demand(Section):
    """`[demand]`: how many citizens come, when and for what."""

    arrivals_per_day: PerDay = Field(alias="arrivals")
    """Citizens a day in the whole nation, spread over the offices by population."""
    volume: Annotated[float, Field(gt=0)] = 1.0
    """The share of each office's arrivals that is played; a lab run sets it, see model/compression.py."""
    curve: dict[str, Annotated[float, Field(ge=0)]]
    """Relative arrival rate at local times of day ("08:00" = 2.0), linear between them, zero outside."""
    duplicates: Share = 0.0
    """Share of citizens who are enrolled already and try again under another number."""
    mix: Mix = Mix()

    @model_validator(mode="after")
    def _curve_is_a_curve(self) -> "Demand":
        times_s = [parse_clock_s(time) for time in self.curve]
        if len(times_s) < 2 or times_s != sorted(set(times_s)):
            raise ValueError("curve needs at least two times of day, earlier first, each once")
        if not any(self.curve.values()):
            raise ValueError("curve is zero everywhere; nobody would ever come")
        return self

    @property
    def curve_knots(self) -> list[tuple[float, float]]:
        """The curve as (seconds since local midnight, relative rate)."""
        return [(parse_clock_s(time), rate) for time, rate in self.curve.items()]


class Spread(Section):
    """A human duration between `low` and `high`, most often near `mode` (triangular)."""

    low_s: PositiveSeconds = Field(alias="low")
    """The shortest."""
    mode_s: PositiveSeconds = Field(alias="mode")
    """The most frequent."""
    high_s: PositiveSeconds = Field(alias="high")
    """The longest."""

    @model_validator(mode="after")
    def _in_order(self) -> "Spread":
        if not self.low_s <= self.mode_s <= self.high_s or self.low_s == self.high_s:
            raise ValueError("low, mode and high must not descend, and low must be below high")
        return self

    @property
    def mean_s(self) -> float:
        """The mean of the triangular distribution."""
        return (self.low_s + self.mode_s + self.high_s) / 3


class Service(Section):
    """`[service]`: what people and their machines take in the offices."""

    capture: Spread
    """Ten fingerprints, two irises, face and signature at the counter."""
    printing_s: PositiveSeconds = Field(alias="printing")
    """A card on one printer."""
    handover_s: PositiveSeconds = Field(alias="handover")
    """How often the hand-over window looks for printed cards and refused records."""


class StageTimes(Section):
    """`[centre.stages]`: mean working time of one record in each stage of the centre."""

    submission_s: PositiveSeconds = Field(alias="submission")
    """Receiving the packet; the office's operator waits for it."""
    validation_s: PositiveSeconds = Field(alias="validation")
    """Checking the packet."""
    matching_s: PositiveSeconds = Field(alias="matching")
    """The 1:N search."""
    personalisation_s: PositiveSeconds = Field(alias="personalisation")
    """Rendering the card and signing the chip's payload."""

    @property
    def total_s(self) -> float:
        """Working time of one record over all stages."""
        return self.submission_s + self.validation_s + self.matching_s + self.personalisation_s


class Centre(Section):
    """`[centre]`: the national data centre."""

    version: str
    """Software version before the upgrade."""
    slots: Annotated[int, Field(ge=1)]
    """Records it works on at the same time."""
    peak_utilisation: Annotated[float, Field(gt=0, le=1.5)]
    """How full the normal day's peak hour would fill the national centre if every record reached it at once; the
    counters let a tenth less through."""
    peaks: list[Window] = Field([])
    """Windows, on the start's clock, in which the centre is known to be busiest; charts shade them."""
    residents: Annotated[int, Field(ge=1)]
    """Residents in the mock server's database, spread by population."""
    variation: Annotated[float, Field(ge=0, le=3)]
    """Coefficient of variation of the stages' working times."""
    stages: StageTimes


class Staffing(Section):
    """`[staffing]`: who works when."""

    regular: Window
    """Local hours in which every counter is staffed."""
    evening: Window
    """Local hours of the evening shift; paid as overtime, and no longer than somebody waits."""
    evening_share: Share
    """Share of the counters staffed in the evening."""


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
    """Citizens per second that the load side never exceeds."""
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
    staffing: Staffing
    load: Load
    capacity: Capacity = Capacity()

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
        offset = self.scenario.start.utcoffset()
        assert offset is not None, "Heading refuses a start without one"  # noqa: S101 - narrows the type
        return offset.total_seconds()


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


def _known_within_nation(offices: Offices, demand: Demand) -> str | None:
    known_per_day = sum(office.arrivals_per_day or 0.0 for office in offices.known.values())
    if known_per_day <= demand.arrivals_per_day:
        return None
    return (
        f"demand.arrivals: {demand.arrivals_per_day:g}/day is less than the offices in offices.known have together "
        f"({known_per_day:g}/day); it counts the whole nation"
    )


RULES: tuple[Callable[..., str | None], ...] = (
    _curve_within_opening,
    _shifts_cover_opening,
    _evening_follows_regular,
    _upgrade_within_scenario,
    _known_within_nation,
)
"""What must hold between tables: each takes the tables named by its parameters, and says what is wrong or None."""


def disagreements(tables: dict[str, object]) -> list[str]:
    """Say what is wrong between the given tables; rules about a table that is not given are left out."""
    problems = []
    for rule in RULES:
        names = list(inspect.signature(rule).parameters)
        if all(name in tables for name in names):
            problems.append(rule(*(tables[name] for name in names)))
    return [problem for problem in problems if problem]


def local_midnight_s(scenario: Scenario, utc_offset_s: float, day: int) -> float:
    """Return when a zone's day begins, in seconds since the scenario's start (negative east of the start's zone)."""
    return day * DAY_S - (utc_offset_s - scenario.utc_offset_s)
