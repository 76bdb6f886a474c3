"""Processing: a record's way through the data centre, from the packet's receipt until its card can be printed.

Every record passes the stages one after the other, the oldest first, slower while the centre is upgraded.
"""

import math
from collections.abc import Generator

from simpy import Environment, Event

from model.arrivals import Citizen
from model.centre import CentreSpec, Delays, on_duty_at
from model.errands import NEEDS, offers
from model.events import EventLog
from model.offices import Zone, all_offices
from model.periods import Period, Timeline, gap_of
from model.processor_sharing import Processors
from model.scenario import Scenario
from model.servers import Kind, Record, Servers
from model.stages import CENTRAL_STAGES, END_OF_CENTRE, Stage, Status, move
from model.station import Station
from model.units import DAY_S
from model.work_time import Lognormal, WorkTime

BEHIND_S = 1e9
"""Added to the age of a record that nobody waits for, where such records go last."""


_DEVIATE_OF = {stage: place for place, stage in enumerate(CENTRAL_STAGES)} | {Stage.LOGIN: 0}
"""Which of a citizen's deviates says how heavy the record is in a stage."""
_NO_DEVIATION = (0.0,) * len(CENTRAL_STAGES)
"""Of a login, which always takes its mean."""


class Centre:
    """The centre at work in a simulation."""

    def __init__(self, env: Environment, spec: CentreSpec, log: EventLog) -> None:
        """Make a centre of `spec` that writes its visits to `log`."""
        self._env = env
        self._spec = spec
        self._log = log
        self._work = {
            stage: spec.work_of(stage) for stage in (Stage.LOGIN, Stage.SUBMISSION, *CENTRAL_STAGES, *spec.work)
        }
        self._notices = {
            stage: Lognormal(mean_s, spec.notice_variation.get(stage, 0.0))
            for stage, mean_s in spec.notice_s.items()
            if mean_s
        }
        self._gaps = {kind.name: Lognormal(kind.gap_s, kind.gap_variation) for kind in spec.servers if kind.gap_s}
        self._processors = Processors(env, spec.sharing)
        self._servers = [
            Servers(env, kind, on_duty_at(spec, kind, env.now), self._processors, self) for kind in spec.servers
        ]
        self._servers_of = {stage: servers for servers in self._servers for stage in servers.kind.stages}
        if not spec.kinds:
            self._servers_of[Stage.LOGIN] = self._servers[0]
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

    def log_in(self, office: str, operator: str) -> Generator[Event, object, None]:
        """Check the password of an office's operator: in turn with the records in a pool, else beside them."""
        now_s = self._env.now
        person = Citizen(operator, office, now_s, 0.0, None, _NO_DEVIATION)
        login = Record(
            person,
            now_s,
            Status.UNREGISTERED,
            iter(()),
            self._period(person),
            Event(self._env),
            None,
            now_s,
            Stage.LOGIN,
        )
        if Stage.LOGIN in self._servers_of:
            self._give(login).wake()
            yield login.done
            return
        # A hash is worked out beside everything else, on the same cores, however many there are of them.
        yield self._processors.service(self._work[Stage.LOGIN].mean_s)
        times_s = (now_s, now_s, now_s, self._env.now)
        self._row(person, Stage.LOGIN, times_s, "centre/web", Status.UNREGISTERED, login.period)

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
        return self._processors.service(
            self._work[stage].at(deviate) * (1.0 if math.isinf(slowdown) else slowdown), request=True
        )

    def process(self, citizen: Citizen, place: int | None = None) -> Generator[Event, object, tuple[Status, float]]:
        """Work on a received record until its card can be printed or it is refused.

        Returns its status and when that was decided: earlier than now, if others of its batch were still worked on.
        """
        now_s = self._env.now
        status, stages = self._way(citizen)
        rank_s = self._rank_s(citizen, now_s)
        following = iter(stages)
        record = Record(
            citizen, rank_s, status, following, self._period(citizen), Event(self._env), place, now_s, next(following)
        )
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
        notice = self._notices.get(record.stage)
        return 0.0 if notice is None else self._overhead_s(notice, self._servers_of[record.stage].kind, record)

    def gap_s(self, kind: Kind, record: Record) -> float:
        """See `Rules`."""
        gap = self._gaps.get(kind.name)
        return 0.0 if gap is None else self._overhead_s(gap, kind, record)

    def _overhead_s(self, overhead: WorkTime, kind: Kind, record: Record) -> float:
        slowdown = self._everybodys.at(self._env.now).slowdown_at(self._env.now, gap_of(kind.name))
        usual_s = overhead.at(record.citizen.claims[_DEVIATE_OF[record.stage]])
        return usual_s * (1.0 if math.isinf(slowdown) else slowdown)

    def begun(self, record: Record) -> None:
        """See `Rules`."""
        record.started_s, record.period = self._env.now, self._period(record.citizen)

    def work_s(self, record: Record) -> float:
        """See `Rules`."""
        stage = record.stage
        work_s = self._work[stage].at(record.citizen.work[_DEVIATE_OF[stage]])
        return work_s * record.period.slowdown_at(self._env.now, stage) * self._crowded(stage)

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
        ends = record.status in END_OF_CENTRE or record.stage is Stage.LOGIN
        if asks or ends:
            self._vacate(record.place)
            record.place = None
        if ends:
            record.done.succeed()
            return None
        record.stage = next(record.following)
        if asks:
            self._env.process(self._adjudicate(record))
            return None
        return self._give(record)

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
        if stage in (Stage.VALIDATION, Stage.LOGIN):
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
