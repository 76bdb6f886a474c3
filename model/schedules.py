"""Schedules to be compared: one scenario under several strategies, with the very same centre behind all of them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from model.centre import CentreSpec, national_centre
from model.nation import simulate
from model.offices import all_offices, evenly
from model.performance import PERFORMANCE
from model.run_measures import measure_run
from model.scenario import Scenario
from model.staffing import plan_offices
from model.strategies import combine


class Schedule(NamedTuple):
    """A scenario as a strategy changes it."""

    name: str
    """The strategies' names joined by "+"."""
    scenario: Scenario
    centre: CentreSpec


def schedule(base: Scenario, centre: CentreSpec, name: str) -> Schedule:
    """Apply the strategies of a name such as "evening-shift+upgrade-at-night" to a scenario.

    Raises:
        ValueError: there is no such strategy, or the scenario lacks what it changes.
    """
    return with_centre(name, combine(name.split("+"))(base), centre)


def with_centre(name: str, changed: Scenario, centre: CentreSpec) -> Schedule:
    """Put a changed scenario before a centre that can do what that of the scenario it comes from can.

    How long records take is not scaled anew: a schedule that flattens the peak must not be given a smaller centre. Of
    those whom the scenario lets in, and of its adjudicators, it gets the part that its slots are of the nation's.
    """
    own = national_centre(changed)
    part = centre.slots / own.slots
    played = own._replace(
        slots=centre.slots,
        submission_s=centre.submission_s,
        stage_s=centre.stage_s,
        login_s=centre.login_s,
        admitted=None if own.admitted is None else max(1, round(own.admitted * part)),
        adjudicators=math.ceil(own.adjudicators * part),
    )
    return Schedule(name, changed, played)


def replicate(schedule: Schedule, days: int, replication: int) -> dict[str, float]:
    """Simulate one replication of a schedule and return every performance measure by its name."""
    events = simulate(schedule.scenario, schedule.centre, days, replication)
    run = measure_run(events, schedule.scenario, plan_offices(schedule.scenario), days, schedule.centre.slots)
    return {name: measure.of(run) for name, measure in PERFORMANCE.items()}


def every_nth_office(scenario: Scenario, share: float) -> list[str]:
    """Return an even sample of a scenario's offices over their codes, thus over provinces and zones.

    Raises:
        ValueError: `share` is not between 0 and 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share of the offices is above 0 and at most 1, not {share:g}")
    codes = list(all_offices()) if scenario.offices.which == "all" else scenario.offices.which
    count = max(1, round(share * len(codes)))
    return evenly(codes, count)


def quick_look(scenario: Scenario, codes: Sequence[str]) -> tuple[Scenario, CentreSpec]:
    """Return the scenario in some of its offices, with the part of the centre that their citizens would have.

    Queues at the centre come out as in the nation, though coarser: slots are a whole number, and the working times
    make up for what is rounded.

    Raises:
        ValueError: an office that is unknown, or is not one of the scenario's.
    """
    everywhere = plan_offices(scenario)
    unknown = [code for code in codes if code not in everywhere]
    if unknown or not codes:
        raise ValueError(f"the scenario has no office {', '.join(unknown) or 'to play'}; codes are in model/data/")
    part = sum(everywhere[code].arrivals_per_day for code in codes) / scenario.demand.arrivals_per_day
    centre = national_centre(scenario)
    slots = max(1, round(centre.slots * part))
    slower = slots / (centre.slots * part)
    stage_s = {stage: mean_s * slower for stage, mean_s in centre.stage_s.items()}
    some = scenario.model_copy(update={"offices": scenario.offices.model_copy(update={"which": list(codes)})})
    return some, centre._replace(slots=slots, stage_s=stage_s, login_s=centre.login_s * slower)
