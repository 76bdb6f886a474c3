"""The data centre: a number of slots that every record passes through stage by stage, slower while it is upgraded.

What limits a centre is its processors, so all stages share the slots, and the oldest record goes first.
"""

import math
from collections.abc import Generator
from typing import NamedTuple

from simpy import Environment, Event

from model.arrivals import Citizen, national_peak_per_s
from model.errands import NEEDS, offers
from model.events import EventLog
from model.offices import Zone, all_offices
from model.periods import Period, Timeline, scheduled_periods, zone_periods
from model.scenario import Scenario
from model.stages import CENTRAL_STAGES, END_OF_CENTRE, Stage, Status, move
from model.station import Station
from model.units import DAY_S, parse_clock_s
from model.upgrade import Plan

BEHIND_S = 1e9
"""Added to the age of a record that nobody waits for, where such records go last."""


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
    by_zone: dict[Zone, tuple[Period, ...]] | None = None
    """The periods of each zone's records, where they differ."""
    background: tuple[tuple[float, float], ...] = ()
    """Share of the slots that others use: (seconds since the start's midnight, share from then on), every day."""
    crowding: float = 0.0
    """How much longer a record takes for every `slots` others that wait."""
    admitted: int | None = None
    """Most records inside at a time; None for all."""
    waiting_first: bool = False
    """Whether records of citizens who wait go first."""
    adjudicators: int = 0
    """People who decide on similar persons; with none, the matcher decides alone."""
    login_s: float = 0.0
    """Working time of an operator's login."""

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
        by_zone=zone_periods(scenario) if scenario.upgrade and scenario.upgrade.plan is Plan.ROLLING else None,
        background=tuple((parse_clock_s(time), share) for time, share in centre.background.items()),
        crowding=centre.crowding,
        admitted=centre.admitted,
        waiting_first=centre.waiting_first,
        adjudicators=centre.adjudication.people if centre.adjudication else 0,
        login_s=(centre.login_s or 0.0) * scale,
    )


