"""The data centre: servers that every record passes through stage by stage, slower while it is upgraded.

Described by a scenario it is a pool: what limits a centre is its processors, so all stages share its slots. A measured
one is built as it was measured: servers of several kinds that claim batches and share cores. Either way the oldest
record goes first.
"""

import math
from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from simpy import Environment, Event

from model.arrivals import Citizen, national_peak_per_s
from model.errands import NEEDS, offers
from model.events import EventLog
from model.full_server import Full, full_server
from model.offices import Zone, all_offices
from model.periods import Period, Timeline, gap_of, scheduled_periods, zone_periods
from model.processor_sharing import Processors, Sharing
from model.scenario import Scenario
from model.servers import Kind, Record, Servers
from model.stages import CENTRAL_STAGES, END_OF_CENTRE, Stage, Status, move
from model.station import Station
from model.units import DAY_S, parse_clock_s
from model.upgrade import Plan
from model.work_time import Lognormal, WorkTime

BEHIND_S = 1e9
"""Added to the age of a record that nobody waits for, where such records go last."""


class Delays(NamedTuple):
    """What offices wait for beside their requests, for the centre runs their printers; scenario seconds."""

    notice_s: float = 0.0
    """Until an idle printer begins with a card that the centre has made."""
    card_s: float = 0.0
    """What a printer takes longer for a card than its mechanics do."""
    tray_s: float = 0.0
    """Until a window can see a printed card."""
    look_s: float = 0.0
    """A window's look."""


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

    kinds: tuple[Kind, ...] = ()
    """Its kinds of servers, where it is built of more than slots that take every stage."""
    work: Mapping[Stage, WorkTime] = MappingProxyType({})
    """The work of a service in a stage, where more is known of it than mean and variation; also of a hand-over's
    request, which takes no time otherwise."""
    sharing: Sharing = Sharing()
    """How services under way slow each other."""
    delays: Delays = Delays()

    @property
    def servers(self) -> tuple[Kind, ...]:
        """Its kinds of servers; the slots of a pool are one kind."""
        return self.kinds or (Kind("slot", CENTRAL_STAGES, self.slots),)

    def work_of(self, stage: Stage) -> WorkTime:
        """Return the work of a service in a central stage, or of a submission."""
        if stage in self.work:
            return self.work[stage]
        if stage is Stage.SUBMISSION:
            return Lognormal(self.submission_s, 0.0)
        return Lognormal(self.stage_s[stage], self.variation)

    @property
    def full(self) -> Full:
        """How fast it is when work never runs out and nothing else slows it."""
        work_s = {stage: self.work_of(stage).mean_s for stage in (*CENTRAL_STAGES, *self.work)}
        return full_server(self.servers, work_s, self.sharing)

    @property
    def capacity_per_s(self) -> float:
        """Records a second that it can sustain then."""
        return self.full.per_s


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
    )


