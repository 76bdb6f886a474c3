"""The data centre: what it is built of and can do, from when to when. How records pass through it: processing.py.

Described by a scenario it is a pool: what limits a centre is its processors, so all stages share its slots. A measured
one is built as it was measured: servers of several kinds that claim batches and share cores.
"""

from collections.abc import Mapping
from typing import NamedTuple

from model.arrivals import national_peak_per_s
from model.full_server import Full, full_server
from model.offices import Zone
from model.periods import Period, Timeline, scheduled_periods, zone_periods
from model.processor_sharing import Sharing
from model.scenario import Scenario
from model.servers import Kind
from model.stages import CENTRAL_STAGES, Stage
from model.units import DAY_S, parse_clock_s
from model.upgrade import Plan
from model.work_time import Lognormal, WorkTime


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
    work: Mapping[Stage, WorkTime] = {}
    """The work of a service in a stage, where more is known of it than mean and variation; also of a hand-over's
    request, which takes no time otherwise."""
    notice_variation: Mapping[Stage, float] = {}
    """Coefficients of variation of the notices; none where it is not known."""
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
