"""The nation at work: all offices of a scenario and the one centre they share, simulated day after day."""

from collections.abc import Callable, Generator

import polars as pl
from simpy import Environment, Event

from model.arrivals import absent_of, citizens_of
from model.centre import CentreSpec
from model.events import EventLog, Source
from model.office import Office
from model.office_days import horizon_s
from model.processing import Centre
from model.scenario import Scenario
from model.staffing import office_midnight_s, plan_offices
from model.units import HOUR_S


def simulate(
    scenario: Scenario,
    centre: CentreSpec,
    days: int,
    replication: int = 0,
    progress: Callable[[float], None] | None = None,
    work_replication: int | None = None,
) -> pl.DataFrame:
    """Simulate the scenario's offices for a number of days and return every finished visit as a StageEvent.

    The same scenario, centre and replication give the same events bit for bit. The simulation ends with the last
    day's last evening shift; who has no card by then has no hand-over.

    Args:
        scenario: which offices, citizens and shifts.
        centre: what the centre can do, times in scenario seconds.
        days: how many days from the scenario's start.
        replication: which of the independent repetitions.
        progress: is told the share of the simulated time that is done, once a simulated hour.
        work_replication: takes how heavy records are for the centre from that repetition: the same citizens on a day
            on which only the centre's chance is another.
    """
    env = Environment()
    log = EventLog(Source.SIMULATION)
    the_centre = Centre(env, centre, log)
    env.process(the_centre.staff_slots(days))
    env.process(the_centre.staff_adjudicators(scenario, days))
    plans = plan_offices(scenario)
    for plan in plans.values():
        office = Office(env, scenario, plan, the_centre, log)
        office.open(days, replication)
        env.process(_send_citizens(env, scenario, office, days, (replication, work_replication)))
    end_s = horizon_s(scenario, plans, days)
    for hour in range(1, int(end_s // HOUR_S) + 1):
        env.run(until=hour * HOUR_S)
        if progress:
            progress(env.now / end_s)
    # A moment later, so that what happens at the very end still happens.
    env.run(until=end_s + 1e-6)
    if progress:
        progress(1.0)
    return log.frame()


def _send_citizens(
    env: Environment, scenario: Scenario, office: Office, days: int, replications: tuple[int, int | None]
) -> Generator[Event, object, None]:
    """Let an office's citizens come, day after day: those of a month at once would fill the memory."""
    plan, (replication, work_replication) = office.plan, replications
    for day in range(days):
        yield env.timeout(max(0.0, office_midnight_s(scenario, plan.office, day) - env.now))
        env.process(office.admit(citizens_of(scenario, plan, day, replication, work_replication)))
        if plan.batch_per_day:
            env.process(office.print_for_absent(absent_of(scenario, plan, day, replication)))
