"""The data centre: a number of slots that every record passes through stage by stage, slower while it is upgraded.

What limits a centre is its processors, so all stages share the slots, and the oldest record goes first.
"""

import math
from collections.abc import Generator
from typing import NamedTuple

from simpy import Environment, Event

from model.arrivals import Citizen, national_peak_per_s
from model.events import EventLog
from model.scenario import Scenario
from model.stages import CENTRAL_STAGES, END_OF_CENTRE, Stage, Status, move
from model.station import Station


class Period(NamedTuple):
    """A stretch of time in which the centre runs one version and is slowed by one factor."""

    start_s: float
    version: str
    phase: str
    """The upgrade's phase, "" when none is under way."""
    slowdown: float
    """How many times longer a record takes than before the upgrade."""


class CentreSpec(NamedTuple):
    """What the centre can do; times in scenario seconds."""

    slots: int
    """Records worked on at the same time."""
    submission_s: float
    """Mean time from sending a packet to its receipt."""
    stage_s: dict[Stage, float]
    """Mean working time of a record in each of `CENTRAL_STAGES`."""
    variation: float
    """Coefficient of variation of the working times."""
    periods: tuple[Period, ...]
    """In the order of their start; the first starts at or before everything."""

    @property
    def capacity_per_s(self) -> float:
        """Records a second that it can sustain when nothing slows it."""
        return self.slots / sum(self.stage_s.values())


def national_centre(scenario: Scenario) -> CentreSpec:
    """Return the nation's centre: the scenario's stages, scaled so that the normal peak fills `peak_utilisation`."""
    centre = scenario.centre
    stages = centre.stages
    stage_s = {
        Stage.VALIDATION: stages.validation_s,
        Stage.MATCHING: stages.matching_s,
        Stage.PERSONALISATION: stages.personalisation_s,
    }
    capacity_per_s = national_peak_per_s(scenario) / centre.peak_utilisation
    scale = centre.slots / (capacity_per_s * sum(stage_s.values()))
    return CentreSpec(
        slots=centre.slots,
        submission_s=stages.submission_s * scale,
        stage_s={stage: mean_s * scale for stage, mean_s in stage_s.items()},
        variation=centre.variation,
        periods=scheduled_periods(scenario),
    )


def scheduled_periods(scenario: Scenario) -> tuple[Period, ...]:
    """Return the centre's periods as the scenario plans its upgrade; one normal period without an upgrade."""
    normal = Period(-math.inf, scenario.centre.version, "", 1.0)
    upgrade = scenario.upgrade
    if upgrade is None:
        return (normal,)
    return (
        normal,
        Period(scenario.seconds_at(upgrade.start), scenario.centre.version, "upgrade", upgrade.cost.during),
        Period(scenario.seconds_at(upgrade.expected_end), upgrade.to, "", upgrade.cost.after),
    )


class Centre:
    """The centre at work in a simulation."""

    def __init__(self, env: Environment, spec: CentreSpec, log: EventLog) -> None:
        """Make a centre of `spec` that writes its visits to `log`."""
        self._env = env
        self._spec = spec
        self._log = log
        self._slots = Station(env, "centre/slot", spec.slots)
        # A lognormal of mean one: exp(sigma z - sigma^2/2), sigma^2 = ln(1 + cv^2).
        self._sigma = math.sqrt(math.log1p(spec.variation**2))

    def receive(self, citizen: Citizen) -> Generator[Event, object, None]:
        """Take a packet in and acknowledge it; the operator waits for that."""
        entered_s = self._env.now
        period = self._period()
        yield self._env.timeout(self._spec.submission_s * period.slowdown)
        self._log.row(
            citizen.name,
            citizen.office,
            Stage.SUBMISSION,
            (entered_s, entered_s, entered_s, self._env.now),
            "centre/web",
            Status.RECEIVED_AT_CENTRAL,
            period.version,
            period.phase,
        )

    def process(self, citizen: Citizen) -> Generator[Event, object, Status]:
        """Work on a received record until its card can be printed or it is refused; returns its status."""
        received_s = entered_s = self._env.now
        status = Status.RECEIVED_AT_CENTRAL
        turn = self._slots.seize(priority=received_s)
        for stage, deviate in zip(CENTRAL_STAGES, citizen.work, strict=True):
            slot = yield turn
            assert isinstance(slot, int)  # noqa: S101 - the centre never sends anybody home
            started_s = self._env.now
            period = self._period()
            heaviness = math.exp(self._sigma * deviate - self._sigma**2 / 2)
            yield self._env.timeout(self._spec.stage_s[stage] * heaviness * period.slowdown)
            status = _outcome(citizen, stage, status)
            self._log.row(
                citizen.name,
                citizen.office,
                stage,
                (entered_s, started_s, started_s, self._env.now),
                self._slots.server_name(slot),
                status,
                period.version,
                period.phase,
            )
            entered_s = self._env.now
            done = status in END_OF_CENTRE
            if not done:
                # Asked for before the slot is given back: the oldest record goes on before a younger one begins.
                turn = self._slots.seize(priority=received_s)
            self._slots.release(slot)
            if done:
                break
        return status

    def _period(self) -> Period:
        return next(period for period in reversed(self._spec.periods) if period.start_s <= self._env.now)


def _outcome(citizen: Citizen, stage: Stage, status: Status) -> Status:
    if stage is Stage.MATCHING:
        found = citizen.duplicate_of is not None
        return move(status, Status.DUPLICATE_RECORD if found else Status.PRINT_READY_RECORD)
    if stage is Stage.PERSONALISATION:
        return move(status, Status.SENT_FOR_CARD_PRINTING)
    return status