class Centre:
    """The centre at work in a simulation."""

    def __init__(self, env: Environment, spec: CentreSpec, log: EventLog) -> None:
        """Make a centre of `spec` that writes its visits to `log`."""
        self._env = env
        self._spec = spec
        self._log = log
        self._slots = Station(env, "centre/slot", spec.slots, on_duty=slots_at(spec, env.now))
        self._places = None if spec.admitted is None else Station(env, "centre/place", spec.admitted)
        self._adjudicators = Station(env, "centre/adjudicator", spec.adjudicators, on_duty=0)
        # A lognormal of mean one: exp(sigma z - sigma^2/2), sigma^2 = ln(1 + cv^2).
        self._sigma = math.sqrt(math.log1p(spec.variation**2))
        by_zone = spec.by_zone or dict.fromkeys(Zone, spec.periods)
        timelines = {zone: Timeline(periods) for zone, periods in by_zone.items()}
        self._timelines = {code: timelines[office.zone] for code, office in all_offices().items()}

    def staff_slots(self, days: int) -> Generator[Event, object, None]:
        """Give and take slots as others use them and the upgrade takes its share, until the last day is over."""
        starts_s = [period.start_s for period in self._spec.periods]
        steps_s = [day * DAY_S + time_s for day in range(-1, days + 1) for time_s, _ in self._spec.background]
        for moment_s in sorted({*starts_s, *steps_s}):
            if moment_s > self._env.now:
                yield self._env.timeout(moment_s - self._env.now)
                self._slots.staff(slots_at(self._spec, moment_s))

    def staff_adjudicators(self, scenario: Scenario, days: int) -> Generator[Event, object, None]:
        """Let the adjudicators come and go by their hours, on days on which the offices are open."""
        adjudication = scenario.centre.adjudication
        if adjudication is None:
            return
        hours = adjudication.hours
        for day in range(days):
            if scenario.scenario.weekday(day) in scenario.offices.closed_on:
                continue
            for time_s, people in ((hours.start_s, self._spec.adjudicators), (hours.end_s, 0)):
                yield self._env.timeout(max(0.0, day * DAY_S + time_s - self._env.now))
                self._adjudicators.staff(people)

    def offers(self, citizen: Citizen) -> bool:
        """Tell whether the version that the citizen's office works with now offers what the citizen comes for."""
        return offers(self._period(citizen).version, citizen.errand)

    def log_in(self, office: str, operator: str) -> Generator[Event, object, None]:
        """Check the password of an office's operator, which takes a slot; the oldest login or record goes first."""
        asked_s = self._env.now
        slot = yield self._slots.seize(asked_s)
        assert isinstance(slot, int)  # noqa: S101 - the centre never sends anybody home
        started_s, period = self._env.now, self._timelines[office].at(self._env.now)
        slowdown = 1.0 if math.isinf(period.slowdown) else period.slowdown_at(started_s)
        yield self._env.timeout(self._spec.login_s * slowdown)
        self._slots.release(slot)
        times_s, name = (asked_s, started_s, started_s, self._env.now), self._slots.server_name(slot)
        row = (operator, office, Stage.LOGIN, times_s, name, Status.UNREGISTERED)
        self._log.row(*row, period.version, period.phase)

    @property
    def has_room(self) -> bool:
        """Whether a packet that is sent now would be let in at once."""
        return self._places is None or self._places.free

    def enter(self, citizen: Citizen) -> Generator[Event, object, int | None]:
        """Wait to be let in; returns the number of the place inside, None where places are not counted."""
        if self._places is None:
            return None
        place = yield self._places.seize(self._rank_s(citizen, self._env.now))
        assert isinstance(place, int)  # noqa: S101 - the centre never sends anybody home
        return place

    def receive(self, citizen: Citizen, ready_s: float, sent_s: float) -> Generator[Event, object, None]:
        """Take in a packet that was ready and begun to be sent at these moments, and acknowledge it."""
        period, now_s = self._period(citizen), self._env.now
        slowdown = 1.0 if math.isinf(period.slowdown) else period.slowdown_at(now_s)
        yield self._env.timeout(self._spec.submission_s * slowdown)
        times_s = (ready_s, sent_s, sent_s, self._env.now)
        self._row(citizen, Stage.SUBMISSION, times_s, "centre/web", Status.RECEIVED_AT_CENTRAL, period)

    def process(self, citizen: Citizen, place: int | None = None) -> Generator[Event, object, Status]:
        """Work on a received record until its card can be printed or it is refused; returns its status."""
        received_s = entered_s = self._env.now
        rank_s = self._rank_s(citizen, received_s)
        status, stages = self._way(citizen)
        work = dict(zip(CENTRAL_STAGES, citizen.work, strict=True))
        turn: Event | None = None
        for stage in stages:
            if turn is None:
                if self._spec.notice_s[stage]:
                    yield self._env.timeout(self._spec.notice_s[stage])
                turn = self._slots.seize(rank_s)
            slot = yield from self._take_slot(citizen, turn, rank_s)
            started_s, period = self._env.now, self._period(citizen)
            yield self._env.timeout(self._working_s(stage, work[stage], period))
            status = self._outcome(citizen, stage, status)
            times_s = (entered_s, started_s, started_s, self._env.now)
            self._row(citizen, stage, times_s, self._slots.server_name(slot), status, period)
            entered_s = self._env.now
            leaves = status in END_OF_CENTRE or status is Status.ADJUDICATE_RECORD
            # Asked for before the slot is given back: the oldest record goes on before a younger one begins.
            turn = self._slots.seize(rank_s) if self._slots.waiting and not leaves else None
            self._slots.release(slot)
            if leaves:
                self._vacate(place)
                place = None
            if status in END_OF_CENTRE:
                break
            if status is Status.ADJUDICATE_RECORD:
                yield from self._adjudicate(citizen)
                entered_s = self._env.now
        return status

    def _vacate(self, place: int | None) -> None:
        if place is not None and self._places is not None:
            self._places.release(place)

    def _way(self, citizen: Citizen) -> tuple[Status, tuple[Stage, ...]]:
        """How a received record stands, and the stages before it; who resembles somebody is matched twice."""
        needs = NEEDS[citizen.errand]
        if not needs.capture:
            return move(Status.RECEIVED_AT_CENTRAL, Status.PRINT_READY_RECORD), needs.stages
        if not self._similar(citizen):
            return Status.RECEIVED_AT_CENTRAL, needs.stages
        matching = needs.stages.index(Stage.MATCHING)
        return Status.RECEIVED_AT_CENTRAL, (*needs.stages[:matching], Stage.MATCHING, *needs.stages[matching:])

    def _outcome(self, citizen: Citizen, stage: Stage, status: Status) -> Status:
        """The status in which a stage leaves a record; `status` is the one in which it found it."""
        if stage is Stage.PERSONALISATION:
            return move(status, Status.SENT_FOR_CARD_PRINTING)
        if stage is Stage.VALIDATION:
            return status
        if citizen.duplicate_of is not None:
            return move(status, Status.DUPLICATE_RECORD)
        asks = self._similar(citizen) and status is Status.RECEIVED_AT_CENTRAL
        return move(status, Status.ADJUDICATE_RECORD if asks else Status.PRINT_READY_RECORD)

    def _similar(self, citizen: Citizen) -> bool:
        return citizen.decision_s > 0 and citizen.duplicate_of is None and self._spec.adjudicators > 0

    def _adjudicate(self, citizen: Citizen) -> Generator[Event, object, None]:
        """Let a person decide, who finds that it is somebody else."""
        adjudicator = yield self._adjudicators.seize()
        assert isinstance(adjudicator, int)  # noqa: S101 - records are never sent home
        yield self._env.timeout(citizen.decision_s)
        self._adjudicators.release(adjudicator)

    def _working_s(self, stage: Stage, deviate: float, period: Period) -> float:
        heaviness = math.exp(self._sigma * deviate - self._sigma**2 / 2)
        crowded = 1.0 + self._spec.crowding * self._slots.waiting / self._spec.slots
        return self._spec.stage_s[stage] * heaviness * period.slowdown_at(self._env.now) * crowded

    def _rank_s(self, citizen: Citizen, since_s: float) -> float:
        return since_s + (BEHIND_S if self._spec.waiting_first and not citizen.waits else 0.0)

    def _take_slot(self, citizen: Citizen, turn: Event, rank_s: float) -> Generator[Event, object, int]:
        """Wait for a slot, but hold none while the centre stands still for the citizen's office: others may go on."""
        timeline = self._timelines[citizen.office]
        while True:
            slot = yield turn
            assert isinstance(slot, int)  # noqa: S101 - the centre never sends anybody home
            if not math.isinf(timeline.at(self._env.now).slowdown):
                return slot
            self._slots.release(slot)
            yield self._env.timeout(timeline.next_start_s(self._env.now) - self._env.now)
            turn = self._slots.seize(rank_s)

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

    def _period(self, citizen: Citizen) -> Period:
        return self._timelines[citizen.office].at(self._env.now)


def slots_at(spec: CentreSpec, moment_s: float) -> int:
    """Return how many slots are left for citizens' records when others use theirs and the upgrade has its share.

    With `waiting_first` others use what citizens leave free, which costs citizens nothing.
    """
    time_s = moment_s % DAY_S
    # Before the first step of the day, the last one of the day before holds.
    shares = (
        [share for step_s, share in spec.background if step_s <= time_s] or [s for _, s in spec.background] or [0.0]
    )
    others = 0.0 if spec.waiting_first else shares[-1]
    lost = Timeline(spec.periods).at(moment_s).lost
    return max(1, round(spec.slots * (1.0 - others) * (1.0 - lost)))