class Centre:
    """The centre at work in a simulation."""

    def __init__(self, env: Environment, spec: CentreSpec, log: EventLog) -> None:
        """Make a centre of `spec` that writes its visits to `log`."""
        self._env = env
        self._spec = spec
        self._log = log
        self._work = {stage: spec.work_of(stage) for stage in (Stage.SUBMISSION, *CENTRAL_STAGES, *spec.work)}
        self._processors = Processors(env, spec.sharing)
        self._servers = [
            Servers(env, kind, on_duty_at(spec, kind, env.now), self._processors, self) for kind in spec.servers
        ]
        self._servers_of = {stage: servers for servers in self._servers for stage in servers.kind.stages}
        self._places = None if spec.admitted is None else Station(env, "centre/place", spec.admitted)
        self._adjudicators = Station(env, "centre/adjudicator", spec.adjudicators, on_duty=0)
        by_zone = spec.by_zone or dict.fromkeys(Zone, spec.periods)
        timelines = {zone: Timeline(periods) for zone, periods in by_zone.items()}
        self._timelines = {code: timelines[office.zone] for code, office in all_offices().items()}
        self._everybodys = Timeline(spec.periods)

    def staff_slots(self, days: int) -> Generator[Event, object, None]:
        """Give and take servers as others use them and the upgrade takes its share, until the last day is over."""
        starts_s = [period.start_s for period in self._spec.periods]
        steps_s = [day * DAY_S + time_s for day in range(-1, days + 1) for time_s, _ in self._spec.background]
        for moment_s in sorted({*starts_s, *steps_s}):
            if moment_s > self._env.now:
                yield self._env.timeout(moment_s - self._env.now)
                for servers in self._servers:
                    servers.staff(on_duty_at(self._spec, servers.kind, moment_s))

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
        period = self._period(citizen)
        yield self._request(citizen, Stage.SUBMISSION, citizen.requests[0])
        times_s = (ready_s, sent_s, sent_s, self._env.now)
        self._row(citizen, Stage.SUBMISSION, times_s, "centre/web", Status.RECEIVED_AT_CENTRAL, period)

    @property
    def delays(self) -> Delays:
        """What offices wait for beside their requests."""
        return self._spec.delays

    @property
    def hands_over_at_once(self) -> bool:
        """Whether it takes no time to tell the centre that a card was handed over."""
        return Stage.HANDOVER not in self._work

    def hand_over(self, citizen: Citizen) -> Event:
        """Tell the centre that a citizen is given the card; happens when it has answered."""
        return self._request(citizen, Stage.HANDOVER, citizen.requests[1])

    def _request(self, citizen: Citizen, stage: Stage, deviate: float) -> Event:
        """Ask the web server, which answers while the centre stands still too."""
        slowdown = self._period(citizen).slowdown_at(self._env.now, stage)
        return self._processors.request(self._work[stage].at(deviate) * (1.0 if math.isinf(slowdown) else slowdown))

    def process(self, citizen: Citizen, place: int | None = None) -> Generator[Event, object, tuple[Status, float]]:
        """Work on a received record until its card can be printed or it is refused.

        Returns its status and when that was decided: earlier than now, if others of its batch were still worked on.
        """
        now_s = self._env.now
        status, stages = self._way(citizen)
        rank_s = self._rank_s(citizen, now_s)
        record = Record(citizen, rank_s, status, stages, self._period(citizen), Event(self._env), place, now_s)
        self._give(record).wake()
        yield record.done
        return record.status, record.finished_s

    def _give(self, record: Record) -> Servers:
        return self._servers_of[record.stage].give(record)

    # What the servers ask and tell (`servers.Rules`)

    def still_until_s(self, record: Record) -> float | None:
        """See `Rules`: others may go on while the centre stands still for the record's office."""
        timeline = self._timelines[record.citizen.office]
        if not math.isinf(timeline.at(self._env.now).slowdown):
            return None
        return timeline.next_start_s(self._env.now)

    def notice_s(self, record: Record) -> float:
        """See `Rules`: a commit and a claim are in it, so it is slowed as they are."""
        notice_s = self._spec.notice_s.get(record.stage, 0.0)
        return notice_s and notice_s * self._slowdown(gap_of(self._servers_of[record.stage].kind.name))

    def gap_s(self, kind: Kind) -> float:
        """See `Rules`."""
        return kind.gap_s and kind.gap_s * self._slowdown(gap_of(kind.name))

    def begun(self, record: Record) -> None:
        """See `Rules`."""
        record.started_s, record.period = self._env.now, self._period(record.citizen)

    def work_s(self, record: Record) -> float:
        """See `Rules`."""
        work_s = self._work[record.stage].at(record.citizen.work[CENTRAL_STAGES.index(record.stage)])
        return work_s * record.period.slowdown_at(self._env.now, record.stage) * self._crowded(record.stage)

    def heaviness(self, record: Record) -> float:
        """See `Rules`."""
        return self.work_s(record) / self._work[record.stage].mean_s

    def finished(self, record: Record, server: str) -> Servers | None:
        """See `Rules`."""
        record.status = self._outcome(record.citizen, record.stage, record.status)
        times_s = (record.entered_s, record.claimed_s, record.started_s, record.finished_s)
        self._row(record.citizen, record.stage, times_s, server, record.status, record.period)
        record.entered_s = record.finished_s
        asks = record.status is Status.ADJUDICATE_RECORD
        ends = record.status in END_OF_CENTRE
        if asks or ends:
            self._vacate(record.place)
            record.place = None
        if ends:
            record.done.succeed()
            return None
        record.step += 1
        if asks:
            self._env.process(self._adjudicate(record))
            return None
        return self._give(record)

    def _slowdown(self, what: str) -> float:
        """How many times longer something takes now that is no single record's."""
        slowdown = self._everybodys.at(self._env.now).slowdown_at(self._env.now, what)
        return 1.0 if math.isinf(slowdown) else slowdown

    def _crowded(self, stage: Stage) -> float:
        if not self._spec.crowding:
            return 1.0
        servers = self._servers_of[stage]
        return 1.0 + self._spec.crowding * servers.waiting / servers.kind.servers

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

    def _adjudicate(self, record: Record) -> Generator[Event, object, None]:
        """Let a person decide, who finds that it is somebody else."""
        adjudicator = yield self._adjudicators.seize()
        assert isinstance(adjudicator, int)  # noqa: S101 - records are never sent home
        yield self._env.timeout(record.citizen.decision_s)
        self._adjudicators.release(adjudicator)
        record.entered_s = self._env.now
        self._give(record).wake()

    def _rank_s(self, citizen: Citizen, since_s: float) -> float:
        return since_s + (BEHIND_S if self._spec.waiting_first and not citizen.waits else 0.0)

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


def on_duty_at(spec: CentreSpec, kind: Kind, moment_s: float) -> int:
    """Return how many servers of a kind are left when others use theirs and the upgrade has its share.

    With `waiting_first` others use what citizens leave free, which costs citizens nothing.
    """
    time_s = moment_s % DAY_S
    # Before the first step of the day, the last one of the day before holds.
    shares = (
        [share for step_s, share in spec.background if step_s <= time_s] or [s for _, s in spec.background] or [0.0]
    )
    others = 0.0 if spec.waiting_first else shares[-1]
    lost = Timeline(spec.periods).at(moment_s).lost
    return max(1, round(kind.servers * (1.0 - others) * (1.0 - lost)))
