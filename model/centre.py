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
    """How many times longer a record takes than before the upgrade; infinity while the centre stands still."""


class CentreSpec(NamedTuple):
    """What the centre can do; times in scenario seconds."""

    slots: int
    """Records worked on at the same time."""
    submission_s: float
    """Mean time from sending a packet to its receipt."""
    stage_s: dict[Stage, float]
    """Mean working time of a record in each of `CENTRAL_STAGES`."""
    notice_s: dict[Stage, float]
    """Mean time until an idle slot notices a record that waits for a stage."""
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
        notice_s=dict.fromkeys(stage_s, 0.0),
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
        entered_s, period = self._env.now, self._period()
        slowdown = 1.0 if math.isinf(period.slowdown) else period.slowdown
        yield self._env.timeout(self._spec.submission_s * slowdown)
        times_s = (entered_s, entered_s, entered_s, self._env.now)
        self._row(citizen, Stage.SUBMISSION, times_s, "centre/web", Status.RECEIVED_AT_CENTRAL, period)

    def process(self, citizen: Citizen) -> Generator[Event, object, Status]:
        """Work on a received record until its card can be printed or it is refused; returns its status."""
        received_s = entered_s = self._env.now
        status = Status.RECEIVED_AT_CENTRAL
        turn: Event | None = None
        for stage, deviate in zip(CENTRAL_STAGES, citizen.work, strict=True):
            if turn is None:
                yield self._env.timeout(self._spec.notice_s[stage])
                turn = self._slots.seize(priority=received_s)
            slot = yield turn
            assert isinstance(slot, int)  # noqa: S101 - the centre never sends anybody home
            yield from self._stand_still()
            started_s, period = self._env.now, self._period()
            heaviness = math.exp(self._sigma * deviate - self._sigma**2 / 2)
            yield self._env.timeout(self._spec.stage_s[stage] * heaviness * period.slowdown)
            status = _outcome(citizen, stage, status)
            times_s = (entered_s, started_s, started_s, self._env.now)
            self._row(citizen, stage, times_s, self._slots.server_name(slot), status, period)
            entered_s = self._env.now
            done = status in END_OF_CENTRE
            # Asked for before the slot is given back: the oldest record goes on before a younger one begins.
            turn = self._slots.seize(priority=received_s) if self._slots.waiting and not done else None
            self._slots.release(slot)
            if done:
                break
        return status

    def _stand_still(self) -> Generator[Event, object, None]:
        """Wait while the centre stands still."""
        while math.isinf(self._period().slowdown):
            begins_s = min(period.start_s for period in self._spec.periods if period.start_s > self._env.now)
            yield self._env.timeout(begins_s - self._env.now)

    def _row(
        self,
        citizen: Citizen,
        stage: Stage,
        times_s: tuple[float, float, float, float],
        server: str,
        status: Status,
        period: Period,
    ) -> None:
        self._log.row(citizen.name, citizen.office, stage, times_s, server, status, period.version, period.phase)

    def _period(self) -> Period:
        return next(period for period in reversed(self._spec.periods) if period.start_s <= self._env.now)


def _outcome(citizen: Citizen, stage: Stage, status: Status) -> Status:
    if stage is Stage.MATCHING:
        found = citizen.duplicate_of is not None
        return move(status, Status.DUPLICATE_RECORD if found else Status.PRINT_READY_RECORD)
    if stage is Stage.PERSONALISATION:
        return move(status, Status.SENT_FOR_CARD_PRINTING)
    return status
